/** An engine server on a port of its own, and peers that say exactly what a test wants said. */
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server as HttpServer } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import type { EventEmitter } from 'node:events';

import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { attach } from '../../server/engine/index.ts';
import type { AttachOptions, Server, ServerOptions, Session } from '../../server/engine/index.ts';

export interface Served {
  readonly engine: Server;
  readonly http: HttpServer;
  readonly port: number;
  readonly url: string;
  /** Sessions in the order in which they were opened. */
  readonly sessions: Session[];
  /** What `connection_error` told: code and context. */
  readonly refusals: { code: number; context: Record<string, unknown> }[];
}

/** Serves until the test is over. */
export async function serve(options: ServerOptions & AttachOptions = {}, http = createServer()): Promise<Served> {
  const engine = attach(http, options);
  const sessions: Session[] = [];
  const refusals: Served['refusals'] = [];
  engine.on('connection', (session: Session) => sessions.push(session));
  engine.on('connection_error', ({ code, context }) => refusals.push({ code, context }));
  const port = await listen(http, () => engine.close());
  return { engine, http, port, url: `http://localhost:${port}`, sessions, refusals };
}

/** Listens on a free port until the test is over. */
export async function listen(http: HttpServer, before: () => void = () => {}): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, resolve));
  onTestFinished(async () => {
    before();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  return (http.address() as AddressInfo).port;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly query?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });

/** Sends one request and resolves with its answer. */
export async function ask(port: number, given: Ask): Promise<Answer> {
  const { answer } = begin(port, given);
  const response = await answer;
  let body = '';
  response.setEncoding('utf8');
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode!, headers: response.headers, body };
}

/** Sends one request and lets the caller read its answer, or break it off. */
export function begin(
  port: number,
  { method = 'GET', query = '', path = '/engine.io/', headers = {}, body }: Ask,
): { readonly answer: Promise<IncomingMessage>; destroy(): void } {
  const type = body === undefined ? {} : { 'Content-Type': 'text/plain;charset=UTF-8' };
  const request = httpRequest({ port, agent, method, path: `${path}?${query}`, headers: { ...type, ...headers } });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  answer.catch(() => {});
  onTestFinished(() => void request.destroy());
  request.end(body);
  return { answer, destroy: () => request.destroy() };
}

/** Opens a session on polling and resolves with what its open packet says. */
export async function open(
  port: number,
  query = '',
  headers: Record<string, string> = {},
): Promise<{ sid: string; upgrades: string[]; resume?: { window: number }; maxPayload: number }> {
  const { body } = await ask(port, { query: `EIO=4&transport=polling${query}`, headers });
  return JSON.parse(body.split('\x1e')[0]!.slice(1));
}

/** A peer on long-polling. */
export class Poller {
  readonly port: number;
  readonly sid: string;
  turn = 0;

  constructor(port: number, sid: string) {
    this.port = port;
    this.sid = sid;
  }

  query(more = '', transport = 'polling'): string {
    return `EIO=4&transport=${transport}&sid=${this.sid}${more}`;
  }

  get(more = ''): Promise<Answer> {
    return ask(this.port, { query: this.query(more) });
  }

  /** A GET whose answer nobody needs. */
  hold(more = ''): void {
    begin(this.port, { query: this.query(more) });
  }

  post(body: string | Buffer, more = '', headers: Record<string, string> = {}): Promise<Answer> {
    return ask(this.port, { method: 'POST', query: this.query(more), body, headers });
  }

  /** A GET of a peer that counts. */
  seen(count: number | string, more = ''): Promise<Answer> {
    return this.get(`&seen=${count}&turn=${++this.turn}${more}`);
  }

  /** A POST of a peer that counts. */
  from(count: number | string, body: string): Promise<Answer> {
    return this.post(body, `&from=${count}&turn=${++this.turn}`);
  }

  webSocket(more = '', options = {}): WebSocketPeer {
    return new WebSocketPeer(this.port, this.query(more, 'websocket'), options);
  }
}

/** A peer on WebSocket: what it was sent, in order. */
export class WebSocketPeer {
  readonly got: string[] = [];
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** The status where it was refused. */
  readonly refused: Promise<number>;
  private readonly waiting: (() => void)[] = [];

  constructor(port: number, query: string, options = {}) {
    this.socket = new WebSocket(`ws://localhost:${port}/engine.io/?${query}`, options);
    this.socket.on('error', () => {});
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.got.push(isBinary ? `<${data.toString('hex')}>` : data.toString());
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.refused = new Promise((resolve) =>
      this.socket.once('unexpected-response', (_request, response) => resolve(response.statusCode!)),
    );
    onTestFinished(() => this.socket.terminate());
  }

  send(...packets: (string | Buffer)[]): void {
    for (const packet of packets) this.socket.send(packet);
  }

  /** Resolves once `count` messages have come. */
  async until(count: number): Promise<string[]> {
    while (this.got.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.got;
  }
}

/** A TCP connection on which a test writes what it likes; `received` grows. */
export async function tcp(port: number): Promise<{ socket: TcpSocket; ended: Promise<string> }> {
  const socket = connectTcp(port);
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => {});
  const ended = new Promise<string>((resolve) => socket.on('close', () => resolve(received)));
  await new Promise((resolve) => socket.once('connect', resolve));
  onTestFinished(() => void socket.destroy());
  return { socket, ended };
}

/** Resolves with the arguments of the next event of that name. */
export function next<Args extends unknown[]>(emitter: EventEmitter, event: string): Promise<Args> {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args as Args)));
}
