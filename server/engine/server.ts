/** The Engine.IO server as the application sees it: its options, its sessions, and where it is attached. */
import { EventEmitter } from 'node:events';
import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import cors from 'cors';

import type { TransportName } from '../../shared/engine/packet.ts';
import { warnOf } from '../../shared/websocket/announcer.ts';
import type { PlainRequest } from '../websocket/index.ts';
import { Attachments } from './attachments.ts';
import { drain } from './drain.ts';
import type { DrainOptions } from './drain.ts';
import { answerScrape, expose } from './exposition.ts';
import type { AnyHttpServer } from './interception.ts';
import { metricFamilies } from './metric-families.ts';
import { takeMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import type { Middleware } from './middleware.ts';
import { resolveServerOptions } from './options.ts';
import type { AttachOptions, ServerOptions, Settings } from './options.ts';
import { Reception } from './reception.ts';
import { errorMessages, errors } from './refusal.ts';
import { messageOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import { Registry } from './registry.ts';
import type { Session } from './session.ts';
import { newSessionId } from './session-id.ts';
import { TimerWheel } from './timer-wheel.ts';
import { transports } from './transports.ts';

/** How a server fares. */
export interface Health {
  readonly state: 'ready' | 'draining' | 'closed';
  readonly sessions: number;
  /** Of these, how many wait for their peer to come back. */
  readonly suspended: number;
  /** Bytes kept for all sessions: not sent yet, or not confirmed. */
  readonly queuedBytes: number;
  /** How late the last timer came: so long does other work hold this process up. */
  readonly loopLagMs: number;
}

/**
 * Events: `connection(session)`; `connection_error({ req, code, message, context })` for each request that is refused;
 * `initial_headers(headers, request)` and `headers(headers, request)`, whose first argument may be added to; `flush(session, packets)`
 * and `drain(session)`.
 */
export class Server extends EventEmitter {
  /** Engine.IO's error codes by name. */
  static readonly errors = errors;
  static readonly errorMessages = errorMessages;

  /** The options, complete. */
  readonly opts: Settings;
  /** The http server that it was attached to last. One of HTTP/2 has less to it. */
  httpServer: HttpServer | undefined = undefined;
  private readonly clock = new TimerWheel();
  private readonly registry: Registry;
  private readonly reception: Reception;
  private readonly attachments: Attachments;
  private draining: Promise<void> | undefined = undefined;
  private isClosed = false;

  constructor(options?: ServerOptions) {
    super();
    this.opts = resolveServerOptions(options);
    this.registry = new Registry(this, this.opts, this.clock);
    this.reception = new Reception(this, this.registry);
    this.attachments = new Attachments(this);
    // The package reads either: options, or a function that gives them.
    if (this.opts.cors !== undefined) this.use(cors(this.opts.cors as cors.CorsOptions));
  }

  /**
   * A listener that throws is told as a warning, and whoever it was told about goes on: no peer may end the process by what
   * makes a listener throw.
   */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    try {
      return super.emit(event, ...args);
    } catch (error) {
      warnOf(error);
      return true;
    }
  }

  /** Sessions by their id: a copy, made anew each time. */
  get clients(): Record<string, Session> {
    const copy = Object.create(null) as Record<string, Session>;
    for (const { id, session } of this.registry) copy[id] = session;
    return copy;
  }

  get clientsCount(): number {
    return this.registry.size;
  }

  /** Adds middleware, for requests and upgrades alike. */
  use(middleware: Middleware): this {
    this.reception.upgradeChain.push(middleware);
    return this.useForRequests(middleware);
  }

  /** Adds middleware that upgrades need not go through. */
  useForRequests(middleware: Middleware): this {
    this.reception.chain.push(middleware);
    return this;
  }

  /** The transports that a session on `transport` may move to. */
  upgrades(transport: TransportName): TransportName[] {
    const { allowUpgrades } = this.opts;
    return allowUpgrades ? this.opts.transports.filter((name) => transports[transport].upgradesTo.includes(name)) : [];
  }

  /**
   * A new session's id. May be replaced by a method of one's own, also by one that returns a promise. The id is a secret:
   * whoever guesses it has the session.
   */
  generateId(_request: IncomingMessage): string | PromiseLike<string> {
    return newSessionId(this.opts.node);
  }

  /** {@link generateId}, and where the application has none of its own, it need not see the request. */
  idFor(request: AnyRequest): string | PromiseLike<string> {
    if (this.generateId === Server.prototype.generateId) return newSessionId(this.opts.node);
    return this.generateId(messageOf(request));
  }

  /**
   * Bounds silent sessions by what `count` says, in the place of those that have not sent a message: for who is above, and
   * knows better when a peer has said what it came for.
   */
  countSilentBy(count: () => number): this {
    this.registry.countSilent = count;
    return this;
  }

  /** Answers requests and upgrades under the path, on an http server whose other listeners go on as before. */
  attach(server: AnyHttpServer, options?: AttachOptions): this {
    this.httpServer = server as HttpServer;
    if (this.isClosed) {
      this.isClosed = false;
      this.registry.farewells.dropAll();
      this.registry.isDraining = false;
      this.registry.drainEndsAt = undefined;
    }
    this.attachments.attach(server, options);
    return this;
  }

  /** For Connect and Express: answers requests under the path, and finds the http server for upgrades by itself. */
  middleware(options?: AttachOptions): Middleware {
    return this.attachments.middleware(options);
  }

  /** Answers one HTTP request, whatever its path. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    this.reception.request(request, response);
  }

  /** Answers one upgrade, whatever its path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.reception.upgrade({ request, socket, head });
  }

  /** Answers an upgrade that came without HTTP's parser. */
  handlePlain(request: PlainRequest, head: Buffer): void {
    const { socket } = request;
    if (this.handleUpgrade === Server.prototype.handleUpgrade) this.reception.upgrade({ request, socket, head });
    else this.handleUpgrade(messageOf(request), socket, head);
  }

  /**
   * Lets all sessions go elsewhere, little by little, and no new ones in. Resolves when none is left, after `timeout` at
   * the latest. Once begun it goes on; a second call waits for the first.
   */
  drain(options?: DrainOptions): Promise<void> {
    return (this.draining ??= drain(this.registry, options));
  }

  /** What is left of the time for a drain (ms); undefined where none was begun. */
  get drainLeftMs(): number | undefined {
    const { drainEndsAt } = this.registry;
    return drainEndsAt === undefined ? undefined : Math.max(0, drainEndsAt - this.clock.now());
  }

  health(): Health {
    let queuedBytes = 0;
    for (const { core } of this.registry) queuedBytes += core.keptBytes;
    const state = this.isClosed ? 'closed' : this.registry.isDraining ? 'draining' : 'ready';
    const { size: sessions, suspendedSize: suspended } = this.registry;
    return { state, sessions, suspended, queuedBytes, loopLagMs: this.clock.lagMs };
  }

  /** What it has done and how it is, as numbers. */
  metrics(): Metrics {
    return takeMetrics(this.registry);
  }

  /** Answers with {@link metrics} as Prometheus scrapes them. To be mounted where one likes. */
  metricsHandler(): RequestListener {
    return (_request, response) => answerScrape(expose(metricFamilies, this.metrics()), response);
  }

  /**
   * Ends all sessions and lets no new ones in: until {@link close} those who ask get 503, whose server is about to close.
   * Resolves at once, or when peers that were between two polls have asked and been answered, after a second at most.
   */
  dismiss(): Promise<void> {
    return new Promise((resolve) => this.end(resolve));
  }

  /**
   * Ends all sessions and leaves the http servers that it was attached to; those stay open. Where peers are between
   * two polls, and nobody else would answer them, it stays for a second at most.
   */
  close(): this {
    this.end(() => this.attachments.detach());
    return this;
  }

  private end(done: () => void): void {
    this.isClosed = true;
    this.registry.isDraining = true;
    this.registry.farewells.dropAll();
    this.registry.close(this.httpServer?.listenerCount('request') === 0, done);
  }
}
