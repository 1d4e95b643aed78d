/**
 * A namespace: sockets with listeners, middleware and rooms of their own, on connections that they share with others.
 */
import createDebug from 'debug';

import type { DefaultEventsMap, EventNames, EventParams, EventsMap } from '../../shared/emitter.ts';
import type {
  AllButLast,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  EventNamesWithAck,
  EventNamesWithoutAck,
  FirstNonErrorArg,
  Last,
} from '../../shared/events/acknowledgements.ts';
import type { StandardSchema } from '../../shared/events/standard-schema.ts';
import type { Adapter } from './adapter/adapter.ts';
import type { SocketId } from './adapter/types.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import { Broadcaster } from './broadcaster.ts';
import type { ManyOperator } from './broadcaster.ts';
import type { Client } from './client.ts';
import { withDeadline } from './deadline.ts';
import { printable } from './printable.ts';
import { quietBus } from './quiet-bus.ts';
import { RESERVED_BY_NAMESPACE, refuseReserved } from './reserved.ts';
import { runMiddleware } from './run-middleware.ts';
import type { ExtendedError, Next } from './run-middleware.ts';
import type { Server } from './server.ts';
import { SessionKeeper } from './session-keeper.ts';
import { Socket } from './socket.ts';
import { Validators } from './validators.ts';
import { unwatched } from './unwatched.ts';

const debug = createDebug('throughline:events:namespace');

/** Asked for every socket that wants to connect: calls `next` to let it in, with an error to refuse it. */
export type ConnectionMiddleware<L extends EventsMap, E extends EventsMap, S extends EventsMap, D> = (
  socket: Socket<L, E, S, D>,
  next: Next,
) => unknown;

/** What a namespace emits by itself. */
export interface NamespaceReservedEventsMap<L extends EventsMap, E extends EventsMap, S extends EventsMap, D> {
  connect: (socket: Socket<L, E, S, D>) => void;
  connection: (socket: Socket<L, E, S, D>) => void;
}

/** A list of answers, one from each server. */
type Answers<S extends EventsMap, Ev extends EventNamesWithAck<S>> = FirstNonErrorArg<Last<EventParams<S, Ev>>>[];

export class Namespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // As Socket.IO declares it: without a type of its own, `socket.data` is anything.
  // oxlint-disable-next-line no-explicit-any
  SocketData = any,
> extends Broadcaster<
  EmitEvents,
  ServerSideEvents,
  NamespaceReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  SocketData
> {
  readonly name: string;
  readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The sockets that are connected, by their ids. */
  readonly sockets: Map<SocketId, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Map();
  /** Set by {@link _initAdapter}. */
  declare adapter: Adapter;
  /** The id of the next packet that wants an answer. Adapters take from it as well. */
  _ids = 0;
  /** There from the first {@link validate} on. */
  validators: Validators | undefined = undefined;
  protected middleware: ConnectionMiddleware<ListenEvents, EmitEvents, ServerSideEvents, SocketData>[] = [];
  /** There where what it keeps outlives this process. Declared, for `_initAdapter` is called before fields are set. */
  declare private keeper: SessionKeeper | undefined;
  /** How many are on their way in. */
  private connecting = 0;

  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, name: string) {
    super();
    this.server = server;
    this.name = name;
    this._initAdapter();
  }

  /** Takes the server's adapter into use. */
  _initAdapter(): void {
    this.adapter = this.server.createAdapter(this);
    quietBus(this.adapter);
    const { connectionStateRecovery: recovery } = this.server.opts;
    this.keeper =
      recovery?.keepAhead && SessionKeeper.suits(this.adapter)
        ? new SessionKeeper(this.adapter, this.sockets, recovery.maxDisconnectionDuration)
        : undefined;
    Promise.resolve(this.adapter.init()).catch((error: unknown) =>
      debug('adapter of %s: %s', printable(this.name), error),
    );
  }

  /** Adds a middleware, asked for every socket that wants to connect. */
  use(middleware: ConnectionMiddleware<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): this {
    this.middleware.push(middleware);
    return this;
  }

  /**
   * Has the arguments of an event checked before any listener hears of it. What doesn't fit is counted, and answered through
   * its acknowledgement with {@link InvalidPayload}.
   *
   * @param schemas - of any library that speaks Standard Schema, one for each argument
   */
  validate(event: EventNames<ListenEvents>, ...schemas: readonly StandardSchema[]): this {
    (this.validators ??= new Validators(this.server.counts)).set(String(event), schemas);
    return this;
  }

  /** Emits an event to everyone. */
  override emit<Ev extends EventNamesWithoutAck<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
  override emit(ev: string, ...args: never): boolean {
    return this.everyone().emit(ev, ...args);
  }

  /**
   * Emits an event to the other servers of the group. A callback as last argument gets `(error, answers)`.
   *
   * @returns always true
   */
  serverSideEmit<Ev extends EventNames<ServerSideEvents>>(
    ev: Ev,
    ...args: EventParams<DecorateAcknowledgementsWithTimeoutAndMultipleResponses<ServerSideEvents>, Ev>
  ): boolean {
    refuseReserved(ev, RESERVED_BY_NAMESPACE);
    const packet: unknown[] = [ev, ...args];
    const callback = packet.at(-1);
    if (typeof callback === 'function') {
      const answered = (...answer: unknown[]): void => this.call(callback as () => unknown, answer, [ev]);
      const answers = new Promise<unknown[]>((resolve) => {
        packet[packet.length - 1] = (...answer: unknown[]) => resolve(answer);
      });
      withDeadline(answers, () => Promise.resolve([])).then(
        (answer) => answered(...answer),
        (error: unknown) => answered(error, []),
      );
    }
    unwatched(this.adapter.serverSideEmit(packet));
    return true;
  }

  /**
   * Emits an event to the other servers of the group and waits for their answers.
   *
   * @returns their answers; rejects with an error whose `responses` has those that came in time
   */
  serverSideEmitWithAck<Ev extends EventNamesWithAck<ServerSideEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<ServerSideEvents, Ev>>
  ): Promise<Answers<ServerSideEvents, Ev>> {
    return new Promise((resolve, reject) => {
      const callback = (error: Error | null, responses: Answers<ServerSideEvents, Ev>): void => {
        if (error) reject(Object.assign(error, { responses }));
        else resolve(responses);
      };
      // What the map of events names at the end is the callback that we put there.
      this.serverSideEmit(ev, ...([...args, callback] as never));
    });
  }

  /** Hands an event of another server to the listeners here. Called by adapters. */
  // oxlint-disable-next-line no-explicit-any -- what it carries is the application's
  _onServerSideEmit(event: [string, ...any[]]): void {
    if (!this.keeper?.hears(event)) this.deliver(event);
  }

  /** Hands an event of the server's to the listeners here, which are the server's too. */
  deliverHere(event: readonly unknown[]): boolean {
    return this.deliver(event);
  }

  /** A client wants to come in. */
  enter(
    client: Client<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    auth: Record<string, unknown> | undefined,
  ): void {
    this.connecting++;
    const { pid, offset } = auth ?? {};
    if (!this.server.recovers || typeof pid !== 'string' || typeof offset !== 'string') {
      this.admit(new Socket(this, client, auth));
      return;
    }
    // One that fails finds nothing: the client starts anew.
    Promise.resolve(this.adapter.restoreSession(pid, offset))
      .catch((error: unknown) => debug('session not restored: %s', error))
      .then((session) => {
        if (client.isOpen) {
          if (session) this.keeper?.takeUp(session.sid);
          this.admit(new Socket(this, client, auth, session ?? undefined));
        } else {
          // What was taken out for it goes back, for its next attempt.
          if (session) unwatched(this.adapter.persistSession(session));
          this.connecting--;
          this.emptied();
        }
      })
      .catch((error: unknown) => this.listenerFailed(error, ['connection']));
  }

  /** A client is not to find its session again. */
  forgetSession(pid: string): void {
    this.keeper?.forget(pid);
  }

  /** A socket is no more. */
  remove(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    if (!this.sockets.delete(socket.id)) this.connecting--;
    this.emptied();
  }

  /** Whether nobody is here or on the way. */
  protected get isIdle(): boolean {
    return this.sockets.size === 0 && this.connecting === 0;
  }

  /** Called when somebody left, or didn't come after all; of interest to who creates namespaces on demand. */
  emptied(): void {}

  protected everyone(): ManyOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter);
  }

  protected override listenerFailed(error: unknown, [event, first]: readonly unknown[]): void {
    const socket = first instanceof Socket ? first : undefined;
    this.server.reportListenerError(error, { socket, event: String(event) });
  }

  private admit(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    socket.client.occupy(this.name, socket);
    if (
      this.middleware.length === 0 ||
      (socket.recovered && this.server.opts.connectionStateRecovery?.skipMiddlewares)
    ) {
      this.connect(socket);
      return;
    }
    runMiddleware(
      this.middleware,
      socket,
      (error) => this.server.reportListenerError(error, { socket, event: 'connection' }),
      (error) => this.decide(socket, error),
    );
  }

  private decide(
    socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    error: ExtendedError | undefined,
  ): void {
    // It left while it was being decided upon.
    if (!socket.isWaiting) return;
    if (!socket.client.isOpen) socket._cleanup();
    else if (error) {
      socket._cleanup();
      const { message, data } = error;
      // Clients of Socket.IO 2 take either of the two.
      socket.refuse(socket.conn.protocol === 3 ? (data ?? message) : { message, data });
    } else this.connect(socket);
  }

  private connect(socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.connecting--;
    this.sockets.set(socket.id, socket);
    if (socket.recovered) this.server.counts.recovered++;
    socket.client.joined(socket);
    socket.welcome();
    this.emitReserved('connect', socket);
    this.emitReserved('connection', socket);
  }
}
