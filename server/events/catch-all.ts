/** Listeners for every event, whatever its name: those that come in, and those that go out. */
import type { EventsMap } from '../../shared/emitter.ts';
import type { Packet } from '../../shared/events/packet.ts';
import { StrictEventEmitter } from './strict-event-emitter.ts';

/** Called with the event's name and arguments. */
// What an event carries is the application's to say.
// oxlint-disable-next-line no-explicit-any
export type AnyListener = (...args: any[]) => void;

/** Its arrays are there from the first listener on: most sockets never have one. */
export abstract class CatchAllEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends StrictEventEmitter<ListenEvents, EmitEvents, ReservedEvents> {
  private anyListeners: AnyListener[] | undefined = undefined;
  private anyOutgoingListeners: AnyListener[] | undefined = undefined;

  /** Adds a listener for every event that comes in, called before the event's own. */
  onAny(listener: AnyListener): this {
    (this.anyListeners ??= []).push(listener);
    return this;
  }

  /** As {@link onAny}, called before all others. */
  prependAny(listener: AnyListener): this {
    (this.anyListeners ??= []).unshift(listener);
    return this;
  }

  /** Removes such a listener, or all of them. */
  offAny(listener?: AnyListener): this {
    this.anyListeners = without(this.anyListeners, listener);
    return this;
  }

  /** The listeners for every event that comes in, as the list that is in use: it may be changed. */
  listenersAny(): AnyListener[] {
    return (this.anyListeners ??= []);
  }

  /** Adds a listener for every event that goes out. Acknowledgements are not events. */
  onAnyOutgoing(listener: AnyListener): this {
    (this.anyOutgoingListeners ??= []).push(listener);
    return this;
  }

  /** As {@link onAnyOutgoing}, called before all others. */
  prependAnyOutgoing(listener: AnyListener): this {
    (this.anyOutgoingListeners ??= []).unshift(listener);
    return this;
  }

  /** Removes such a listener, or all of them. */
  offAnyOutgoing(listener?: AnyListener): this {
    this.anyOutgoingListeners = without(this.anyOutgoingListeners, listener);
    return this;
  }

  /** The listeners for every event that goes out, as the list that is in use: it may be changed. */
  listenersAnyOutgoing(): AnyListener[] {
    return (this.anyOutgoingListeners ??= []);
  }

  /** Tells the catch-all listeners of an event that comes in. */
  protected notifyIncomingListeners(event: unknown[]): void {
    if (this.anyListeners !== undefined) this.callAll(this.anyListeners, event);
  }

  /** Tells them of one that goes out. Adapters call this for each receiver of a broadcast. */
  notifyOutgoingListeners(packet: Packet): void {
    if (this.anyOutgoingListeners !== undefined) this.callAll(this.anyOutgoingListeners, packet.data);
  }

  private callAll(listeners: readonly AnyListener[], event: unknown[]): void {
    // A copy: listeners may remove themselves.
    for (const listener of listeners.slice()) this.call(listener, event, event);
  }
}

/** @param one - its first addition goes; all go where there is none */
function without(listeners: AnyListener[] | undefined, one: AnyListener | undefined): AnyListener[] | undefined {
  if (one === undefined || listeners === undefined) return undefined;
  const at = listeners.indexOf(one);
  return at < 0 ? listeners : listeners.toSpliced(at, 1);
}
