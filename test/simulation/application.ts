/**
 * What runs on both ends of a simulated session: sends counted messages and keeps book of what arrives.
 *
 * A message is `name:number`, sometimes as bytes. The name is drawn for each session anew, so a message that strays into the
 * wrong session is seen as well.
 */
import type { Random } from './random.ts';

/** One end's session as the application has it. */
export interface Conversation {
  send(data: string | Uint8Array): void;
}

/** What went wrong, in a sentence. */
export type Violation = string;

export class Application {
  /** The numbers of messages sent so far, and received so far. */
  sent = 0;
  received = 0;
  isClosed = false;
  private readonly who: string;
  private readonly chance: Random;
  private readonly violate: (what: Violation) => void;
  private readonly conversation: Conversation;
  private name: string | undefined;

  constructor(who: string, chance: Random, conversation: Conversation, violate: (what: Violation) => void) {
    this.who = who;
    this.chance = chance;
    this.conversation = conversation;
    this.violate = violate;
  }

  /** Sends the next message. @param name - the session's, the same for each of its messages */
  say(name: string): void {
    const text = `${name}:${++this.sent}`;
    this.conversation.send(this.chance.chance(0.1) ? Buffer.from(text) : text);
  }

  hear(data: unknown): void {
    const text = typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer).toString();
    if (this.isClosed) return this.violate(`${this.who} got ${text} after the end`);
    const [name, number] = text.split(':');
    this.name ??= name;
    if (name !== this.name) this.violate(`${this.who} got ${text} in session ${this.name}`);
    const expected = this.received + 1;
    if (Number(number) !== expected) this.violate(`${this.who} got ${text} instead of number ${expected}`);
    this.received = Math.max(this.received, Number(number));
  }

  close(): void {
    if (this.isClosed) this.violate(`${this.who} was closed twice`);
    this.isClosed = true;
  }
}
