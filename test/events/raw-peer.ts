/**
 * A client made by hand: Engine.IO and Socket.IO packets as they are on the wire, so that a test can say what no client would.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Server } from '../../server/events/index.ts';
import type { ServerOptions } from '../../server/events/index.ts';

/** A server on a port of its own, closed when the test is over. */
export async function serve(options: Partial<ServerOptions> = {}): Promise<{ io: Server; port: number; url: string }> {
  const http = createServer();
  const io = new Server(http, options);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    await io.close();
  });
  const { port } = http.address() as AddressInfo;
  return { io, port, url: `http://127.0.0.1:${port}` };
}

export class RawPeer {
  /** What came and was not asked for yet, less the heartbeat. */
  readonly received: (string | Buffer)[] = [];
  private readonly socket: WebSocket;
  private wake: () => void = () => {};
  private isClosed = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.received.push(data);
      else if (String(data) === '2') socket.send('3');
      else this.received.push(String(data));
      this.wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
    socket.on('error', () => {});
  }

  /** Opens a session on WebSocket; with `first` it is sent, and what came in answer to it is next. */
  static async open(port: number, first?: string, query = ''): Promise<RawPeer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket${query}`);
    const peer = new RawPeer(socket);
    onTestFinished(() => socket.terminate());
    await peer.next(); // the open packet
    if (first !== undefined) peer.send(first);
    return peer;
  }

  /** A peer that is in the default namespace. */
  static async connect(port: number): Promise<RawPeer> {
    const peer = await RawPeer.open(port, '40');
    await peer.next();
    return peer;
  }

  send(...messages: readonly (string | Buffer)[]): void {
    for (const message of messages) this.socket.send(message);
  }

  /** The next message; undefined when there is none and there won't be any. */
  async next(): Promise<string | Buffer | undefined> {
    while (this.received.length === 0) {
      if (this.isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.received.shift();
  }

  /** All messages until the server closes the connection. */
  async untilClosed(): Promise<(string | Buffer)[]> {
    const all: (string | Buffer)[] = [];
    for (let one = await this.next(); one !== undefined; one = await this.next()) all.push(one);
    return all;
  }

  /** Cuts the connection. */
  cut(): void {
    this.socket.terminate();
  }
}
