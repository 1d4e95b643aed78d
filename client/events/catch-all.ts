/** Listeners of every event. */
import { callListener } from '../../shared/emitter.ts';

/** Called with the name of an event and its arguments. */
// oxlint-disable-next-line no-explicit-any -- as any listener of an untyped event
export type AnyListener = (...args: any[]) => void;

export class CatchAll {
  /** Theirs to change who asked for them: `listenersAny` says so. */
  readonly listeners: AnyListener[] = [];

  /** Removes one addition of a listener, or all listeners there are. */
  remove(listener?: AnyListener): void {
    const { listeners } = this;
    if (!listener) listeners.length = 0;
    else if (listeners.includes(listener)) listeners.splice(listeners.indexOf(listener), 1);
  }

  notify(self: unknown, args: readonly unknown[]): void {
    if (!this.listeners.length) return;
    // A copy: listeners may remove themselves.
    for (const listener of this.listeners.slice()) callListener(self, listener, [...args]);
  }
}
