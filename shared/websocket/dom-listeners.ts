/** `addEventListener` and `onmessage` and their kin on top of Node's emitter: one order for both ways of listening. */
import type { EventEmitter } from 'node:events';

import type { SocketEventMap } from './socket-events.ts';

/** A function, or an object with `handleEvent`. */
export type DomListener<Event> = ((event: Event) => void) | { handleEvent(event: Event): void };

type Names = keyof SocketEventMap;
const names: ReadonlySet<string> = new Set<Names>(['open', 'message', 'close', 'error']);

interface Entry {
  readonly type: Names;
  readonly listener: unknown;
  /** Whether it was set as `onmessage` and so on: there is one of these a name. */
  readonly isAttribute: boolean;
  readonly onEmit: (...emitted: unknown[]) => void;
}

export class DomListeners {
  private readonly target: EventEmitter;
  /** Makes the event's object out of what the emitter was given. */
  private readonly toEvent: (type: Names, emitted: unknown[]) => SocketEventMap[Names];
  private entries: Entry[] = [];

  constructor(target: EventEmitter, toEvent: (type: Names, emitted: unknown[]) => SocketEventMap[Names]) {
    this.target = target;
    this.toEvent = toEvent;
  }

  /** As in the DOM, the same listener counts once for a name, and a name that means nothing is no error. */
  add<Name extends Names>(type: Name, listener: DomListener<SocketEventMap[Name]>, once: boolean): void {
    if (!names.has(type)) return;
    if (this.entries.some((entry) => !entry.isAttribute && entry.type === type && entry.listener === listener)) return;
    this.listen(type, listener, once, false);
  }

  remove(type: Names, listener: unknown): void {
    this.drop((entry) => !entry.isAttribute && entry.type === type && entry.listener === listener);
  }

  /** Sets `on<type>`; null, or what is no function, takes it away. */
  setAttribute<Name extends Names>(type: Name, listener: ((event: SocketEventMap[Name]) => void) | null): void {
    this.drop((entry) => entry.isAttribute && entry.type === type);
    if (typeof listener === 'function') this.listen(type, listener, false, true);
  }

  attribute<Name extends Names>(type: Name): ((event: SocketEventMap[Name]) => void) | null {
    const entry = this.entries.find((one) => one.isAttribute && one.type === type);
    // What setAttribute took for this very name.
    return (entry?.listener ?? null) as ((event: SocketEventMap[Name]) => void) | null;
  }

  private listen<Name extends Names>(
    type: Name,
    listener: DomListener<SocketEventMap[Name]>,
    once: boolean,
    isAttribute: boolean,
  ): void {
    const onEmit = (...emitted: unknown[]): void => {
      if (once) this.remove(type, listener);
      // toEvent answers with the object that belongs to the name.
      const event = this.toEvent(type, emitted) as SocketEventMap[Name];
      if (typeof listener === 'function') listener.call(this.target, event);
      else listener.handleEvent(event);
    };
    this.entries.push({ type, listener, isAttribute, onEmit });
    this.target.on(type, onEmit);
  }

  private drop(isMeant: (entry: Entry) => boolean): void {
    for (const entry of this.entries) if (isMeant(entry)) this.target.off(entry.type, entry.onEmit);
    this.entries = this.entries.filter((entry) => !isMeant(entry));
  }
}
