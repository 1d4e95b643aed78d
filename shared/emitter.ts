/**
 * Named events and their listeners: the surface of `@socket.io/component-emitter`, with Socket.IO's typed generics.
 *
 * A listener that throws harms nobody: its error is reported as an uncaught one would be, and the next listener, the
 * rest of the packet and the session go on. An event named like a member of `Object.prototype` is just a name.
 */

/** Event names, each with the type of its listener. */
export interface EventsMap {
  // Socket.IO's users write their maps as interfaces with any listener in them; `unknown` would refuse those.
  // oxlint-disable-next-line no-explicit-any
  [event: string]: any;
}

/** Every event name, with any data. */
export interface DefaultEventsMap {
  // oxlint-disable-next-line no-explicit-any -- what a listener takes is the application's to say
  [event: string]: (...args: any[]) => void;
}

/** The names in an events map. */
export type EventNames<Map extends EventsMap> = keyof Map & (string | symbol);

/** What the listeners of an event are called with. */
export type EventParams<Map extends EventsMap, Ev extends EventNames<Map>> = Parameters<Map[Ev]>;

/** The names in either of two maps. */
export type ReservedOrUserEventNames<Reserved extends EventsMap, User extends EventsMap> =
  EventNames<Reserved> | EventNames<User>;

/** The listener of an event; where both maps name it, that of the reserved one. */
export type ReservedOrUserListener<
  Reserved extends EventsMap,
  User extends EventsMap,
  Ev extends ReservedOrUserEventNames<Reserved, User>,
> = FallbackToUntypedListener<
  Ev extends EventNames<Reserved> ? Reserved[Ev] : Ev extends EventNames<User> ? User[Ev] : never
>;

/** A name that is itself a type parameter resolves to `never`, and then any listener will do. */
// oxlint-disable-next-line no-explicit-any
export type FallbackToUntypedListener<T> = [T] extends [never] ? (...args: any[]) => void | Promise<void> : T;

/** How long a listener stays. */
export interface ListenerOptions {
  /** Removes the listener when it aborts. Aborted already, it keeps the listener from being added. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the listener is removed before its first call, as {@link Emitter.once} has it. */
  readonly once?: boolean;
}

/**
 * What `on` and `off` are, for their other names. Those can't be `this['on']`: TypeScript up to 5.9 expands that without end
 * where an emitter is one half of an intersection, as the sockets of the entry `throughline` are.
 */
interface Listening<Self, ListenEvents extends EventsMap, ReservedEvents extends EventsMap> {
  on<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): Self;
  off<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event?: Ev,
    listener?: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
  ): Self;
}

/** A listener as it was added once. */
interface Entry {
  readonly listener: (...args: unknown[]) => void;
  readonly once: boolean | undefined;
  /** Not to be called any more, whatever walk has come upon it. */
  isOver: boolean;
}

/** Most events have no listener, and are not to cost an array each. */
const NONE: readonly Entry[] = [];

/**
 * @typeParam ListenEvents - events of the application that one can listen to
 * @typeParam EmitEvents - events that `emit` takes
 * @typeParam ReservedEvents - events that only the class itself emits
 */
export class Emitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap = Record<never, never>,
> {
  /** Its arrays are replaced and never changed, so that a walk over one doesn't mind what its listeners do. */
  private readonly entriesByName = new Map<unknown, readonly Entry[]>();
  /** Whoever made it: told of each event of its own before all listeners, by the method of that name. @internal */
  declare owner: Partial<ReservedEvents> | undefined;

  // Other names of `on` and `off`, which users of EventTarget and of Node's EventEmitter know: set on the prototype, below.
  /** {@inheritDoc Emitter.on} */
  declare addEventListener: Listening<this, ListenEvents, ReservedEvents>['on'];
  /** {@inheritDoc Emitter.off} */
  declare removeEventListener: Listening<this, ListenEvents, ReservedEvents>['off'];
  /** {@inheritDoc Emitter.off} */
  declare removeListener: Listening<this, ListenEvents, ReservedEvents>['off'];
  /** {@inheritDoc Emitter.off} */
  declare removeAllListeners: Listening<this, ListenEvents, ReservedEvents>['off'];

  /** Adds a listener; one added twice is called twice. */
  on<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    { signal, once }: ListenerOptions = {},
  ): this {
    if (signal?.aborted) return this;
    const entry: Entry = { listener, once, isOver: false };
    this.entriesByName.set(event, [...this.entriesOf(event), entry]);
    signal?.addEventListener('abort', () => this.expireEntry(event, entry));
    return this;
  }

  /** Adds a listener that is removed before its first call. */
  once<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this {
    return this.on(event, listener, { ...options, once: true });
  }

  /** Removes one addition of a listener, all listeners of an event, or all there are. */
  off<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event?: Ev,
    listener?: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
  ): this {
    const { length } = arguments;
    // By count, as in component-emitter: `off(name, undefined)` has lost its listener and must not take all others along.
    if (length > 1) {
      const added = this.entriesOf(event).find((entry) => entry.listener === listener);
      this.dropEntry(event, added);
    } else if (length) this.entriesByName.delete(event);
    else this.entriesByName.clear();
    return this;
  }

  /** Calls the listeners of an event, in the order in which they were added. */
  emit<Ev extends EventNames<EmitEvents>>(event: Ev, ...args: EventParams<EmitEvents, Ev>): this {
    return this.dispatch(event, args);
  }

  /** Calls the listeners of an event of the class's own, whatever a subclass makes of `emit`. */
  protected emitReserved<Ev extends EventNames<ReservedEvents>>(
    event: Ev,
    ...args: EventParams<ReservedEvents, Ev>
  ): this {
    const tell = this.owner?.[event];
    if (tell) callListener(this, tell, args);
    return this.dispatch(event, args);
  }

  /** Whether anybody listens to anything. If not, an event need not even be looked for: spares a tenth of a message. @internal */
  get isHeard(): boolean {
    return this.entriesByName.size > 0;
  }

  /** The listeners of an event, as a list of the caller's own. */
  listeners<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
  ): ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>[] {
    // `on` took them by the type that they are given back with.
    return this.entriesOf(event).map(
      (entry) => entry.listener as ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    );
  }

  /** Whether an event has a listener. */
  hasListeners<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(event: Ev): boolean {
    return this.entriesByName.has(event);
  }

  /** Calls the listeners of an event whose name came off the wire. @internal */
  protected dispatch(event: unknown, args: unknown[]): this {
    for (const entry of this.entriesOf(event)) {
      if (entry.isOver) continue;
      if (entry.once) this.expireEntry(event, entry);
      callListener(this, entry.listener, args);
    }
    return this;
  }

  private entriesOf(event: unknown): readonly Entry[] {
    return this.entriesByName.get(event) ?? NONE;
  }

  private expireEntry(event: unknown, entry: Entry): void {
    entry.isOver = true;
    this.dropEntry(event, entry);
  }

  private dropEntry(event: unknown, entry: Entry | undefined): void {
    const left = this.entriesOf(event).filter((one) => one !== entry);
    if (left.length) this.entriesByName.set(event, left);
    else this.entriesByName.delete(event);
  }
}

/** Lets `owner` hear the events of what it made: a class may be the application's, and only emit them. @internal */
export function own<Events extends EventsMap>(
  emitter: { on(event: never, listener: never): unknown },
  owner: Partial<Events>,
): void {
  if (emitter instanceof Emitter) emitter.owner = owner;
  else for (const event in owner) emitter.on(event as never, owner[event] as never);
}

const { prototype } = Emitter;
prototype.addEventListener = prototype.on;
prototype.removeListener = prototype.removeAllListeners = prototype.removeEventListener = prototype.off;

/**
 * Calls what the application gave us. What it throws surfaces as an uncaught error (`window.onerror`, `process` event
 * `uncaughtException`) in a turn of its own, when the packet at hand has been dealt with.
 */
export function callListener<Args extends unknown[]>(
  self: unknown,
  listener: (...args: Args) => void,
  args: Args,
): void {
  try {
    listener.apply(self, args);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
