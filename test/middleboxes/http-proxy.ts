/**
 * An HTTP/1.1 proxy that misunderstands what passes through it: it refuses WebSockets, loses their Upgrade header, cuts
 * them after a while, holds a response back until it is whole, compresses or crumbles it, or sends a POST twice.
 */
import { once } from 'node:events';
import { createServer, request, Agent, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { reset } from './reset.ts';

/** What it makes of a request to upgrade. */
export type UpgradeHandling =
  /** It lets the WebSocket through. */
  | 'pass'
  /** It answers itself, with a page. */
  | { readonly status: 403 | 502 }
  /** It forwards the request as one of plain HTTP, as a proxy does that knows no Upgrade. */
  | 'swallow'
  /** It lets the handshake through, and not one frame after it. */
  | 'silent';

export interface HttpProxyOptions {
  /** @defaultValue 'pass' */
  readonly upgrade?: UpgradeHandling;
  /** Ends each WebSocket after so long (ms). Never where it is left out. */
  readonly cutWebSocketsAfterMs?: number;
  /** Passes a response on only when it has ended. */
  readonly buffersResponses?: boolean;
  /**
   * Compresses responses for those who take that: each piece at once, or what makes a whole block of zlib's, which is as good
   * as holding back.
   */
  readonly compresses?: 'each piece' | 'whole blocks';
  /** Passes responses on in chunks of one byte. */
  readonly crumbles?: boolean;
  /** Asked for each POST: true sends it a second time when the first was answered, and passes the second answer on. */
  readonly repeatsPost?: () => boolean;
}

/** What a hop keeps to itself (RFC 9110 §7.6.1). Node writes its own. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer']);

const page = (status: number) => `<!doctype html><title>${status}</title><h1>${status}</h1><p>The proxy says no.</p>`;

export class HttpProxy {
  /** POSTs that were sent twice. */
  repeated = 0;
  private readonly upstreamPort: number;
  private readonly options: HttpProxyOptions;
  private readonly listener: Server;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly tunnels = new Set<Socket>();

  private constructor(upstreamPort: number, options: HttpProxyOptions) {
    this.upstreamPort = upstreamPort;
    this.options = options;
    this.listener = createServer((incoming, answer) => void this.handle(incoming, answer));
    const { upgrade = 'pass' } = options;
    // Without a listener Node hands a request to upgrade to the one above, as any other.
    if (upgrade === 'pass' || upgrade === 'silent') {
      this.listener.on('upgrade', (incoming, near: Socket, head) => this.tunnel(incoming, near, head, upgrade));
    }
  }

  /** A proxy before 127.0.0.1:`upstreamPort`, ready to be connected to. */
  static async before(upstreamPort: number, options: HttpProxyOptions): Promise<HttpProxy> {
    const proxy = new HttpProxy(upstreamPort, options);
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.listener.closeAllConnections();
    for (const tunnel of this.tunnels) tunnel.destroy();
    this.agent.destroy();
    await closed;
  }

  private async handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { upgrade } = this.options;
    if (incoming.headers.upgrade !== undefined && typeof upgrade === 'object') {
      answer.writeHead(upgrade.status, { 'Content-Type': 'text/html', Connection: 'close' }).end(page(upgrade.status));
      return;
    }
    try {
      const body = await buffer(incoming);
      if (incoming.method === 'POST' && this.options.repeatsPost?.() === true) {
        const first = await this.forward(incoming, body, answer);
        await buffer(first);
        this.repeated += 1;
      }
      await this.passOn(incoming, await this.forward(incoming, body, answer), answer);
    } catch {
      // The client left, or the server did. Who is still there hears what proxies say then.
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502, { 'Content-Type': 'text/html' }).end(page(502));
    }
  }

  /** Sends the request on, and gives it up when the client does. */
  private async forward(incoming: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<IncomingMessage> {
    const outgoing = request({
      host: '127.0.0.1',
      port: this.upstreamPort,
      method: incoming.method,
      path: incoming.url,
      headers: endToEnd(incoming.headers),
      agent: this.agent,
    });
    answer.once('close', () => outgoing.destroy());
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return response;
  }

  private async passOn(incoming: IncomingMessage, response: IncomingMessage, answer: ServerResponse): Promise<void> {
    const headers = endToEnd(response.headers);
    const { compresses, crumbles } = this.options;
    const isAsked = /\bgzip\b/.test(String(incoming.headers['accept-encoding']));
    if (compresses !== undefined && isAsked && headers['content-encoding'] === undefined) {
      const { 'content-length': _length, ...others } = headers;
      answer.writeHead(response.statusCode ?? 502, { ...others, 'content-encoding': 'gzip' }).flushHeaders();
      const flush = compresses === 'each piece' ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH;
      await pipeline(response, createGzip({ flush }), answer);
      return;
    }
    if (this.options.buffersResponses === true) {
      const body = await buffer(response);
      answer.writeHead(response.statusCode ?? 502, headers).end(body);
      return;
    }
    answer.writeHead(response.statusCode ?? 502, headers);
    answer.flushHeaders();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (crumbles === true) for (const byte of chunk) answer.write(Buffer.of(byte));
      else answer.write(chunk);
    }
    answer.end();
  }

  private tunnel(incoming: IncomingMessage, near: Socket, head: Buffer, handling: 'pass' | 'silent'): void {
    const far = connect(this.upstreamPort, '127.0.0.1');
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    }
    far.write(`${lines.join('\r\n')}\r\n\r\n`);
    far.write(head);
    if (handling === 'pass') {
      near.pipe(far);
      far.pipe(near);
    } else {
      far.once('data', (handshake: Buffer) => near.write(handshake.subarray(0, handshake.indexOf('\r\n\r\n') + 4)));
    }
    for (const [side, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.tunnels.add(side);
      side.on('error', () => reset(other));
      side.on('close', () => {
        this.tunnels.delete(side);
        other.destroy();
      });
    }
    const { cutWebSocketsAfterMs } = this.options;
    if (cutWebSocketsAfterMs === undefined) return;
    const cut = setTimeout(() => near.destroy(), cutWebSocketsAfterMs);
    near.once('close', () => clearTimeout(cut));
  }
}

function endToEnd(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
