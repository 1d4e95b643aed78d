/**
 * The server of events: its namespaces, and the engine that brings it sessions.
 *
 * Its listeners are those of the default namespace, as Socket.IO has it: `io.on('connection')` is `io.of('/').on('connection')`.
 */
import type { Server as HttpServer, RequestListener } from 'node:http';

import createDebug from 'debug';

import { ThroughlineError } from '../../shared/errors.ts';
import type { DefaultEventsMap, EventNames, EventParams, EventsMap } from '../../shared/emitter.ts';
import type {
  AllButLast,
  DecorateAcknowledgementsWithTimeoutAndMultipleResponses,
  EventNamesWithAck,
  EventNamesWithoutAck,
  FirstNonErrorArg,
  Last,
} from '../../shared/events/acknowledgements.ts';
import { Decoder } from '../../shared/events/decoder.ts';
import type { StandardSchema } from '../../shared/events/standard-schema.ts';
import { protocol } from '../../shared/events/packet.ts';
import type { PacketEncoder, Parser } from '../../shared/events/parser.ts';
import { answerScrape } from '../engine/exposition.ts';
import { Server as Engine } from '../engine/index.ts';
import type { DrainOptions, Middleware, Session } from '../engine/index.ts';
import { Adapter } from './adapter/adapter.ts';
import { SessionAwareAdapter } from './adapter/session-aware-adapter.ts';
import type { ManyOperator } from './broadcaster.ts';
import { Broadcaster } from './broadcaster.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import { Client } from './client.ts';
import { ClientFiles } from './client-files.ts';
import { makeSticky } from './cluster-worker.ts';
import { ConnectDeadlines } from './connect-deadlines.ts';
import { EventCounts } from './counts.ts';
import { delegateListeners } from './delegate-listeners.ts';
import { refuseDeeper } from './depth.ts';
import type { BindableEngine } from './engine.ts';
import { Engines, answerHealth } from './engines.ts';
import type { Health } from './engines.ts';
import { closeServer, listenOn } from './http-server.ts';
import type { HttpServerInstance } from './http-server.ts';
import { tellListenerError } from './listener-errors.ts';
import type { ListenerErrorContext } from './listener-errors.ts';
import { exposeMetrics, takeEventMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import type { ConnectionMiddleware, Namespace, NamespaceReservedEventsMap } from './namespace.ts';
import { Namespaces } from './namespaces.ts';
import type { ParentNspNameMatchFn } from './namespaces.ts';
import { completeOptions, makeAdapter, resolveLimits } from './options.ts';
import type { AdapterConstructor, GivenOptions, Limits, ServerOptions } from './options.ts';
import { QuickEncoder } from './quick-encoder.ts';
import type { Socket } from './socket.ts';

const debug = createDebug('throughline:events:server');

/** What a server emits by itself. */
export interface ServerReservedEventsMap<
  L extends EventsMap,
  E extends EventsMap,
  S extends EventsMap,
  D,
> extends NamespaceReservedEventsMap<L, E, S, D> {
  new_namespace: (namespace: Namespace<L, E, S, D>) => void;
  /** A listener of the application's threw, or its promise rejected. Logged where nobody listens. */
  listener_error: (error: unknown, context: ListenerErrorContext) => void;
}

export class Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // As Socket.IO declares it: without a type of its own, `socket.data` is anything.
  // oxlint-disable-next-line no-explicit-any
  SocketData = any,
> extends Broadcaster<
  EmitEvents,
  ServerSideEvents,
  ServerReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  SocketData
> {
  /** The default namespace. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Counts and limits sessions. There from `attach`, `listen`, `bind` or `middleware` on. */
  declare engine: Engine;
  /** There from `attach`, `listen` or the first request through `middleware` on. */
  declare httpServer: HttpServerInstance;
  /** Stateless: one for all. Adapters take it from here. */
  readonly encoder: PacketEncoder;
  /** The decoder of a parser that the application brought; ours needs none for each client. */
  readonly Decoder: Parser['Decoder'] | undefined;
  /** Packets to messages and back: what the application gave, or ours. Tools written for Socket.IO look for it here. */
  readonly _parser: Parser;
  /** What was given, and recovery complete if it is on. Adapters read it. */
  readonly opts: GivenOptions;
  readonly limits: Limits;
  /** Refuses JSON that nests deeper than `maxDepth`. Asked for each packet, before it is parsed. */
  readonly refuseDeeper: (json: string) => void;
  /** Whether clients that come back get their state. */
  readonly recovers: boolean;
  readonly connectDeadlines: ConnectDeadlines;
  /** Counts what {@link metrics} tells of this floor. */
  readonly counts = new EventCounts();
  private readonly namespaces: Namespaces<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  private readonly engines = new Engines();
  private adapterConstructor: AdapterConstructor;
  private servesClient: boolean;
  private connectTimeoutMs: number;
  /** Without a slash at its end. */
  private basePath: string;

  /**
   * @param srv - an http server or a port to {@link attach} to, or else the options
   * @throws {@link OptionError} for an option that can't have its value
   */
  constructor(opts?: Partial<ServerOptions>);
  constructor(srv?: HttpServerInstance | number | string, opts?: Partial<ServerOptions>);
  constructor(srv?: HttpServerInstance | number | string | Partial<ServerOptions>, opts?: Partial<ServerOptions>);
  constructor(srv?: HttpServerInstance | number | string | Partial<ServerOptions>, opts: Partial<ServerOptions> = {}) {
    super();
    const isOptions = typeof srv === 'object' && srv !== null && !('listen' in srv);
    const given = isOptions ? srv : opts;
    this.opts = completeOptions(given);
    this.limits = resolveLimits(given);
    this.servesClient = this.limits.serveClient;
    this.connectTimeoutMs = this.limits.connectTimeout;
    this.connectDeadlines = new ConnectDeadlines(() => this.connectTimeoutMs);
    this.basePath = withoutSlash(given.path || '/socket.io');
    this._parser = given.parser || { Encoder: QuickEncoder, Decoder, protocol };
    this.encoder = given.parser ? new given.parser.Encoder() : new QuickEncoder(this.limits.maxDepth);
    this.Decoder = given.parser ? given.parser.Decoder : undefined;
    this.refuseDeeper = refuseDeeper(this.limits.maxDepth);
    this.recovers = this.opts.connectionStateRecovery !== undefined;
    this.adapterConstructor = given.adapter || (this.recovers ? SessionAwareAdapter : Adapter);
    this.namespaces = new Namespaces(this);
    this.sockets = this.of('/');
    if (!isOptions && srv !== undefined && srv !== null) this.attach(srv as HttpServerInstance | number);
  }

  /** @see {@link opts} */
  get _opts(): GivenOptions {
    return this.opts;
  }

  /** {@inheritDoc Server.engine} */
  get eio(): Engine {
    return this.engine;
  }

  /** What {@link path} gives. */
  get _path(): string {
    return this.basePath;
  }

  /** What namespaces made on demand start with, by what their names have to match. */
  get parentNsps(): Map<
    RegExp | ParentNspNameMatchFn,
    Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
  > {
    return this.namespaces.parentsByMatch;
  }

  /** The namespaces that there are, by their names. */
  get _nsps(): Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> {
    return this.namespaces.byName;
  }

  /** Whether the client's script is served; or says that it shall be, for what is attached from then on. */
  serveClient(v: boolean): this;
  serveClient(): boolean;
  serveClient(v?: boolean): this | boolean {
    if (v === undefined) return this.servesClient;
    this.servesClient = v;
    return this;
  }

  /** The path on the http server; or sets it, for what is attached from then on. */
  path(v: string): this;
  path(): string;
  path(v?: string): this | string {
    if (v === undefined) return this.basePath;
    this.basePath = withoutSlash(v);
    return this;
  }

  /** How long a client may stay without joining a namespace (ms); or sets it, for those that come from then on. */
  connectTimeout(v: number): this;
  connectTimeout(): number;
  connectTimeout(v?: number): this | number {
    if (v === undefined) return this.connectTimeoutMs;
    this.connectTimeoutMs = v;
    return this;
  }

  /** What makes the namespaces' adapters; or sets it, and gives every namespace a new one. */
  adapter(): AdapterConstructor;
  adapter(v: AdapterConstructor): this;
  adapter(v?: AdapterConstructor): this | AdapterConstructor {
    if (v === undefined) return this.adapterConstructor;
    this.adapterConstructor = v;
    for (const namespace of this._nsps.values()) namespace._initAdapter();
    return this;
  }

  /** {@inheritDoc Server.attach} */
  listen(srv: HttpServerInstance | number | string, opts?: Partial<ServerOptions>): this {
    return this.attach(srv, opts);
  }

  /**
   * Takes the requests and upgrades under the path from an http server; its others go where they went before.
   *
   * @param srv - the server, or a port to make one for
   */
  attach(srv: HttpServerInstance | number | string, opts: Partial<ServerOptions> = {}): this {
    if (typeof srv === 'function') {
      throw new ThroughlineError(
        'ERR_ARGUMENT',
        'A request handler, such as an Express app, was given; give the http server, or use app.use(io.middleware()).',
      );
    }
    // An option of the server's holds for all that it is attached to.
    const options = { ...opts, ...this.opts };
    const path = opts.path === undefined ? this.basePath : withoutSlash(opts.path);
    // To the engine they are all alike.
    const httpServer = typeof srv === 'object' ? (srv as HttpServer) : listenOn(Number(srv));
    this.makeEngine(options, path).attach(httpServer, { ...options, path });
    this.httpServer = httpServer;
    return this;
  }

  /**
   * Not to be had: uWebSockets.js is a server in C++ of its own, and what we are rests on Node's.
   *
   * @throws ThroughlineError `ERR_ARGUMENT` always
   */
  attachApp(_app: unknown, _opts?: Partial<ServerOptions>): never {
    throw new ThroughlineError('ERR_ARGUMENT', 'uWebSockets.js is not supported; attach to an http server of Node.');
  }

  /**
   * Middleware for Express and its kind: `app.use(io.middleware())` and nothing else makes polling, upgrades and the script
   * work. The http server is found at the first request; `close` leaves it open, for it is the application's.
   */
  middleware(): Middleware {
    return this.makeEngine(this.opts, this.basePath).middleware({ ...this.opts, path: this.basePath });
  }

  /** Takes the sessions of an engine, ours or another's. */
  bind(engine: BindableEngine): this {
    // One of another kind has what its own documentation says.
    this.engine = engine as Engine;
    this.engines.add(engine);
    engine.on('connection', (session: Session) => this.onconnection(session));
    return this;
  }

  /** Takes a session. */
  onconnection(session: Session): this {
    const client = new Client(this, session);
    // Clients of Socket.IO 2 are in the default namespace without asking.
    if (session.protocol === 3) client.connect('/');
    return this;
  }

  /**
   * A namespace, made if need be. A pattern or a function gives what all namespaces that match start with; those are made
   * when clients ask for them.
   *
   * @param fn - a listener for its `connection`
   */
  of(
    name: string | RegExp | ParentNspNameMatchFn,
    fn?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const namespace = this.namespaces.of(name);
    if (fn) namespace.on('connect', fn);
    return namespace;
  }

  /** Adds a middleware to the default namespace. */
  use(middleware: ConnectionMiddleware<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): this {
    this.sockets.use(middleware);
    return this;
  }

  /** {@inheritDoc Namespace.validate} */
  validate(event: EventNames<ListenEvents>, ...schemas: readonly StandardSchema[]): this {
    this.sockets.validate(event, ...schemas);
    return this;
  }

  /** Emits an event to everyone in the default namespace. */
  override emit<Ev extends EventNamesWithoutAck<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    return this.sockets.emit(ev, ...args);
  }

  /** {@inheritDoc Namespace.serverSideEmit} */
  serverSideEmit<Ev extends EventNames<ServerSideEvents>>(
    ev: Ev,
    ...args: EventParams<DecorateAcknowledgementsWithTimeoutAndMultipleResponses<ServerSideEvents>, Ev>
  ): boolean {
    return this.sockets.serverSideEmit(ev, ...args);
  }

  /** {@inheritDoc Namespace.serverSideEmitWithAck} */
  serverSideEmitWithAck<Ev extends EventNamesWithAck<ServerSideEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<ServerSideEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<ServerSideEvents, Ev>>>[]> {
    return this.sockets.serverSideEmitWithAck(ev, ...args);
  }

  /**
   * Lets all clients go elsewhere, little by little, and no new ones in: they come back to whichever server answers then. Resolves
   * when none is left, after `timeout` at the latest; `close` is what follows.
   */
  drain(options?: DrainOptions): Promise<void> {
    return this.engines.drain(options);
  }

  /** How it fares. */
  health(): Health {
    return this.engines.health();
  }

  /** Answers with {@link health}, for a load balancer: 200 while new clients are let in, 503 else. To be mounted where one likes. */
  healthHandler(): RequestListener {
    return (_request, response) => answerHealth(this.health(), response);
  }

  /** What it has done and how it is, as numbers. */
  metrics(): Metrics {
    return { ...this.engines.metrics(), events: takeEventMetrics(this.counts, this._nsps) };
  }

  /** Answers with {@link metrics} as Prometheus scrapes them. To be mounted where one likes. */
  metricsHandler(): RequestListener {
    return (_request, response) => answerScrape(exposeMetrics(this.metrics()), response);
  }

  /**
   * Disconnects everyone and closes the http server, which lets go of what isn't done after 5 s, or when the time of a
   * {@link drain} that came before is up.
   *
   * @param fn - called when all is closed, with the http server's error if it had one
   */
  async close(fn?: (error?: Error) => void): Promise<void> {
    const adaptersClosed = [...this._nsps.values()].map((namespace) => {
      for (const socket of namespace.sockets.values()) socket._onclose('server shutting down');
      return namespace.adapter.close();
    });
    const { drainLeftMs } = this.engines;
    const dismissed = this.engines.dismiss();
    await Promise.allSettled([...adaptersClosed, dismissed.done]);
    const error = await closeServer(this.httpServer, drainLeftMs);
    dismissed.leave();
    if (error) debug('http server: %s', error.message);
    fn?.(error);
  }

  /** Looks for a namespace that a client wants. Called by the client. */
  findNamespace(
    name: string,
    auth: Record<string, unknown> | undefined,
    found: (namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | false) => void,
  ): void {
    this.namespaces.find(name, auth, found);
  }

  /** Takes a new namespace in, and tells of it. */
  addNamespace(namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.namespaces.add(namespace);
    // The default one is made before there is anyone to tell.
    if (namespace.name !== '/') this.emitReserved('new_namespace', namespace);
  }

  /** Lets a namespace go. */
  removeNamespace(namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.namespaces.remove(namespace);
  }

  /** Makes a namespace's adapter. Called by the namespace. */
  createAdapter(namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): Adapter {
    // Adapters know nothing of types of events.
    return makeAdapter(this.adapterConstructor, namespace as unknown as Namespace);
  }

  /** Tells of what a listener of the application's threw. The process and other sockets go on. */
  reportListenerError(error: unknown, context: ListenerErrorContext): void {
    this.counts.listenerErrors++;
    tellListenerError(this.sockets, error, context);
  }

  protected override everyone(): ManyOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.sockets.adapter);
  }

  protected override deliver(event: readonly unknown[]): boolean {
    return this.sockets.deliverHere(event);
  }

  protected override listenerFailed(error: unknown, [event]: readonly unknown[]): void {
    this.reportListenerError(error, { socket: undefined, event: String(event) });
  }

  private makeEngine(options: ServerOptions, path: string): Engine {
    const engine = new Engine({ maxSilentSessions: this.limits.maxSilentSessions, ...options });
    engine.countSilentBy(() => this.connectDeadlines.size);
    makeSticky(engine);
    if (this.servesClient) {
      const clientFiles = new ClientFiles(path);
      engine.useForRequests((request, response, next) => {
        if (!clientFiles.serve(request, response)) next();
      });
    }
    this.bind(engine);
    return engine;
  }
}

// `emit` sends, and the class above says how.
delegateListeners(Server.prototype, (server) => server.sockets);

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}
