/** How often someone may do something: so many at once, and so many more each second. A bucket of tokens, that is. */
export class Allowance {
  private tokens: number;
  private filledAt: number;
  private readonly burst: number;
  private readonly perSecond: number;
  private readonly now: () => number;

  /** @param now - ms on a clock that never runs backwards */
  constructor(burst: number, perSecond: number, now: () => number = () => performance.now()) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.now = now;
    this.tokens = burst;
    this.filledAt = now();
  }

  /** Takes one and returns 0, or takes none and returns after how many ms there is one. */
  take(): number {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filledAt) / 1000) * this.perSecond);
    this.filledAt = now;
    if (this.tokens < 1) return Math.ceil(((1 - this.tokens) / this.perSecond) * 1000);
    this.tokens -= 1;
    return 0;
  }
}
