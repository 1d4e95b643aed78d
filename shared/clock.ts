/** Time as protocol code sees it: handed in, never reached for, so that a simulation can turn it. */
export interface Clock {
  /** Milliseconds on a scale of the clock's own that never runs backwards. */
  now(): number;
  /** Calls `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Timer;
}

/** A clock on which many of a kind wait. */
export interface SharedClock extends Clock {
  /** As {@link Clock.after}; `task` is told whose it is, so that not each of them needs a function of its own. */
  afterFor<Owner>(delayMs: number, task: (owner: Owner) => void, owner: Owner): Timer;
}

/** A task that waits for its time. */
export interface Timer {
  /** Harmless after the task ran, or twice. */
  cancel(): void;
}
