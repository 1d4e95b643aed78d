/**
 * An Engine.IO server: opens sessions, and hands each request to the session that it names.
 *
 * It owns no port. Requests come from `attach`, `middleware` or the caller; what a peer does wrong is answered with
 * Engine.IO's error codes, told by `connection_error`, and never thrown.
 */
import { EventEmitter } from 'node:events';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import cors from 'cors';
import debug from 'debug';

import type { Timer } from '../../shared/clock.ts';
import type { Packet, TransportName } from '../../shared/engine/packet.ts';
import type { ResumeTerms } from '../../shared/engine/session.ts';
import { resolveLimits } from '../../shared/websocket/limits.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { acceptUpgrade, refuseUpgrade } from '../websocket/index.ts';
import { askApplication, checkRequest } from './admission.ts';
import { Answers } from './answer.ts';
import type { HeaderList } from './answer.ts';
import { Attachments } from './attachments.ts';
import { Line } from './line.ts';
import type { LineHost } from './line.ts';
import { releaseSocket, responseFor, runMiddleware } from './middleware.ts';
import type { Middleware } from './middleware.ts';
import { resolveServerOptions } from './options.ts';
import type { AttachOptions, ServerOptions, Settings } from './options.ts';
import { takePoll } from './poll.ts';
import { PollingTransport } from './polling.ts';
import { takePost } from './post.ts';
import { protocol } from './protocol.ts';
import { errorMessages, errors, refusal, refusalBody } from './refusal.ts';
import type { Refusal } from './refusal.ts';

import { queryOf } from './request.ts';
import type { Session } from './session.ts';
import { newSessionId, shortId } from './session-id.ts';
import { TimerWheel } from './timer-wheel.ts';
import { HIGH_WATER_BYTES, WebSocketTransport } from './websocket.ts';

const log = debug('throughline:engine:server');

/** How long the end of a session is kept for a peer that could not be told of it (ms). */
const FAREWELL_MS = 30_000;

export class Server extends EventEmitter {
  /** Engine.IO's error codes by name. */
  static readonly errors = errors;
  static readonly errorMessages = errorMessages;

  /** The options, complete. */
  readonly opts: Settings;
  /** The http server that it was attached to last. */
  httpServer: HttpServer | undefined = undefined;
  private readonly lines = new Map<string, Line>();
  private readonly farewells = new Map<string, { readonly packets: readonly Packet[]; readonly timer: Timer }>();
  private readonly chain: Middleware[] = [];
  private readonly clock = new TimerWheel();
  private readonly answers: Answers;
  private readonly limits: Limits;
  private readonly host: LineHost;
  private readonly attachments: Attachments;

  constructor(options?: ServerOptions) {
    super();
    this.opts = resolveServerOptions(options);
    this.answers = new Answers(this, this.opts);
    this.limits = resolveLimits({
      maxMessageBytes: Math.min(this.opts.maxHttpBufferSize, 2 ** 31 - 1),
      highWaterBytes: HIGH_WATER_BYTES,
    });
    this.host = this.hostForLines();
    this.attachments = new Attachments(this);
    if (this.opts.cors !== undefined) this.use(cors(this.opts.cors as cors.CorsOptions));
  }

  /** Sessions by their id: a copy, made anew each time. */
  get clients(): Record<string, Session> {
    const copy = Object.create(null) as Record<string, Session>;
    for (const [id, line] of this.lines) copy[id] = line.session;
    return copy;
  }

  get clientsCount(): number {
    return this.lines.size;
  }

  /** Adds middleware, for requests and upgrades alike. */
  use(middleware: Middleware): this {
    this.chain.push(middleware);
    return this;
  }

  /** The transports that a session on `transport` may move to. */
  upgrades(transport: TransportName): TransportName[] {
    const upgradesTo = transport === 'polling' ? PollingTransport.upgradesTo : WebSocketTransport.upgradesTo;
    if (!this.opts.allowUpgrades) return [];
    return this.opts.transports.filter((name) => name === 'websocket' && upgradesTo.includes(name));
  }

  /**
   * A new session's id. May be replaced by a method of one's own, also by one that returns a promise. The id is a secret:
   * whoever guesses it has the session.
   */
  generateId(_request: IncomingMessage): string | PromiseLike<string> {
    return newSessionId(this.opts.node);
  }

  /** Answers requests and upgrades under the path, on an http server whose other listeners go on as before. */
  attach(server: HttpServer, options?: AttachOptions): this {
    this.httpServer = server;
    this.attachments.attach(server, options);
    return this;
  }

  /** For Connect and Express: answers requests under the path, and finds the http server for upgrades by itself. */
  middleware(options?: AttachOptions): Middleware {
    return this.attachments.middleware(options);
  }

  /** Ends all sessions and leaves the http servers that it was attached to; those stay open. */
  close(): this {
    for (const line of this.lines.values()) line.core.close('closed-here', true);
    for (const { timer } of this.farewells.values()) timer.cancel();
    this.farewells.clear();
    this.attachments.detach();
    return this;
  }

  /** Answers one HTTP request, whatever its path. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    // Middleware looks at it.
    queryOf(request);
    if (this.chain.length === 0) return this.dispatch(request, response);
    runMiddleware(this.chain, request, response, (error) => {
      if (error === undefined) this.dispatch(request, response);
      else this.refuse(request, response, refusal(errors.BAD_REQUEST, { name: 'MIDDLEWARE_FAILURE' }));
    });
  }

  /** Answers one upgrade, whatever its path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    queryOf(request);
    // Until the connection listens for itself, a reset would be an error that nobody heard.
    socket.on('error', ignoreReset);
    if (this.chain.length === 0) return this.dispatchUpgrade(request, socket, head, undefined);
    const response = responseFor(request, socket);
    runMiddleware(this.chain, request, response, (error) => {
      releaseSocket(response, socket);
      if (error === undefined) this.dispatchUpgrade(request, socket, head, response);
      else this.refuseUpgrade(request, socket, refusal(errors.BAD_REQUEST, { name: 'MIDDLEWARE_FAILURE' }));
    });
  }

  private hostForLines(): LineHost {
    return {
      clock: this.clock,
      settings: this.opts,
      answers: this.answers,
      terms: termsOf(this.opts),
      forget: (line, farewell) => this.forget(line, farewell),
      emit: (event, ...args) => this.emit(event, ...args),
    };
  }

  private lineOf(request: IncomingMessage): Line | undefined {
    const { sid } = queryOf(request);
    return typeof sid === 'string' ? this.lines.get(sid) : undefined;
  }

  private dispatch(request: IncomingMessage, response: ServerResponse): void {
    const line = this.lineOf(request);
    const allowedOrigin = response.getHeader('access-control-allow-origin') as string | undefined;
    const refused = checkRequest({ request, line, isUpgrade: false, allowedOrigin }, this.opts);
    if (refused !== undefined) {
      if (refused.code === errors.UNKNOWN_SID && this.sayFarewell(request, response)) return;
      return this.refuse(request, response, refused);
    }
    if (line === undefined) return this.openOnPolling(request, response);
    if (request.method === 'GET') takePoll(line, request, response);
    else takePost(line, request, response);
  }

  private dispatchUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    response: ServerResponse | undefined,
  ): void {
    const line = this.lineOf(request);
    const allowedOrigin = response?.getHeader('access-control-allow-origin') as string | undefined;
    const refused = checkRequest({ request, line, isUpgrade: true, allowedOrigin }, this.opts);
    if (refused !== undefined) return this.refuseUpgrade(request, socket, refused);
    const set = headersSetOn(response);
    if (line === undefined) return this.openOnWebSocket(request, socket, head, set);
    const added = [...set, ...this.answers.laterHeaders(request)];
    const transport = this.accept(line, request, socket, head, added, line.core.resumable);
    if (transport === undefined) return;
    if (line.transport.name === 'websocket') transport.close();
    else line.beginProbe(transport);
  }

  private openOnPolling(request: IncomingMessage, response: ServerResponse): void {
    this.admit(request, (refused, id) => {
      if (refused !== undefined) return this.refuse(request, response, refused);
      if (response.destroyed) return;
      const line = new Line(this.host, { id, request, protocol, origin: request.headers.origin });
      const initialHeaders = this.answers.initialHeaders(request, id);
      const transport = new PollingTransport(id, protocol, line, this.answers, initialHeaders);
      this.begin(line, transport, request);
      transport.poll(response);
      line.core.flush();
      this.emit('connection', line.session);
    });
  }

  private openOnWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer, set: HeaderList): void {
    this.admit(request, (refused, id) => {
      if (refused !== undefined) return this.refuseUpgrade(request, socket, refused);
      if (socket.destroyed) return;
      const line = new Line(this.host, { id, request, protocol, origin: request.headers.origin });
      const isResumable = this.termsFor(request) !== undefined;
      const added = [...set, ...this.answers.initialHeaders(request, id)];
      const transport = this.accept(line, request, socket, head, added, isResumable);
      if (transport === undefined) return;
      this.begin(line, transport, request);
      this.emit('connection', line.session);
    });
  }

  /** Asks whether a session may be opened, and under which id. */
  private admit(request: IncomingMessage, done: (refused: Refusal | undefined, id: string) => void): void {
    const settle = (id: unknown): void => {
      if (typeof id === 'string' && id !== '' && !this.lines.has(id)) done(undefined, id);
      else fail(new TypeError('generateId gave no id that is new'));
    };
    const fail = (error: unknown): void =>
      done(refusal(errors.BAD_REQUEST, { name: 'ID_GENERATION_ERROR', error }), '');
    askApplication(request, this.opts, (refused) => {
      if (refused !== undefined) return done(refused, '');
      let id: string | PromiseLike<string>;
      try {
        id = this.generateId(request);
      } catch (error) {
        return fail(error);
      }
      if (typeof id === 'string') settle(id);
      else id.then(settle, fail);
    });
  }

  private begin(line: Line, transport: PollingTransport | WebSocketTransport, request: IncomingMessage): void {
    const terms = this.termsFor(request);
    this.lines.set(line.id, line);
    log('%s: opened on %s', shortId(line.id), transport.name);
    line.open(transport, this.openPacket(line.id, transport.name, terms), terms);
  }

  /** Resume is for those who ask for it. */
  private termsFor(request: IncomingMessage): ResumeTerms | undefined {
    return queryOf(request)['resume'] === '1' ? this.host.terms : undefined;
  }

  private openPacket(sid: string, transport: TransportName, terms: ResumeTerms | undefined): string {
    const { pingInterval, pingTimeout, maxHttpBufferSize } = this.opts;
    const upgrades = this.upgrades(transport);
    const packet = { sid, upgrades, pingInterval, pingTimeout, maxPayload: maxHttpBufferSize };
    return JSON.stringify(terms === undefined ? packet : { ...packet, resume: { window: terms.windowMs } });
  }

  private accept(
    line: Line,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    added: HeaderList,
    tellsClose: boolean,
  ): WebSocketTransport | undefined {
    socket.off('error', ignoreReset);
    const connection = acceptUpgrade(request, socket, head, {
      limits: this.limits,
      headers: (lines) => {
        for (let at = 0; at < added.length; at += 2) lines.push(`${added[at]}: ${added[at + 1]}`);
      },
    });
    if (connection === undefined) return undefined;
    return new WebSocketTransport(line.id, line.session.protocol, line, connection, tellsClose);
  }

  private refuse(request: IncomingMessage, response: ServerResponse, why: Refusal): void {
    this.report(request, why);
    this.answers.refuse(response, why, request.method !== 'GET');
  }

  private refuseUpgrade(request: IncomingMessage, socket: Duplex, why: Refusal): void {
    this.report(request, why);
    socket.off('error', ignoreReset);
    refuseUpgrade(socket, {
      status: why.status,
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Vary: 'Origin' },
      body: refusalBody(why),
    });
  }

  private report(req: IncomingMessage, { code, context }: Refusal): void {
    log('refused with code %d: %j', code, Object.keys(context));
    this.emit('connection_error', { req, code, message: errorMessages[code], context });
  }

  private forget(line: Line, packets: readonly Packet[] | undefined): void {
    const { id } = line;
    if (this.lines.get(id) !== line) return;
    this.lines.delete(id);
    if (packets === undefined) return;
    const timer = this.clock.after(FAREWELL_MS, () => this.farewells.delete(id));
    this.farewells.set(id, { packets, timer });
  }

  /** Tells a peer at its next poll that its session has ended. */
  private sayFarewell(request: IncomingMessage, response: ServerResponse): boolean {
    const { sid } = queryOf(request);
    if (typeof sid !== 'string' || request.method !== 'GET') return false;
    const farewell = this.farewells.get(sid);
    if (farewell === undefined) return false;
    farewell.timer.cancel();
    this.farewells.delete(sid);
    this.answers.farewell(response, farewell.packets);
    return true;
  }
}

function ignoreReset(): void {}

function headersSetOn(response: ServerResponse | undefined): HeaderList {
  if (response === undefined) return [];
  const list: string[] = [];
  for (const [name, value] of Object.entries(response.getHeaders())) {
    for (const one of Array.isArray(value) ? value : [String(value)]) list.push(name, one);
  }
  return list;
}

function termsOf({ resume }: Settings): ResumeTerms | undefined {
  if (resume === undefined) return undefined;
  const { window, maxPackets, maxBytes } = resume;
  return {
    windowMs: window,
    maxPackets,
    maxBytes,
    // Often enough that the peer's journal stays well below its bound, which is ours.
    reportPackets: Math.max(1, Math.floor(maxPackets / 8)),
    reportBytes: Math.max(1, Math.floor(maxBytes / 8)),
  };
}
