/** Listeners of every event, in lists that the application may change: `listenersAny` hands them out. */
import { callListener } from '../../shared/emitter.ts';

/** Called with the name of an event and its arguments. */
// oxlint-disable-next-line no-explicit-any -- as any listener of an untyped event
export type AnyListener = (...args: any[]) => void;

/** Removes one addition of a listener, or all listeners there are. */
export function removeAny(listeners: AnyListener[], listener?: AnyListener): void {
  if (!listener) listeners.length = 0;
  else if (listeners.includes(listener)) listeners.splice(listeners.indexOf(listener), 1);
}

/** @param self - `this` of the listeners */
export function notifyAny(listeners: readonly AnyListener[], self: unknown, args: readonly unknown[]): void {
  // A copy: listeners may remove themselves.
  if (listeners.length) for (const listener of listeners.slice()) callListener(self, listener, [...args]);
}
