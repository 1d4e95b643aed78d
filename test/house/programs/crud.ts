import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Server, type ServerOptions, type Socket as ServerSocket } from 'socket.io';
import { io as connect, type ManagerOptions, type Socket as ClientSocket, type SocketOptions } from 'socket.io-client';

interface Todo {
  readonly id: number;
  title: string;
  completed: boolean;
}

interface Failure {
  readonly error: string;
}

type Response<T> = Failure | { readonly data: T };

interface ServerEvents {
  'todo:created': (todo: Todo) => void;
  'todo:updated': (todo: Todo) => void;
  'todo:deleted': (id: number) => void;
}

interface ClientEvents {
  'todo:list': (callback: (response: Response<Todo[]>) => void) => void;
  'todo:create': (payload: Omit<Todo, 'id'>, callback: (response: Response<number>) => void) => void;
  'todo:update': (payload: Todo, callback: (response?: Response<void>) => void) => void;
  'todo:delete': (id: number, callback: (response?: Response<void>) => void) => void;
}

type Handlers = Pick<ClientEvents, 'todo:create' | 'todo:update' | 'todo:delete' | 'todo:list'>;

/** As the example has it: what each event does is told apart from how it is wired up. */
function todoHandlers(todos: Map<number, Todo>, socket: ServerSocket<ClientEvents, ServerEvents>): Handlers {
  const isTitle = (title: unknown): boolean => typeof title === 'string' && title.length > 0 && title.length <= 256;
  return {
    'todo:create': (payload, callback) => {
      if (!isTitle(payload.title)) return callback({ error: 'invalid payload' });
      const todo = { ...payload, id: todos.size + 1 };
      todos.set(todo.id, todo);
      callback({ data: todo.id });
      socket.broadcast.emit('todo:created', todo);
    },
    'todo:update': (todo, callback) => {
      if (!todos.has(todo.id)) return callback({ error: 'entity not found' });
      todos.set(todo.id, todo);
      callback();
      socket.broadcast.emit('todo:updated', todo);
    },
    'todo:delete': (id, callback) => {
      if (!todos.delete(id)) return callback({ error: 'entity not found' });
      callback();
      socket.broadcast.emit('todo:deleted', id);
    },
    'todo:list': (callback) => callback({ data: [...todos.values()] }),
  };
}

export function createApplication(
  http: HttpServer,
  options: Partial<ServerOptions> = {},
): Server<ClientEvents, ServerEvents> {
  const io = new Server<ClientEvents, ServerEvents>(http, options);
  const todos = new Map<number, Todo>();
  io.on('connection', (socket) => {
    const handlers = todoHandlers(todos, socket);
    socket.on('todo:create', handlers['todo:create']);
    socket.on('todo:update', handlers['todo:update']);
    socket.on('todo:delete', handlers['todo:delete']);
    socket.on('todo:list', handlers['todo:list']);
    // @ts-expect-error -- no such event
    socket.on('todo:forget', () => {});
    // @ts-expect-error -- a text is no todo
    socket.on('todo:update', (todo: string) => todo);
  });
  return io;
}

async function main(): Promise<void> {
  const http = createServer();
  const io = createApplication(http, { cors: { origin: ['http://localhost:4200'] } });
  await once(http.listen(0), 'listening');
  const url = `http://localhost:${(http.address() as AddressInfo).port}`;
  const options: Partial<ManagerOptions & SocketOptions> = { forceNew: true };
  const [one, other]: ClientSocket<ServerEvents, ClientEvents>[] = [connect(url, options), connect(url, options)];
  const socket = one!;
  const told: unknown[] = [];
  const ended = new Promise<void>((resolve) => {
    other!.on('todo:created', (todo) => told.push(['created', todo.title, todo.completed]));
    other!.on('todo:updated', ({ id, completed }) => told.push(['updated', id, completed]));
    other!.on('todo:deleted', (id) => resolve(void told.push(['deleted', id])));
  });
  await new Promise<void>((resolve) => other!.once('connect', resolve));

  const created: Response<number> = await socket.emitWithAck('todo:create', { title: 'milk', completed: false });
  const id = 'data' in created ? created.data : 0;
  const refused = await new Promise<Response<number>>((resolve) =>
    socket.emit('todo:create', { title: '', completed: false }, resolve),
  );
  const updated = await socket.timeout(5_000).emitWithAck('todo:update', { id, title: 'milk', completed: true });
  const listed = await socket.emitWithAck('todo:list');
  socket.emit('todo:delete', id, () => {});
  await ended;
  const missing = await new Promise<Response<void> | undefined>((resolve) => {
    socket.timeout(5_000).emit('todo:delete', 77, (_error, response) => resolve(response));
  });
  // @ts-expect-error -- no such event
  socket.emit('todo:forget');

  console.log(JSON.stringify({ created, refused, updated: updated ?? 'done', listed, missing, told }));
  for (const client of [socket, other!]) client.disconnect();
  await io.close();
}

void main();
