/**
 * What Node's HTTP server hands to ours, for a simulation: just as much of a request, a response and an upgraded connection
 * as our server looks at.
 */
import { EventEmitter } from 'node:events';
import type { ConnectionSink } from '../../shared/websocket/connection.ts';

/** The TCP socket that a request came by. */
export class SimulatedSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  destroyed = false;
  destroy(): this {
    this.destroyed = true;
    return this;
  }
}

export class SimulatedRequest extends EventEmitter {
  readonly httpVersion = '1.1';
  readonly socket = new SimulatedSocket();
  readonly connection = this.socket;
  readonly headers: Record<string, string>;
  readonly method: string;
  readonly url: string;
  complete = false;

  constructor(method: string, url: string, headers: Record<string, string>) {
    super();
    this.method = method;
    this.url = url;
    this.headers = headers;
  }

  /** The body arrives, whole. */
  bring(body: string): void {
    if (body !== '') this.emit('data', Buffer.from(body));
    this.complete = true;
    this.emit('end');
    this.emit('close');
  }

  resume(): this {
    return this;
  }

  unpipe(): this {
    return this;
  }
}

/** Where what the server answers goes. */
export interface AnswerSink {
  part(status: number, text: string): void;
  end(status: number): void;
}

export class SimulatedResponse extends EventEmitter {
  readonly req: SimulatedRequest;
  readonly socket: SimulatedSocket;
  statusCode = 200;
  headersSent = false;
  writableEnded = false;
  writableLength = 0;
  writableNeedDrain = false;
  destroyed = false;
  private readonly sink: AnswerSink;

  constructor(request: SimulatedRequest, sink: AnswerSink) {
    super();
    this.req = request;
    this.socket = request.socket;
    this.sink = sink;
  }

  get closed(): boolean {
    return this.destroyed;
  }

  setHeader(): this {
    return this;
  }

  getHeader(): undefined {
    return undefined;
  }

  removeHeader(): void {}

  flushHeaders(): void {}

  writeHead(status: number): this {
    this.statusCode = status;
    this.headersSent = true;
    return this;
  }

  write(text: string | Buffer): boolean {
    if (!this.writableEnded && !this.destroyed) this.sink.part(this.statusCode, String(text));
    return true;
  }

  end(text?: string | Buffer): this {
    if (this.writableEnded || this.destroyed) return this;
    this.headersSent = true;
    if (text !== undefined) this.write(text);
    this.writableEnded = true;
    this.sink.end(this.statusCode);
    return this;
  }

  destroy(): this {
    this.breakOff();
    return this;
  }

  /** The connection is gone. */
  breakOff(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

/** What a WebSocket's other end does with what the server sends. */
export interface WebSocketPeer {
  open(): void;
  message(data: string | Buffer): void;
  closed(): void;
}

/** Stands in for the websocket floor's `Connection`: messages instead of bytes. */
export class SimulatedConnection {
  sink: ConnectionSink | undefined;
  readonly bufferedAmount = 0;
  readonly isCongested = false;
  private peer: WebSocketPeer | undefined;

  constructor(peer: WebSocketPeer) {
    this.peer = peer;
  }

  get isOpen(): boolean {
    return this.peer !== undefined;
  }

  sendText(text: string): void {
    this.peer?.message(text);
  }

  sendTyped(lead: number, text: string): void {
    this.sendText(String.fromCharCode(lead) + text);
  }

  sendBinary(bytes: Uint8Array): void {
    this.peer?.message(Buffer.from(bytes));
  }

  sendFrames(): void {
    throw new Error('a simulation frames nothing');
  }

  close(): void {
    const { peer } = this;
    this.peer = undefined;
    peer?.closed();
  }

  terminate(): void {
    this.close();
  }

  /** A message came in. */
  arrive(data: string | Buffer): void {
    if (this.isOpen) this.sink!.message(data, typeof data !== 'string');
  }

  /** The other end closed, or the network broke. */
  end(error?: Error): void {
    if (!this.isOpen) return;
    this.peer = undefined;
    this.sink!.closed(1006, '', false, error);
  }
}

/** A raw socket at an upgrade: `acceptUpgrade` finds the peer on it. */
export class UpgradeSocket extends SimulatedSocket {
  connection: SimulatedConnection | undefined;
  private readonly peer: WebSocketPeer;

  constructor(peer: WebSocketPeer) {
    super();
    this.peer = peer;
  }

  accept(): SimulatedConnection {
    this.connection = new SimulatedConnection(this.peer);
    this.peer.open();
    return this.connection;
  }

  /** A refusal is written and the connection closed: to the client it makes no difference what was written. */
  override destroy(): this {
    if (!this.destroyed) this.peer.closed();
    return super.destroy();
  }
}
