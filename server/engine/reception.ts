/**
 * Receives requests and upgrades: each is checked, and then opens a session or goes to the one that it names.
 *
 * Every way out of here answers. What a peer does wrong is answered with Engine.IO's error codes and told by
 * `connection_error`; it is never thrown.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import debug from 'debug';

import type { Packet } from '../../shared/engine/packet.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import { checkRequest } from './admission.ts';
import type { Answers, HeaderList } from './answer.ts';
import { diagnostics } from './diagnostics.ts';
import { hitLimit, limitOfRefusal } from './limit-hits.ts';
import type { Line } from './line.ts';
import { releaseSocket, responseFor, runMiddleware } from './middleware.ts';
import type { Middleware } from './middleware.ts';
import { Openings } from './openings.ts';
import type { OpeningHost } from './openings.ts';
import type { Settings } from './options.ts';
import { errorMessages, errors, nameOf, refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Registry } from './registry.ts';
import { messageOf, queryOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import { codecFor } from './revisions.ts';
import { newHttpTransport, takeGet } from './take-get.ts';
import { takePost } from './take-post.ts';
import { takeUpgrade } from './take-upgrade.ts';
import type { Transport } from './transport.ts';
import { WebSocketDoor } from './websocket-door.ts';
import type { Knock } from './websocket-door.ts';

const log = debug('throughline:engine:reception');

/** The server, as its reception sees it. */
export interface ReceptionHost extends OpeningHost {
  emit(event: string, ...args: unknown[]): boolean;
}

export class Reception {
  /** Middleware for requests, and that for upgrades. */
  readonly chain: Middleware[] = [];
  readonly upgradeChain: Middleware[] = [];
  private readonly host: ReceptionHost;
  private readonly registry: Registry;
  private readonly settings: Settings;
  private readonly answers: Answers;
  private readonly door: WebSocketDoor;
  private readonly openings: Openings;
  private hasWarned = false;

  constructor(host: ReceptionHost, registry: Registry) {
    this.host = host;
    this.registry = registry;
    this.settings = registry.settings;
    this.answers = registry.answers;
    this.door = new WebSocketDoor(this.settings);
    this.openings = new Openings(host, registry);
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    // Middleware looks for it.
    queryOf(request);
    if (this.chain.length === 0) return this.dispatch(request, response);
    runMiddleware(this.chain, request, response, (error) => {
      if (error === undefined) this.dispatch(request, response);
      else this.refuse(request, response, middlewareFailed);
    });
  }

  upgrade(knock: Knock): void {
    if (this.upgradeChain.length === 0) this.dispatchUpgrade(knock, undefined);
    else this.runUpgradeChain(knock);
    // It is still being decided about.
    if (knock.socket.listenerCount('error') === 0) this.door.hold(knock);
  }

  private runUpgradeChain(knock: Knock): void {
    const { socket } = knock;
    const request = messageOf(knock.request);
    queryOf(request);
    const response = responseFor(request, socket);
    runMiddleware(this.upgradeChain, request, response, (error) => {
      releaseSocket(response, socket);
      // It may have changed what it was given.
      if (error === undefined) this.dispatchUpgrade({ ...knock, request }, response);
      else this.refuseUpgrade(knock, middlewareFailed);
    });
  }

  private dispatch(request: IncomingMessage, response: ServerResponse): void {
    const line = this.lineOf(request);
    const allowedOrigin = response.getHeader('access-control-allow-origin');
    const refused = checkRequest({ request, line, isUpgrade: false, allowedOrigin }, this.settings);
    if (refused !== undefined) {
      if (refused.code === errors.UNKNOWN_SID && this.sayFarewell(request, response)) return;
      return this.refuse(request, response, refused);
    }
    if (line === undefined) return this.openOnHttp(request, response);
    const refuse = (why: Refusal): void => this.refuse(request, response, why);
    if (request.method === 'GET') takeGet({ line, request, response, refuse });
    else takePost({ line, request, response, refuse });
  }

  private dispatchUpgrade(knock: Knock, response: ServerResponse | undefined): void {
    const { request } = knock;
    const line = this.lineOf(request);
    const allowedOrigin = response?.getHeader('access-control-allow-origin');
    const refused = checkRequest({ request, line, isUpgrade: true, allowedOrigin }, this.settings);
    if (refused !== undefined) {
      if (refused.code === errors.UNKNOWN_SID && queryOf(request)['seen'] !== undefined)
        return this.tellGone(knock, refused);
      return this.refuseUpgrade(knock, refused);
    }
    const set = headersSetOn(response);
    if (line === undefined) return this.openOnWebSocket(knock, set);
    takeUpgrade({
      line,
      request,
      refuse: (why) => this.refuseUpgrade(knock, why),
      tell: (packets) => this.door.tell(knock, packets),
      accept: () => this.accept(knock, [...set, ...this.answers.laterHeaders(request)], line),
    });
  }

  private openOnHttp(request: IncomingMessage, response: ServerResponse): void {
    this.openings.admit(request, (refused, id) => {
      if (refused !== undefined) return this.refuse(request, response, refused);
      if (response.destroyed) return;
      const line = this.openings.newLine(request, id);
      const codec = codecFor(line.session.protocol, request);
      const initialHeaders = this.answers.initialHeaders(request, id);
      const name = queryOf(request)['transport'];
      const transport = newHttpTransport(name, id, codec, line, this.answers, initialHeaders);
      this.openings.begin(line, transport, request);
      transport.take(response);
      line.core.flush();
      this.host.emit('connection', line.session);
    });
  }

  private openOnWebSocket(knock: Knock, set: HeaderList): void {
    const { request } = knock;
    this.openings.admit(request, (refused, id) => {
      if (refused !== undefined) return this.refuseUpgrade(knock, refused);
      const line = this.openings.newLine(request, id);
      const initial = this.answers.initialHeaders(request, id);
      const added = set.length === 0 ? initial : [...set, ...initial];
      const transport = this.accept(knock, added, line);
      if (transport === undefined) return;
      this.openings.begin(line, transport, request);
      this.host.emit('connection', line.session);
    });
  }

  private accept(knock: Knock, added: HeaderList, line: Line): Transport | undefined {
    const transport = this.door.accept(knock, added, line);
    if (transport === undefined) this.report(knock.request, noWebSocket);
    return transport;
  }

  private refuse(request: IncomingMessage, response: ServerResponse, why: Refusal): void {
    this.report(request, why);
    this.answers.refuse(response, why, !request.complete);
  }

  private refuseUpgrade(knock: Knock, why: Refusal): void {
    this.report(knock.request, why);
    this.door.refuse(knock, why);
  }

  /** A peer of our own comes back to a session that is gone. */
  private tellGone(knock: Knock, why: Refusal): void {
    this.report(knock.request, why);
    this.door.tell(knock, this.registry.farewells.toPoll(String(queryOf(knock.request)['sid'])) ?? sessionUnknown);
  }

  private report(request: AnyRequest, why: Refusal): void {
    const { code, context } = why;
    const { rejected, limitHits } = this.registry.counts;
    log('refused with code %d, %j', code, context.name ?? errorMessages[code]);
    rejected[nameOf(why)]++;
    if (context.name === 'ORIGIN' && this.settings.cors === undefined) this.warnOnce();
    if (diagnostics.reject.hasSubscribers)
      diagnostics.reject.publish({ code, name: context.name ?? errorMessages[code] });
    const limit = limitOfRefusal(why);
    if (limit !== undefined) hitLimit(limitHits, limit, this.lineOf(request)?.session);
    const req = messageOf(request);
    this.host.emit('connection_error', { req, code, message: errorMessages[code], context });
  }

  /** Whoever moves here from a server that let everybody in should not have to search. */
  private warnOnce(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    process.emitWarning(
      'A page of another site came with cookies and was refused. To let it in, name it: ' +
        "new Server({ cors: { origin: 'https://its.example', credentials: true } }).",
      'ThroughlineWarning',
    );
  }

  private lineOf(request: AnyRequest): Line | undefined {
    const { sid } = queryOf(request);
    return typeof sid === 'string' ? this.registry.get(sid) : undefined;
  }

  /** Tells a late request that its session has ended, and why. */
  private sayFarewell(request: IncomingMessage, response: ServerResponse): boolean {
    const { sid } = queryOf(request);
    if (typeof sid !== 'string') return false;
    const { farewells } = this.registry;
    const words = request.method === 'GET' ? farewells.toPoll(sid) : farewells.toPost(sid);
    if (words === undefined || words.length === 0) return false;
    if (words === 'nothing') this.answers.postInVain(response);
    else this.answers.farewell(response, words);
    return true;
  }
}

const middlewareFailed = refusal(errors.BAD_REQUEST, { name: 'MIDDLEWARE_FAILURE' });
const noWebSocket = refusal(errors.BAD_REQUEST, { name: 'TRANSPORT_HANDSHAKE_ERROR' });

/** What a peer hears of a session that nobody here remembers. */
const sessionUnknown: readonly Packet[] = [
  { type: 'noop', data: JSON.stringify({ why: 'session-unknown' satisfies ReasonCode }) },
  { type: 'close' },
];

function headersSetOn(response: ServerResponse | undefined): HeaderList {
  const list: string[] = [];
  if (response === undefined) return list;
  for (const [name, value] of Object.entries(response.getHeaders())) {
    for (const one of Array.isArray(value) ? value : [String(value)]) list.push(name, one);
  }
  return list;
}
