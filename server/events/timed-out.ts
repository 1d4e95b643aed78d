/** What a callback with a timeout gets when no answer came in time. */
export function timedOut(): Error {
  return new Error('operation has timed out');
}
