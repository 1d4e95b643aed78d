/**
 * Lets the events of a socket wait for their schemas, in the order in which they came: one whose schema takes its time holds
 * back those behind it.
 */
import type { Validators } from './validators.ts';

/** The socket, as its checks see it. */
export interface CheckedSocket<Event> {
  /** Takes an event that fits. */
  accept(event: Event): void;
  /** A schema threw or rejected. */
  checkFailed(error: unknown, event: Event): void;
}

export class OrderedChecks<Event extends unknown[]> {
  private readonly validators: Validators;
  private readonly socket: CheckedSocket<Event>;
  /** Settles when the last event that waits has been decided on. */
  private last: Promise<void> | undefined = undefined;

  constructor(validators: Validators, socket: CheckedSocket<Event>) {
    this.validators = validators;
    this.socket = socket;
  }

  take(event: Event): void {
    if (this.last !== undefined) {
      this.wait(
        this.last.then(() => this.validators.check(event)),
        event,
      );
      return;
    }
    try {
      const fits = this.validators.check(event);
      if (fits === true) this.socket.accept(event);
      else if (fits !== false) this.wait(fits, event);
    } catch (error) {
      this.socket.checkFailed(error, event);
    }
  }

  private wait(fits: Promise<boolean>, event: Event): void {
    const decided = fits
      .then(
        (yes) => {
          if (yes) this.socket.accept(event);
        },
        (error: unknown) => this.socket.checkFailed(error, event),
      )
      .then(() => {
        if (this.last === decided) this.last = undefined;
      });
    this.last = decided;
  }
}
