/** What the page knows of one room that it is in: its last messages, in order and without gaps, and what was missed. */
import { limits } from '../limits.ts';
import type { Entered, Message, People, Seen } from '../events.ts';

/** What became of a message: it is the next one, it was known, or one before it is missing. */
type Fate = 'next' | 'known' | 'gap';

export class RoomLog {
  readonly name: string;
  messages: Message[] = [];
  unread = 0;
  people: People | undefined;
  private epoch = '';
  private lastSeq = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** What to tell the server when entering again, so that it sends only what came since. */
  get seen(): Seen | null {
    return this.epoch === '' ? null : { epoch: this.epoch, seq: this.lastSeq };
  }

  /** Takes the answer to entering; returns what was new in it. */
  entered(answer: Entered): readonly Message[] {
    if (answer.afresh) {
      this.messages = [];
      this.lastSeq = (answer.messages[0]?.seq ?? 1) - 1;
    }
    this.epoch = answer.epoch;
    return answer.messages.filter((message) => this.take(message) === 'next');
  }

  take(message: Message): Fate {
    if (message.seq <= this.lastSeq) return 'known';
    if (message.seq > this.lastSeq + 1) return 'gap';
    this.lastSeq = message.seq;
    this.messages.push(message);
    if (this.messages.length > limits.history) this.messages.shift();
    return 'next';
  }
}
