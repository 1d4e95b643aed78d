/** A peer made of a bare TCP socket: it sends the bytes that a test gives it and keeps what comes. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { readFrames } from './raw-frames.ts';
import type { Seen } from './raw-frames.ts';

/** RFC 6455 §1.3 */
export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const SAMPLE_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const standardHeaders: Headers = {
  Host: 'localhost',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': SAMPLE_KEY,
};

export interface RequestLine {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
}

/** A request to upgrade, with headers changed, added, or left out where they are undefined. */
export function upgradeRequest(headers: Headers = {}, line: RequestLine = {}): string {
  const { method = 'GET', path = '/', version = 'HTTP/1.1' } = line;
  const lines = [`${method} ${path} ${version}`];
  for (const [name, value] of Object.entries({ ...standardHeaders, ...headers }))
    for (const one of [value ?? []].flat()) lines.push(`${name}: ${one}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

export class RawPeer {
  readonly socket: Socket;
  /** All that came, and the head that came before the frames. */
  private received = Buffer.alloc(0);
  head = '';
  readonly frames: Seen[] = [];
  private isOver = false;
  private wake: (() => void) | undefined = undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.digest();
    });
    // A reset is an end too; which of both it was is seldom the matter.
    socket.on('error', () => {});
    socket.on('close', () => this.end());
    socket.on('end', () => this.end());
  }

  /** Connects, and says nothing yet. `allowHalfOpen`: so that the peer's end doesn't end ours. */
  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  /** Connects and upgrades. @param behind bytes that go out right behind the request */
  static async open(port: number, headers: Headers = {}, behind: Uint8Array = new Uint8Array()): Promise<RawPeer> {
    const peer = await RawPeer.connect(port);
    peer.write(Buffer.concat([Buffer.from(upgradeRequest(headers), 'latin1'), behind]));
    await peer.answered();
    return peer;
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** From now on reads slowly: after so many bytes it rests for a while (ms), again and again. */
  restAfter(bytes: number, restMs: number): void {
    let read = 0;
    this.socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read < bytes) return;
      read = 0;
      this.socket.pause();
      setTimeout(() => this.socket.resume(), restMs);
    });
  }

  /** Resolves with the answer's status once its head is here; with 0 where the connection ended before. */
  async answered(): Promise<number> {
    await this.until(() => this.head !== '');
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.head)?.[1] ?? 0);
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)\r$`, 'im').exec(this.head)?.[1];
  }

  /** Resolves once so many frames have come in all, or nothing comes any more. */
  async seen(count: number): Promise<readonly Seen[]> {
    await this.until(() => this.frames.length >= count);
    return this.frames;
  }

  /** Resolves when the other side has ended the connection. */
  async ended(): Promise<void> {
    await this.until(() => this.isOver);
  }

  /** What came behind the head of a refusal. */
  get body(): string {
    return this.received.toString('latin1');
  }

  /** All frames until the other side ended the connection. A client may wait for our end first: it comes behind its Close. */
  async allFrames(): Promise<readonly Seen[]> {
    await this.until(() => this.frames.some(({ opcode }) => opcode === 8));
    this.socket.end();
    await this.ended();
    this.socket.destroy();
    return this.frames;
  }

  /** Cuts with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  private digest(): void {
    if (this.head === '') {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.received.subarray(0, end + 2).toString('latin1');
      this.received = this.received.subarray(end + 4);
    }
    if (!this.head.startsWith('HTTP/1.1 1') && !this.head.startsWith('GET')) return this.wake?.();
    const { frames, rest } = readFrames(this.received);
    this.frames.push(...frames);
    this.received = Buffer.from(rest);
    this.wake?.();
  }

  private end(): void {
    this.isOver = true;
    this.wake?.();
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.isOver) {
      await new Promise<void>((resolve) => void (this.wake = resolve));
      this.wake = undefined;
    }
  }
}

/** A server made of bare TCP sockets. */
export class RawServer {
  readonly server: Server;
  private readonly waiting: ((peer: RawPeer) => void)[] = [];
  private readonly peers: RawPeer[] = [];

  private constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket) => {
      const peer = new RawPeer(socket);
      const taker = this.waiting.shift();
      if (taker === undefined) this.peers.push(peer);
      else taker(peer);
    });
  }

  static async listen(): Promise<RawServer> {
    const raw = new RawServer(createServer({ allowHalfOpen: true }));
    raw.server.listen(0, '127.0.0.1');
    await once(raw.server, 'listening');
    return raw;
  }

  get port(): number {
    // It listens on a port, so that this is no path.
    return (this.server.address() as AddressInfo).port;
  }

  /** The next connection, with its request's head read. */
  async accepted(): Promise<RawPeer> {
    const peer = this.peers.shift() ?? (await new Promise<RawPeer>((resolve) => void this.waiting.push(resolve)));
    await peer.answered();
    return peer;
  }

  /** The next connection, upgraded. @param behind bytes that go out right behind the answer */
  async upgraded(headers: Headers = {}, behind: Uint8Array = new Uint8Array()): Promise<RawPeer> {
    const peer = await this.accepted();
    peer.write(Buffer.concat([Buffer.from(upgradeAnswer(peer, headers), 'latin1'), behind]));
    return peer;
  }

  close(): void {
    this.server.close();
  }
}

/** The right answer to what `peer` asks, with headers changed, added, or left out where they are undefined. */
export function upgradeAnswer(peer: RawPeer, headers: Headers = {}, status = '101 Switching Protocols'): string {
  const key = peer.header('Sec-WebSocket-Key') ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const standard = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept };
  const lines = [`HTTP/1.1 ${status}`];
  for (const [name, value] of Object.entries<Headers[string]>({ ...standard, ...headers }))
    for (const one of [value ?? []].flat()) lines.push(`${name}: ${one}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
