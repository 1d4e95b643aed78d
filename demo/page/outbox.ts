/**
 * What one has written and the server has not yet confirmed, in order, one under way at a time.
 *
 * A message leaves the outbox when the server has answered: taken, or refused for good. Whatever happens in between
 * (the line lost, the answer lost, the page reloaded) it is sent again under the same id, by which the server knows it.
 */
import type { Bytes, Draft, Message, Refusal } from '../events.ts';

export interface Unsent {
  readonly draft: Draft;
  readonly image: Bytes | null;
  state: 'waiting' | 'sending' | 'refused';
  /** Why the server refused it. */
  why?: string;
}

export interface OutboxOwner {
  /** Sends one. Rejects where no answer came. */
  send(unsent: Unsent): Promise<{ readonly ok: true; readonly message: Message } | Refusal>;
  /** Is there a line to send on? */
  isOpen(): boolean;
  /** The server has taken it, and this is what became of it. */
  taken(message: Message, unsent: Unsent): void;
  /** A message came, went, or is in another state. */
  changed(): void;
}

/** After no answer came, although the line seems to stand. */
const RETRY_AFTER_MS = 1_000;

export class Outbox {
  readonly waiting: Unsent[] = [];
  private readonly owner: OutboxOwner;
  private isBusy = false;

  constructor(owner: OutboxOwner) {
    this.owner = owner;
  }

  add(draft: Draft, image: Bytes | null): void {
    this.waiting.push({ draft, image, state: 'waiting' });
    this.owner.changed();
    void this.run();
  }

  /** Sends again what the server had refused. */
  retry(unsent: Unsent): void {
    unsent.state = 'waiting';
    delete unsent.why;
    this.owner.changed();
    void this.run();
  }

  discard(unsent: Unsent): void {
    this.remove(unsent);
    this.owner.changed();
  }

  /** Sends what waits, one after the other. To be called when the line is there (again); harmless at any time. */
  async run(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const pauseMs = await this.attempt(next);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.isBusy = false;
  }

  private next(): Unsent | undefined {
    return this.owner.isOpen() ? this.waiting.find(({ state }) => state !== 'refused') : undefined;
  }

  /** Tries one, and returns how many ms to wait before the next. */
  private async attempt(unsent: Unsent): Promise<number> {
    unsent.state = 'sending';
    this.owner.changed();
    const answer = await this.owner.send(unsent).catch(() => undefined);
    let pauseMs = 0;
    if (answer === undefined) {
      unsent.state = 'waiting';
      pauseMs = RETRY_AFTER_MS;
    } else if (answer.ok) {
      this.remove(unsent);
      this.owner.taken(answer.message, unsent);
    } else if (answer.retryInMs !== undefined) {
      unsent.state = 'waiting';
      pauseMs = answer.retryInMs;
    } else {
      unsent.state = 'refused';
      unsent.why = answer.why;
    }
    this.owner.changed();
    return pauseMs;
  }

  private remove(unsent: Unsent): void {
    const at = this.waiting.indexOf(unsent);
    if (at >= 0) this.waiting.splice(at, 1);
  }
}
