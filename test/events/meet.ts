/** Socket.IO's own client and our server's socket, connected. */
import { once } from 'node:events';
import { io as connect } from 'socket.io-client';
import type { ManagerOptions, Socket as ClientSocket, SocketOptions } from 'socket.io-client';
import { onTestFinished } from 'vitest';
import type { Server, Socket } from '../../server/events/index.ts';

/** A client that has begun to connect, on a connection of its own, gone when the test is over. */
export function begin(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): ClientSocket {
  const client = connect(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  onTestFinished(() => void client.disconnect());
  return client;
}

/** Both ends of a connection. */
export async function meet(io: Server, url: string, namespace = '/'): Promise<[ClientSocket, Socket]> {
  const client = begin(url + namespace);
  const connected = heard(client, 'connect');
  const [socket] = (await once(io.of(namespace), 'connection')) as [Socket];
  await connected;
  return [client, socket];
}

/** The arguments of the next event of that name. */
export function heard(client: ClientSocket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args) => resolve(args)));
}
