/**
 * Node's EventEmitter with Socket.IO's types, and listeners that can't harm more than themselves: what one throws, or what
 * the promise that it returns rejects with, is reported and goes no further.
 */
import { EventEmitter, captureRejectionSymbol } from 'node:events';

import type {
  EventNames,
  EventParams,
  EventsMap,
  ListenerOptions,
  ReservedOrUserEventNames,
  ReservedOrUserListener,
} from '../../shared/emitter.ts';
import { ShapedMap } from '../../shared/shaped-map.ts';
import { callGuarded } from './guarded-call.ts';

/** What both of EventEmitter's ways to add a listener look like. */
type Add = (this: EventEmitter, event: string | symbol, listener: (...args: unknown[]) => void) => EventEmitter;

const { on, once, emit } = EventEmitter.prototype;

/**
 * @typeParam ListenEvents - events of the application that one can listen to
 * @typeParam EmitEvents - events that `emit` takes
 * @typeParam ReservedEvents - events that only the class itself emits
 */
export abstract class StrictEventEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap = Record<never, never>,
> extends EventEmitter {
  constructor() {
    super({ captureRejections: true });
    // Node's own is a hash table.
    // oxlint-disable-next-line no-underscore-dangle
    (this as unknown as { _events: object })._events = new ShapedMap();
  }

  /**
   * Adds a listener.
   *
   * @param options - with a `signal` that removes it when it aborts
   */
  override on<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this {
    return this.add(on, event, listener, options);
  }

  /** {@inheritDoc StrictEventEmitter.on} */
  override addListener<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this {
    return this.add(on, event, listener, options);
  }

  /** Adds a listener that is removed before its first call. */
  override once<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this {
    return this.add(once, event, listener, options);
  }

  /** Emits an event. */
  override emit<Ev extends EventNames<EmitEvents>>(event: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    return this.deliver([event, ...args]);
  }

  /** The listeners of an event. */
  override listeners<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
  ): ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>[] {
    // `on` took them by the type that they are given back with.
    return super.listeners(event) as ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>[];
  }

  /** Calls the listeners of an event of the class's own, whatever a subclass makes of `emit`. */
  protected emitReserved<Ev extends EventNames<ReservedEvents>>(
    ...event: [Ev, ...EventParams<ReservedEvents, Ev>]
  ): boolean {
    return this.listenerCount(event[0]) > 0 && this.deliver(event);
  }

  /**
   * Calls the listeners of `[name, ...args]`.
   *
   * @returns whether there were any
   */
  protected deliver(event: readonly unknown[]): boolean {
    try {
      // Applied, not spread: the array goes to EventEmitter as it came off the wire.
      return Reflect.apply(emit, this, event);
    } catch (error) {
      this.listenerFailed(error, event);
      return true;
    }
  }

  /** Calls one function of the application that no EventEmitter knows of, under the same promise. */
  protected call(listener: (...args: never[]) => unknown, args: readonly unknown[], event: readonly unknown[]): void {
    callGuarded(listener, this, args, (error) => this.listenerFailed(error, event));
  }

  /** Is told that a listener of `event` is about to be added. */
  protected added(_event: string | symbol): void {}

  /** Is told what a listener threw or rejected with. */
  protected abstract listenerFailed(error: unknown, event: readonly unknown[]): void;

  /** Node calls this when a listener's promise rejects. */
  override [captureRejectionSymbol](error: unknown, ...event: unknown[]): void {
    this.listenerFailed(error, event);
  }

  private add(
    how: Add,
    event: string | symbol,
    listener: (...args: never[]) => unknown,
    options: ListenerOptions | undefined,
  ): this {
    // Node's own types ask for a listener of anything: the public overloads above know better.
    const untyped = listener as (...args: unknown[]) => void;
    const signal = options?.signal;
    if (!signal?.aborted) {
      this.added(event);
      how.call(this, event, untyped);
      signal?.addEventListener('abort', () => this.removeListener(event, untyped), { once: true });
    }
    return this;
  }
}
