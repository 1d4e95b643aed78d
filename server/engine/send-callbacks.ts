/** The callbacks that `send` was given with messages of a session. */
import type { SendCallback } from './session.ts';
import type { Transport } from './transport.ts';

/** The line, as its callbacks see it. */
interface Carried {
  /** What carries the session, or carried it last. */
  readonly transport: Transport;
}

export class SendCallbacks {
  private readonly line: Carried;
  /** Of messages that wait. */
  private waiting: SendCallback[] = [];
  /** Of messages that have left in this turn. */
  private sent: SendCallback[] = [];

  constructor(line: Carried) {
    this.line = line;
  }

  add(done: SendCallback): void {
    this.waiting.push(done);
  }

  /** All messages have left. */
  drained(): void {
    const { waiting } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    if (this.sent.length > 0) this.sent.push(...waiting);
    else {
      this.sent = waiting;
      // Not within `send`, or who sends the next message from the callback of the last would go ever deeper; and not
      // before what was sent in this turn is with the network.
      setImmediate(() => this.tell());
    }
  }

  /** No more messages leave. */
  end(): void {
    this.waiting = [];
    this.tell();
  }

  private tell(): void {
    const { sent } = this;
    this.sent = [];
    for (const done of sent) done(this.line.transport);
  }
}
