/** A server that speaks Engine.IO well and of Socket.IO what the test puts into its mouth. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as EngineServer, type Socket as EngineSocket } from 'engine.io';
import { test } from 'vitest';
import { io, type ManagerOptions, type Socket, type SocketOptions } from '../../client/index.ts';

export class RawServer {
  readonly engine = new EngineServer();
  private readonly http = createServer();
  private readonly clients: Socket[] = [];

  async listen(): Promise<void> {
    this.engine.attach(this.http, { path: '/socket.io' });
    this.http.listen(0, '127.0.0.1');
    await once(this.http, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** A client that has begun to connect. */
  connect(options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
    const client = io(this.url, { forceNew: true, transports: ['websocket'], reconnection: false, ...options });
    this.clients.push(client);
    return client;
  }

  /** A client that believes to be connected, and the session that it is connected by. */
  async meet(options?: Partial<ManagerOptions & SocketOptions>): Promise<[Socket, EngineSocket]> {
    const client = this.connect(options);
    const [session] = (await once(this.engine, 'connection')) as [EngineSocket];
    await once(session, 'message');
    const connected = new Promise<void>((resolve) => client.once('connect', resolve));
    session.send('0{"sid":"public"}');
    await connected;
    return [client, session];
  }

  close(): void {
    for (const client of this.clients) client.disconnect();
    this.engine.close();
    this.http.closeAllConnections();
    this.http.close();
  }
}

/** `it`, with a fresh server for each test. */
export const it = test.extend<{ server: RawServer }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads which fixtures one asks for from this pattern
  server: async ({}, use) => {
    const server = new RawServer();
    await server.listen();
    await use(server);
    server.close();
  },
});

/** The texts that the client sends, up to and without the one that is `end`. */
export function sentUntil(session: EngineSocket, end: string): Promise<string[]> {
  const texts: string[] = [];
  return new Promise((resolve) => {
    session.on('message', (text: string) => (text === end ? resolve(texts) : texts.push(text)));
  });
}
