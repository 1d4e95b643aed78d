/** When to connect again. */
import { backoffMs } from '../engine/backoff.ts';

/** What the waits depend on, asked before each. */
interface Settings {
  reconnectionDelay(): number;
  reconnectionDelayMax(): number;
  randomizationFactor(): number;
}

/** The waits between the attempts of one connection. */
export class Backoff {
  /** How many waits there were since the last `reset`. */
  attempts = 0;
  private readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** How long to wait before the next attempt (ms). */
  duration(): number {
    const { settings } = this;
    return backoffMs(
      settings.reconnectionDelay(),
      settings.reconnectionDelayMax(),
      settings.randomizationFactor(),
      this.attempts++,
      Math.random(),
    );
  }

  /** The next attempt is the first. */
  reset(): void {
    this.attempts = 0;
  }
}
