/** Time as protocol code sees it: handed in, never reached for, so that a simulation can turn it. */
export interface Clock {
  /** Milliseconds on a scale of the clock's own that never runs backwards. */
  now(): number;
  /** Calls `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Timer;
}

/** A task that waits for its time. */
export interface Timer {
  /** Harmless after the task ran, or twice. */
  cancel(): void;
}
