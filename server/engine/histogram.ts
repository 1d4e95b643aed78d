/** How values spread: counted by upper bounds, as Prometheus has it. */

/** A snapshot of one. */
export interface Histogram {
  /** How many values there were. */
  readonly count: number;
  /** All of them together, in their unit. */
  readonly sum: number;
  /** How many were at most as large as each bound, `+Inf` the last: `{ '0.01': 3, '0.02': 5, …, '+Inf': 9 }`. */
  readonly buckets: Readonly<Record<string, number>>;
}

export class Distribution {
  private readonly bounds: readonly number[];
  /** How many values fell between each bound and the one before it; those beyond the last stand at the end. */
  private readonly counts: number[];
  private sum = 0;

  /** @param bounds - in ascending order */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    const at = this.bounds.findIndex((bound) => value <= bound);
    this.counts[at < 0 ? this.bounds.length : at]!++;
    this.sum += value;
  }

  snapshot(): Histogram {
    let count = 0;
    const buckets: Record<string, number> = {};
    this.counts.forEach((here, index) => {
      count += here;
      buckets[nameOf(this.bounds[index])] = count;
    });
    return { count, sum: this.sum, buckets };
  }
}

/** With a point in each: an object would have whole numbers before all others. */
function nameOf(bound: number | undefined): string {
  if (bound === undefined) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
