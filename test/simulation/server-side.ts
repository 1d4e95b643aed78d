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

/** Says whether what was just written stays where it is for a while, and calls `taken` when it has left. */
export type Congest = (taken: () => void) => boolean;

/** Where what the server answers goes. */
export interface AnswerSink {
  readonly congest: Congest;
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
    if (this.writableEnded || this.destroyed) return true;
    this.sink.part(this.statusCode, String(text));
    this.writableNeedDrain ||= this.sink.congest(() => {
      this.writableNeedDrain = false;
      if (!this.writableEnded && !this.destroyed) this.emit('drain');
    });
    return !this.writableNeedDrain;
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
  readonly congest: Congest;
  open(): void;
  message(data: string | Buffer): void;
  closed(): void;
}

/** So many wait on a connection that takes nothing for the moment: more than a session lets wait there. */
const CONGESTED_BYTES = 2 ** 20;

/** Stands in for the websocket floor's `Connection`: messages instead of bytes. */
export class SimulatedConnection {
  sink: ConnectionSink | undefined;
  bufferedAmount = 0;
  readonly isCongested = false;
  /** Until the line to it has ended: what is on its way still comes in after we have closed. */
  private peer: WebSocketPeer | undefined;
  private isClosing = false;

  constructor(peer: WebSocketPeer) {
    this.peer = peer;
  }

  get isOpen(): boolean {
    return this.peer !== undefined && !this.isClosing;
  }

  sendText(text: string): void {
    this.write(text);
  }

  sendTyped(lead: number, text: string): void {
    this.sendText(String.fromCharCode(lead) + text);
  }

  sendBinary(bytes: Uint8Array): void {
    this.write(Buffer.from(bytes));
  }

  sendFrames(): void {
    throw new Error('a simulation frames nothing');
  }

  close(): void {
    if (!this.isOpen) return;
    this.isClosing = true;
    this.peer!.closed();
  }

  terminate(): void {
    this.close();
    this.peer = undefined;
  }

  private write(message: string | Buffer): void {
    const { peer } = this;
    if (peer === undefined || this.isClosing) return;
    peer.message(message);
    if (this.bufferedAmount > 0) return;
    const isHeld = peer.congest(() => {
      this.bufferedAmount = 0;
      if (this.isOpen) this.sink!.drain();
    });
    if (isHeld) this.bufferedAmount = CONGESTED_BYTES;
  }

  /** A message came in. */
  arrive(data: string | Buffer): void {
    if (this.peer !== undefined) this.sink!.message(data, typeof data !== 'string');
  }

  /** The other end closed, or the network broke. */
  end(error?: Error): void {
    if (this.peer === undefined) return;
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

  /** The server opens no WebSocket for who has hung up. */
  get readable(): boolean {
    return !this.destroyed;
  }

  get writable(): boolean {
    return !this.destroyed;
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
