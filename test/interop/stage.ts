/** A server and its clients, made for one test and gone with it. */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server, ServerOptions, Socket as ServerSocket } from 'socket.io';
import type { ManagerOptions, Socket as ClientSocket, SocketOptions } from 'socket.io-client';
import { test } from 'vitest';
import { Cable } from './cable.ts';
import type { Line } from './ends.ts';

export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

export class Stage {
  private readonly line: Line;
  private readonly closers: (() => unknown)[] = [];
  private laidCable: Cable | undefined;

  constructor(line: Line) {
    this.line = line;
  }

  /** Between the clients and the server that was started last. */
  get cable(): Cable {
    if (!this.laidCable) throw new Error('serve first');
    return this.laidCable;
  }

  /** Starts a server; a second one takes the first one's place behind the same cable. */
  async serve(options: Partial<ServerOptions> = {}): Promise<Server> {
    const http: HttpServer = createServer();
    const server = new this.line.Server(http, { ...options, transports: [...this.line.transports] });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    this.closers.push(async () => {
      http.closeAllConnections();
      await server.close();
    });
    const { port } = http.address() as AddressInfo;
    if (this.laidCable) {
      this.laidCable.target = port;
    } else {
      const cable = new Cable(port);
      await cable.listen();
      this.closers.push(() => cable.close());
      this.laidCable = cable;
    }
    return server;
  }

  /** A client of `namespace` that has begun to connect, by a connection of its own unless `options` say otherwise. */
  connect(namespace = '/', options: ClientOptions = {}): ClientSocket {
    const client = this.line.io(`http://127.0.0.1:${this.cable.port}${namespace}`, {
      forceNew: true,
      reconnection: false,
      transports: [...this.line.transports],
      ...options,
    });
    this.closers.push(() => client.disconnect());
    return client;
  }

  /** Both ends of a connection that is through, upgrade included. */
  async meet(
    server: Server,
    namespace = '/',
    options: ClientOptions = {},
  ): Promise<readonly [ClientSocket, ServerSocket]> {
    const client = this.connect(namespace, options);
    const accepted = new Promise<ServerSocket>((resolve) => {
      server
        .of(namespace)
        .on('connection', (socket) =>
          client.id === undefined || socket.id === client.id ? resolve(socket) : undefined,
        );
    });
    await heard(client, 'connect');
    const socket = await accepted;
    const last = this.line.transports.at(-1);
    if (client.io.engine.transport.name !== last) await heard(client.io.engine, 'upgrade');
    if (socket.conn.transport.name !== last) await heard(socket.conn, 'upgrade');
    return [client, socket];
  }

  async close(): Promise<void> {
    for (const close of this.closers.toReversed()) await close();
  }
}

/** `it`, with a fresh stage for each test. */
export function onStage(line: Line) {
  return test.extend<{ stage: Stage }>({
    stage: async ({}, use) => {
      const stage = new Stage(line);
      await use(stage);
      await stage.close();
    },
  });
}

/** Anything with `once`: both packages' emitters, and Node's. */
interface Emitter {
  once(event: string, listener: (...args: never[]) => void): unknown;
}

/** The arguments with which `event` comes next. */
export function heard<Args extends unknown[] = unknown[]>(emitter: object, event: string): Promise<Args> {
  return new Promise((resolve) => {
    // Every event's listener takes what comes; the emitters differ only in how they type that.
    (emitter as Emitter).once(event, (...args: unknown[]) => resolve(args as Args));
  });
}
