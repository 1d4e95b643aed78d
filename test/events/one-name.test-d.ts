/**
 * Programs of Socket.IO's documentation, where one package stands in for `socket.io` and for `socket.io-client`: what either end
 * calls `Socket` is one type. Checked by `tsc`; nothing of it runs.
 */
import { Manager, Server, Socket, io } from '../../index.ts';
import type { Socket as ClientSocket } from '../../client/index.ts';
import type { Socket as ServerSocket } from '../../server/events/index.ts';

interface ServerToClient {
  noArg: () => void;
  basic: (a: number, b: string, c: Buffer) => void;
  withAck: (d: string, callback: (e: number) => void) => void;
}
interface ClientToServer {
  hello: () => void;
  todo: (id: string, callback: (result: { ok: boolean }) => void) => void;
}
interface BetweenServers {
  ping: () => void;
}
interface Data {
  name: string;
}

// The client
const socket: Socket<ServerToClient, ClientToServer> = io();
const client: ClientSocket<ServerToClient, ClientToServer> = io('http://localhost');
const untyped: Socket = io('http://localhost', { auth: { token: 1 } });
const multiplexed: ClientSocket = new Manager('http://localhost').socket('/admin');
void [client, multiplexed];
socket.on('connect', () => socket.id.length);
socket.on('connect_error', (error) => error.message);
socket.on('disconnect', (reason) => {
  if (reason === 'io server disconnect') socket.connect();
});
socket.on('disconnect', (reason: Socket.DisconnectReason) => reason === 'io server disconnect');
socket.on('basic', (a, b, c) => a.toFixed() + b.length + c.length);
socket.on('withAck', (d, callback) => callback(d.length));
// @ts-expect-error -- no such event
socket.on('gossip', () => {});
socket.emit('hello');
// @ts-expect-error -- no such event
socket.emit('gossip');
socket.timeout(1).emit('todo', 'x', (error, result) => error.message + String(result.ok));
void socket.emitWithAck('todo', 'x').then(({ ok }) => ok);
socket.io.on('reconnect', (attempt) => attempt);
socket.auth = { token: 2 };
if (socket.active) socket.close();
socket.open().disconnect();
export const opened: Socket<ServerToClient, ClientToServer> = io({ autoConnect: false }).connect().open();
export const same: typeof socket = socket.connect();
untyped.on('anything', (a, b) => a + b);
untyped.volatile.compress(true).emit('anything', 1, (answer: string) => answer);
export class Service {
  private readonly socket: Socket<ServerToClient, ClientToServer> = io({ autoConnect: false });
  constructor() {
    this.socket.connect().on('noArg', () => this.socket.off('noArg'));
  }
}

// The server
const server = new Server<ClientToServer, ServerToClient, BetweenServers, Data>(3000);
server.on('connection', (its) => {
  handlers(its);
  whole(its);
});
server.on('connection', (its: Socket<ClientToServer, ServerToClient, BetweenServers, Data>) => {
  void its.join('room');
  its.to([...its.rooms]).emit('basic', 1, its.data.name, Buffer.alloc(1));
});
function handlers(its: Socket<ClientToServer, ServerToClient>): void {
  its.on('todo', (id, callback) => callback({ ok: id.length > 1 }));
  its.use((_event, next) => next());
  its.broadcast.emit('noArg');
  its.disconnect(true);
}
function whole(its: Socket<ClientToServer, ServerToClient, BetweenServers, Data>): void {
  its.nsp.emit('noArg');
  its.server.of('/other').emit('noArg');
  its.timeout(5).emit('withAck', 'x', (error, n) => error.message + n.toFixed());
  its.on('disconnecting', (reason) => reason === 'ping timeout' && its.rooms.size);
}
function plain(its: Socket): void {
  void its.join('room');
  its.on('x', (a) => a);
  its.once('error', (error) => error.message);
  its.data.anything = its.conn.transport.name + its.handshake.auth['token'];
}
const easy = new Server();
easy.on('connection', (its: Socket) => plain(its));
easy.use((its: Socket, next) => (its.handshake.headers.cookie ? next() : next(new Error('no'))));
const all: Map<string, Socket> = easy.sockets.sockets;
for (const one of all.values()) if (one instanceof Socket) plain(one);
declare const unknown: unknown;
if (unknown instanceof Socket) unknown.connect().emit('x');
declare const mine: ServerSocket;
// @ts-expect-error -- a server's socket doesn't connect
mine.connect();
