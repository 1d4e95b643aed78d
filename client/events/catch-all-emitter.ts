/** An emitter whose every event, coming or going, can be listened to. */
import type { EventsMap } from '../../shared/emitter.ts';
import { callListener, Emitter } from '../../shared/emitter.ts';

/** Called with the name of an event and its arguments. */
// oxlint-disable-next-line no-explicit-any -- as any listener of an untyped event
export type AnyListener = (...args: any[]) => void;

export class CatchAllEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends Emitter<ListenEvents, EmitEvents, ReservedEvents> {
  private readonly incoming: AnyListener[] = [];
  private readonly outgoing: AnyListener[] = [];

  /** Adds a listener of every event that comes, called with its name first. */
  onAny(listener: AnyListener): this {
    this.incoming.push(listener);
    return this;
  }

  /** As {@link CatchAllEmitter.onAny}, before those that are there. */
  prependAny(listener: AnyListener): this {
    this.incoming.unshift(listener);
    return this;
  }

  /** Removes one such listener, or all. */
  offAny(listener?: AnyListener): this {
    remove(this.incoming, listener);
    return this;
  }

  /** The listeners of every event that comes. The list is the one in use, and may be changed. */
  listenersAny(): AnyListener[] {
    return this.incoming;
  }

  /** Adds a listener of every event that is sent, called with its name first. Acknowledgements are no events. */
  onAnyOutgoing(listener: AnyListener): this {
    this.outgoing.push(listener);
    return this;
  }

  /** As {@link CatchAllEmitter.onAnyOutgoing}, before those that are there. */
  prependAnyOutgoing(listener: AnyListener): this {
    this.outgoing.unshift(listener);
    return this;
  }

  /** Removes one such listener, or all. */
  offAnyOutgoing(listener?: AnyListener): this {
    remove(this.outgoing, listener);
    return this;
  }

  /** The listeners of every event that is sent. The list is the one in use, and may be changed. */
  listenersAnyOutgoing(): AnyListener[] {
    return this.outgoing;
  }

  /** @param listeners - those of `listenersAny` or `listenersAnyOutgoing` @internal */
  protected notifyAny(listeners: readonly AnyListener[], args: readonly unknown[]): void {
    // A copy: listeners may remove themselves.
    for (const listener of listeners.slice()) callListener(this, listener, [...args]);
  }
}

function remove(listeners: AnyListener[], listener: AnyListener | undefined): void {
  if (!listener) listeners.length = 0;
  else if (listeners.includes(listener)) listeners.splice(listeners.indexOf(listener), 1);
}
