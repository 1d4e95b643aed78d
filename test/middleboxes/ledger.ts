/** A ledger of numbered messages that go one way: which arrived, how often, in which order, and which were answered. */
export class Ledger {
  /** Messages that came before one which was sent earlier. */
  outOfOrder = 0;
  readonly size: number;
  private readonly arrivals: Uint8Array;
  private readonly answers: Uint8Array;
  private highest = -1;
  private open: number;

  constructor(size: number) {
    this.size = size;
    this.arrivals = new Uint8Array(size);
    this.answers = new Uint8Array(size);
    this.open = 2 * size;
  }

  arrived(number: number): void {
    const times = (this.arrivals[number] ?? 0) + 1;
    this.arrivals[number] = times;
    if (times > 1) return;
    this.open -= 1;
    if (number < this.highest) this.outOfOrder += 1;
    else this.highest = number;
  }

  /** The message was answered with `answer`: its own number, where all is well. */
  answered(number: number, answer: unknown): void {
    if (answer !== number) return;
    const times = (this.answers[number] ?? 0) + 1;
    this.answers[number] = times;
    if (times === 1) this.open -= 1;
  }

  /** Every message has arrived and was answered. */
  get isComplete(): boolean {
    return this.open === 0;
  }

  get verdict(): Verdict {
    return {
      lost: this.arrivals.filter((times) => times === 0).length,
      twice: this.arrivals.filter((times) => times > 1).length,
      outOfOrder: this.outOfOrder,
      acksMissing: this.answers.filter((times) => times === 0).length,
      acksTwice: this.answers.filter((times) => times > 1).length,
    };
  }
}

/** How many messages fared badly, one way. */
export interface Verdict {
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
  readonly acksMissing: number;
  readonly acksTwice: number;
}

export const flawless: Verdict = { lost: 0, twice: 0, outOfOrder: 0, acksMissing: 0, acksTwice: 0 };
