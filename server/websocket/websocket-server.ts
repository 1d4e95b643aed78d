/**
 * A WebSocket server for applications, with the names that users of `ws` know: on a port of its own, beside an HTTP server's
 * other work, or fed by hand.
 */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import debug from 'debug';

import { warnOf } from '../../shared/websocket/announcer.ts';
import { resolveDeflate } from '../../shared/websocket/deflate-options.ts';
import type { DeflateSettings } from '../../shared/websocket/deflate-options.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { outgoingNow } from '../../shared/websocket/outgoing-data.ts';
import type { SendData } from '../../shared/websocket/outgoing-data.ts';
import { SharedMessage } from '../../shared/websocket/shared-message.ts';
import type { SendOptions, WebSocketBase } from '../../shared/websocket/web-socket-base.ts';
import { acceptBid, readBid } from './accept-upgrade.ts';
import { judge } from './admission.ts';
import type { Verdict } from './admission.ts';
import { isRefusal } from './bid.ts';
import type { Bid, Offers, Refusal } from './bid.ts';
import { endUnanswered } from './foreign-upgrades.ts';
import { tellConnects } from './http2-connect.ts';
import { makeOwnServer } from './own-server.ts';
import type { QuickUpgrades } from './quick-upgrades.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { givenOptions, serverLimits, socketClass } from './server-options.ts';
import type { AnyServer, WebSocketServerOptions } from './server-options.ts';
import type { ServerWebSocket } from './server-socket.ts';

const log = debug('throughline:websocket:server');

/** As for `send`; a message to many is always whole. */
export type PublishOptions = Omit<SendOptions, 'fin'>;

/** Called with each WebSocket that was accepted. */
export type OnAccepted = (socket: ServerWebSocket, request: IncomingMessage) => void;

/**
 * Events: `listening`, `connection` (socket, request), `headers` (lines of the answer, request), `error` (error), `close`, and
 * `wsClientError` (error, socket, request): a request was refused, and whoever listens has to answer and close the socket.
 */
export class WebSocketServer extends EventEmitter {
  readonly options: WebSocketServerOptions;
  readonly path: string | undefined;
  /** The open connections; undefined with `clientTracking: false`. */
  readonly clients: Set<ServerWebSocket>;

  private readonly limits: Limits;
  private readonly deflate: DeflateSettings | undefined;
  private readonly socketClass: typeof ServerWebSocket;
  private readonly server: AnyServer | undefined;
  private endConnects: (() => void) | undefined = undefined;
  private quick: QuickUpgrades | undefined = undefined;
  /** One listener for all clients. */
  private readonly onClientClose: (this: ServerWebSocket) => void;
  private state: 'running' | 'closing' | 'closed' = 'running';

  /**
   * @param listening called once the port is open
   * @throws TypeError unless exactly one of `port`, `server` and `noServer` is given
   * @throws OptionError for a limit that can't be
   */
  constructor(options: WebSocketServerOptions, listening?: () => void) {
    super();
    const given = givenOptions(options);
    const ways = [given.port !== undefined, given.server !== undefined, given.noServer === true];
    if (ways.filter(Boolean).length !== 1)
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified');
    this.options = given;
    this.path = given.path;
    this.limits = serverLimits(given);
    this.deflate = resolveDeflate(given.perMessageDeflate, false);
    this.socketClass = socketClass(given);
    // Undefined as in ws, although its type says nothing of the kind: whoever turns tracking off doesn't ask.
    this.clients = given.clientTracking === false ? (undefined as never) : new Set();
    const forget = this.forget.bind(this);
    this.onClientClose = function (this: ServerWebSocket) {
      forget(this);
    };
    this.server = given.server;
    if (given.port !== undefined) {
      const { server, quick } = makeOwnServer(this.limits);
      this.quick = quick;
      this.server = server.listen(given.port, given.host, given.backlog, listening);
    }
    this.server?.on('listening', this.onListening).on('error', this.onError).on('upgrade', this.onUpgrade);
    if (this.server !== undefined) this.endConnects = tellConnects(this.server);
  }

  /** Where it listens, as `net.Server` says it; null when it doesn't, or no longer accepts. @throws Error with `noServer` */
  address(): AddressInfo | string | null {
    if (this.options.noServer === true) throw new Error('The server is operating in "noServer" mode');
    return this.state === 'running' ? (this.server?.address() ?? null) : null;
  }

  /** Whether `request` is for this server. Applications may override it. */
  shouldHandle(request: IncomingMessage): boolean {
    return this.path === undefined || pathOf(request.url ?? '') === this.path;
  }

  /**
   * Takes an upgrade over: checks it, refuses it or accepts it. `socket` may be a stream of HTTP/2 (RFC 8441).
   *
   * @param accepted called with the WebSocket, before anything is told by it
   * @throws Error where `socket` was handed over before
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, accepted: OnAccepted): void {
    if (isTaken(socket))
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
      );
    const bid = readBid(request, socket, head);
    if (isRefusal(bid.offers)) return this.refuse(bid, bid.offers);
    this.guard(bid, () => {
      if (!this.shouldHandle(request)) return this.refuse(bid, { status: 400 });
      const verdict = judge(bid, this.options, (decided) => this.guard(bid, () => this.answer(bid, decided, accepted)));
      if (verdict === 'later') socket.on('error', ignore);
      this.answer(bid, verdict, accepted);
    });
  }

  /**
   * Sends one message to many: framed once, and compressed once where receivers can take that; the same bytes go to all. Those
   * that are not open are left out.
   *
   * @param data must not change until it is sent
   */
  publish(sockets: Iterable<WebSocketBase>, data: SendData, options: PublishOptions = {}): void {
    const value = outgoingNow(data);
    const message = new SharedMessage(value, options.binary ?? typeof value !== 'string', this.deflate);
    for (const socket of sockets) socket.sendShared(message, options.compress);
  }

  /**
   * Stops accepting. Open connections stay: close them through `clients`. `close` is told when all are gone (with a `server` of
   * the application's and without `clientTracking`: at once).
   *
   * @param closed called then, or with an error where it was not running
   */
  close(closed?: (error?: Error) => void): void {
    if (this.state === 'closed') {
      if (closed !== undefined) process.nextTick(closed, new Error('The server is not running'));
      return;
    }
    if (closed !== undefined) this.once('close', () => closed());
    if (this.state === 'closing') return;
    this.state = 'closing';
    this.server?.off('listening', this.onListening).off('error', this.onError).off('upgrade', this.onUpgrade);
    this.endConnects?.();
    this.quick?.cut();
    if (this.options.port !== undefined) this.server?.close(() => this.finish());
    else if (!this.clients?.size) process.nextTick(() => this.finish());
  }

  private finish(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.emit('close');
  }

  /** Where a function of the application's throws, this one request bears it, and the error is told as a warning. */
  private guard(bid: Bid, decide: () => void): void {
    try {
      decide();
    } catch (error) {
      warnOf(error);
      this.refuse(bid, { status: 500 });
    }
  }

  private answer(bid: Bid, verdict: Verdict, accepted: OnAccepted): void {
    if (verdict === 'accept') this.accept(bid, accepted);
    else if (verdict !== 'later') this.refuse(bid, verdict);
  }

  private accept(bid: Bid, accepted: OnAccepted): void {
    const { request, stream } = bid;
    // The client may have gone while it was being verified.
    if (!stream.readable || !stream.writable) return void stream.destroy();
    if (this.state !== 'running') return this.refuse(bid, { status: 503 });
    const protocol = this.chooseProtocol((bid.offers as Offers).protocols, request);
    const hasListener = this.listenerCount('headers') > 0;
    const connection = acceptBid(bid, {
      limits: this.limits,
      deflate: this.deflate,
      protocol,
      headers: hasListener ? (lines) => this.emit('headers', lines, request) : undefined,
      textAsBytes: true,
      autoPong: this.options.autoPong,
    });
    stream.off('error', ignore);
    const client = new this.socketClass(connection, protocol ?? '');
    if (this.clients !== undefined) {
      this.clients.add(client);
      client.on('close', this.onClientClose);
    }
    connection.guard(() => accepted(client, request));
  }

  /** A subprotocol that the client didn't ask for would make it fail: none then. */
  private chooseProtocol(asked: ReadonlySet<string>, request: IncomingMessage): string | undefined {
    if (asked.size === 0) return undefined;
    const [first] = asked;
    const chosen =
      this.options.handleProtocols === undefined ? first : this.options.handleProtocols(new Set(asked), request);
    return chosen !== undefined && chosen !== false && asked.has(chosen) ? chosen : undefined;
  }

  private forget(client: ServerWebSocket): void {
    this.clients.delete(client);
    if (this.state !== 'closing' || this.options.port !== undefined || this.clients.size > 0) return;
    // Its own listeners of `close`, which stand behind ours, are told before the server's.
    process.nextTick(() => this.finish());
  }

  private refuse(bid: Bid, refusal: Refusal): void {
    log('refused with %d: %s', refusal.status, refusal.body ?? '');
    const why = new Error(refusal.body ?? `refused with ${refusal.status}`);
    if (this.listenerCount('wsClientError') === 0) return refuseUpgrade(bid.stream, refusal, this.limits);
    try {
      this.emit('wsClientError', why, bid.stream, bid.request);
    } catch (error) {
      // It may have answered or not.
      warnOf(error);
      bid.stream.destroy();
    }
  }

  private readonly onListening = (): void => void this.emit('listening');

  private readonly onError = (error: Error): void => void this.emit('error', error);

  private readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.server!.listenerCount('upgrade') > 1 && this.isForeign(request))
      endUnanswered(socket, this.limits.foreignUpgradeTimeoutMs);
    else this.handleUpgrade(request, socket, head, this.onAccepted);
  };

  private isForeign(request: IncomingMessage): boolean {
    try {
      return !this.shouldHandle(request);
    } catch {
      // It will throw again where the request can be refused for that.
      return false;
    }
  }

  private readonly onAccepted = (client: ServerWebSocket, request: IncomingMessage): void => {
    this.emit('connection', client, request);
  };
}

/** Whether a server of ours was handed `socket` already: it is being verified, or was accepted or refused. */
function isTaken(socket: Duplex): boolean {
  return socket.listenerCount('data') > 0 || socket.listenerCount('error', ignore) > 0;
}

/** The path of a request's target, also where that is a whole URL (RFC 9112 §3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0] || '/';
}

function ignore(): void {
  // The stream's `close` says all that matters here.
}
