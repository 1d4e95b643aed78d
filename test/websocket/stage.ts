/** What most tests set up: servers that are closed when the test is over, and sockets whose messages can be awaited. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

import { WebSocket, WebSocketServer } from '../../websocket.ts';
import type { ClientOptions, ServerWebSocket, WebSocketServerOptions } from '../../websocket.ts';
import { RawServer } from './raw-peer.ts';

export interface Stage {
  readonly server: WebSocketServer;
  readonly port: number;
  readonly url: string;
  /** The next socket that the server accepts. */
  accepted(): Promise<ServerWebSocket>;
}

/** A server on a port of its own. */
export async function serve(options: WebSocketServerOptions = {}): Promise<Stage> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  onTestFinished(() => shut(server));
  // It listens on a port, so that this is no path.
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `ws://127.0.0.1:${port}`,
    accepted: async () => {
      const [socket] = await once(server, 'connection');
      return socket as ServerWebSocket;
    },
  };
}

/** A server that sends back what it gets. */
export async function serveEcho(options: WebSocketServerOptions = {}): Promise<Stage> {
  const stage = await serve(options);
  stage.server.on('connection', (socket: ServerWebSocket) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }));
  });
  return stage;
}

/** Cuts all and waits until the port is free. */
export async function shut(server: WebSocketServer): Promise<void> {
  for (const client of server.clients ?? []) client.terminate();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** A server of bare sockets. */
export async function serveRaw(): Promise<RawServer> {
  const raw = await RawServer.listen();
  onTestFinished(() => raw.close());
  return raw;
}

/** A client, connecting. It is cut when the test is over. */
export function call(url: string, options: ClientOptions = {}, protocols: string | string[] = []): WebSocket {
  const socket = new WebSocket(url, protocols, options);
  onTestFinished(() => socket.terminate());
  return socket;
}

/** A client, open. */
export async function open(
  url: string,
  options: ClientOptions = {},
  protocols: string | string[] = [],
): Promise<WebSocket> {
  const socket = call(url, options, protocols);
  await once(socket, 'open');
  return socket;
}

/** Resolves with `[code, reason]` of the close. */
export function closed(socket: WebSocket | ServerWebSocket): Promise<[number, string]> {
  // Not events.once, which would reject at an error before the close.
  return new Promise((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve([code, String(reason)]));
  });
}

/** Messages as they come: texts as strings, binaries as Buffers. `next` waits for one. */
export class Inbox {
  readonly all: (string | Buffer)[] = [];
  private taken = 0;
  private wake: (() => void) | undefined = undefined;

  constructor(socket: WebSocket | ServerWebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.all.push(isBinary ? data : data.toString());
      this.wake?.();
    });
    socket.on('close', () => this.wake?.());
  }

  async next(): Promise<string | Buffer> {
    const [message] = await this.take(1);
    return message!;
  }

  async take(count: number): Promise<(string | Buffer)[]> {
    while (this.all.length < this.taken + count) {
      await new Promise<void>((resolve) => void (this.wake = resolve));
      this.wake = undefined;
    }
    this.taken += count;
    return this.all.slice(this.taken - count, this.taken);
  }
}
