import { ServerResponse } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import { refuseUpgrade } from '../websocket/index.ts';

/**
 * What middleware gets for a WebSocket that is asked for over HTTP/2: there is no socket to answer on, and Node makes its own
 * response of such a stream for once only. What is set on it can be read; what is answered refuses the stream.
 */
export class ConnectResponse extends ServerResponse {
  private readonly stream: Duplex;
  private body = '';

  constructor(request: IncomingMessage, stream: Duplex) {
    super(request);
    this.stream = stream;
  }

  override writeHead(status: number, ...given: unknown[]): this {
    this.statusCode = status;
    const headers = given.at(-1);
    if (typeof headers === 'object' && headers !== null) this.setHeaders(new Map(Object.entries(headers)));
    return this;
  }

  override write(chunk: unknown): boolean {
    this.body += String(chunk);
    return true;
  }

  override end(...given: unknown[]): this {
    const [chunk] = given;
    if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk);
    const headers: OutgoingHttpHeaders = this.getHeaders();
    refuseUpgrade(this.stream, { status: this.statusCode, headers, body: this.body });
    return this;
  }
}
