/**
 * What TypeScript makes of the server's four generics. Checked by `tsc`; nothing of it runs.
 *
 * A line under `@ts-expect-error` must not compile.
 */
import { createServer } from 'node:http';
import type { Adapter as OfficialAdapter } from 'socket.io-adapter';
import { BroadcastOperator, Server } from '../../index.ts';
import type {
  DefaultEventsMap,
  Namespace,
  RemoteSocket,
  DisconnectReason,
  Event,
  ExtendedError,
  Handshake,
  ServerOptions,
} from '../../index.ts';
import type { Socket } from '../../server/events/index.ts';
import {
  Adapter,
  ClusterAdapter,
  ClusterAdapterWithHeartbeat,
  SessionAwareAdapter,
} from '../../server/events/adapter/index.ts';

/** Whether two types are the same, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_proof: Same<A, B>): void {}

interface ClientToServer {
  noArgs: () => void;
  hello: (name: string, times: number) => void;
  ask: (question: string, reply: (answer: number) => void) => void;
}
interface ServerToClient {
  plain: () => void;
  told: (what: string) => void;
  asked: (what: string, reply: (answer: number) => void) => void;
  failing: (reply: (error: Error, answer: string) => void) => void;
  message: (text: string) => void;
}
interface BetweenServers {
  ping: (n: number) => void;
  count: (reply: (n: number) => void) => void;
}
interface Data {
  name: string;
}

const io = new Server<ClientToServer, ServerToClient, BetweenServers, Data>(createServer(), { cors: { origin: '*' } });
type OurSocket = Socket<ClientToServer, ServerToClient, BetweenServers, Data>;

io.on('connection', (socket) => {
  same<typeof socket, OurSocket>(true);
  socket.on('hello', (name, times) => {
    same<typeof name, string>(true);
    same<typeof times, number>(true);
  });
  socket.on('ask', (_question, reply) => {
    reply(1);
    // @ts-expect-error -- the answer is a number
    reply('one');
  });
  // @ts-expect-error -- no such event
  socket.on('unknown', () => {});
  // @ts-expect-error -- not its arguments
  socket.on('noArgs', (_n: number) => {});
  socket.on('disconnect', (reason) => same<typeof reason, DisconnectReason>(true));
  socket.on('disconnecting', (reason) => same<typeof reason, DisconnectReason>(true));
  socket.on('error', (error) => same<typeof error, Error>(true));
  socket.once('noArgs', () => {}, { signal: new AbortController().signal });

  socket.emit('plain');
  socket.emit('told', 'x');
  socket.emit('asked', 'x', (answer) => same<typeof answer, number>(true));
  // @ts-expect-error -- the argument is a text
  socket.emit('told', 1);
  // @ts-expect-error -- an argument is missing
  socket.emit('told');
  // @ts-expect-error -- that is for the other direction
  socket.emit('hello', 'x', 1);
  socket.send('x').write('y');
  // @ts-expect-error -- a message is a text
  socket.send(1);

  socket.timeout(1).emit('asked', 'x', (error, answer) => {
    same<typeof error, Error>(true);
    same<typeof answer, number>(true);
  });
  same<Promise<number>, ReturnType<typeof emitAsked>>(true);
  const emitAsked = () => socket.emitWithAck('asked', 'x');
  same<Promise<number>, ReturnType<typeof emitTimed>>(true);
  const emitTimed = () => socket.timeout(1).emitWithAck('asked', 'x');
  // @ts-expect-error -- no answer comes
  void socket.emitWithAck('told', 'x');

  socket.broadcast.emit('asked', 'x', (answers) => same<typeof answers, number[]>(true));
  socket
    .to('room')
    .timeout(1)
    .emit('asked', 'x', (error, answers) => {
      same<typeof error, Error>(true);
      same<typeof answers, number[]>(true);
    });
  socket.latest('key').emit('told', 'x');
  // @ts-expect-error -- an answer can't be had
  socket.latest('key').emit('asked', 'x', () => {});

  same<typeof socket.data, Data>(true);
  same<typeof socket.handshake, Handshake>(true);
  same<typeof socket.recovered, boolean>(true);
  socket.use((event, next) => {
    same<typeof event, Event>(true);
    next(new Error('no'));
  });
  socket.onAny((event: string, ..._args: unknown[]) => void event);
});

io.use((socket, next) => {
  same<typeof socket, OurSocket>(true);
  const error: ExtendedError = Object.assign(new Error('no'), { data: 1 });
  next(error);
  next();
});

io.emit('told', 'x');
io.to('room').except('other').compress(true).volatile.local.emit('told', 'x');
// @ts-expect-error -- to all, without a timeout, no answers can be had
io.emit('asked', 'x', () => {});
io.timeout(1).emit('asked', 'x', (error, answers) => {
  same<typeof error, Error>(true);
  same<typeof answers, number[]>(true);
});
const manyTimed = () => io.timeout(1).emitWithAck('asked', 'x');
same<ReturnType<typeof manyTimed>, Promise<number[]>>(true);
const manyFailing = () => io.timeout(1).emitWithAck('failing');
same<ReturnType<typeof manyFailing>, Promise<string[]>>(true);

io.on('ping', (n) => same<typeof n, number>(true));
io.on('count', (reply) => reply(1));
io.serverSideEmit('ping', 1);
// @ts-expect-error -- that is for clients
io.serverSideEmit('told', 'x');
io.serverSideEmit('count', (error, counts) => {
  same<typeof error, Error>(true);
  same<typeof counts, number[]>(true);
});
const counted = () => io.serverSideEmitWithAck('count');
same<ReturnType<typeof counted>, Promise<number[]>>(true);

io.on('listener_error', (error, { socket, event }) => {
  same<typeof error, unknown>(true);
  same<typeof event, string>(true);
  void socket?.id;
});
io.on('new_namespace', (namespace) => {
  same<typeof namespace, Namespace<ClientToServer, ServerToClient, BetweenServers, Data>>(true);
});

void io.fetchSockets().then(([remote]) => {
  same<typeof remote, RemoteSocket<ServerToClient, Data> | undefined>(true);
  remote!.emit('told', 'x');
  same<(typeof remote & object)['data'], Data>(true);
});
const operator: BroadcastOperator<ServerToClient, Data> = new BroadcastOperator(io.of('/').adapter);
operator.emit('told', 'x');

const dynamic = io.of(/^\/n\d$/);
same<typeof dynamic, Namespace<ClientToServer, ServerToClient, BetweenServers, Data>>(true);
io.of((name, auth, next) => {
  same<typeof name, string>(true);
  next(null, auth['token'] === 1);
});

// Without generics all is allowed, as in Socket.IO.
const untyped = new Server({ path: '/x' } satisfies Partial<ServerOptions>);
untyped.on('connection', (socket) => {
  // oxlint-disable-next-line no-explicit-any -- that is what it is
  same<typeof socket, Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, any>>(true);
  socket.on('anything', (a, b) => a + b);
  socket.emit('anything', 1, 'two', (answer: string) => answer.length);
  socket.data.whatever = 1;
});
untyped.emit('anything', 1);
untyped.timeout(1).emit('anything', (_error: Error, _answers: string[]) => {});
// With one, events go both ways.
new Server<ClientToServer>().emit('hello', 'x', 1);

// Every form of the constructor, and adapters: ours, Socket.IO's, classes and functions.
new Server();
new Server(3000);
new Server('3000');
new Server(createServer());
new Server(createServer(), { adapter: Adapter });
new Server({ adapter: SessionAwareAdapter });
new Server({ adapter: (nsp) => new Adapter(nsp) });
declare const official: new (nsp: unknown) => OfficialAdapter;
new Server({ adapter: official });
new Server({ adapter: (nsp) => new official(nsp) });

class Bus extends ClusterAdapterWithHeartbeat {
  constructor(nsp: Namespace) {
    super(nsp, { heartbeatInterval: 1 });
  }
  protected override doPublish(): Promise<string> {
    return Promise.resolve('offset');
  }
  protected override doPublishResponse(): Promise<void> {
    return Promise.resolve();
  }
}
new Server({ adapter: Bus });
// @ts-expect-error -- abstract
new ClusterAdapter(io.of('/'));
