/** Middleware: functions asked one after another, each of which lets go on or refuses. */

/** What a middleware may refuse with: `data` goes to the client beside the message. */
export interface ExtendedError extends Error {
  // The application's own.
  // oxlint-disable-next-line no-explicit-any
  data?: any;
}

/** Called by a middleware: without an error to let go on. A second call does nothing. */
export type Next = (error?: ExtendedError) => void;

/** A middleware threw or rejected instead of calling `next`: what it said is not for the client. */
export class MiddlewareFailure extends Error {
  override readonly name = 'MiddlewareFailure';
  override readonly message = 'Internal server error';
}

/**
 * Asks every middleware about `subject`. One that throws or rejects refuses.
 *
 * @param failed - is told what it threw
 * @param done - called once, with the error of who refused
 */
export function runMiddleware<Subject>(
  middleware: readonly ((subject: Subject, next: Next) => unknown)[],
  subject: Subject,
  failed: (error: unknown) => void,
  done: Next,
): void {
  // A copy: what is added while one is being asked holds for those that come later.
  const asked = [...middleware];
  let at = 0;
  const step = (): void => {
    const current = at++;
    const one = asked[current];
    if (one === undefined) return done();
    let isAnswered = false;
    const next: Next = (error) => {
      if (isAnswered) return;
      isAnswered = true;
      if (error) done(error);
      else step();
    };
    const fail = (error: unknown): void => {
      failed(error);
      next(new MiddlewareFailure());
    };
    try {
      const result: unknown = one(subject, next);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
  step();
}
