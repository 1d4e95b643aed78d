import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Socket } from 'socket.io';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requires } from '../requirement.ts';
import { Cable } from './cable.ts';
import { serverEnds } from './ends.ts';

const python = '/usr/bin/python3';
const library = '/usr/lib/python3/dist-packages/socketio/__init__.py';
const hasPython = requires(
  'python-socketio',
  library,
  'apt-get install python3-socketio python3-aiohttp python3-requests python3-websocket',
);

type Reply = (...given: unknown[]) => void;

/** The server that `python-client.py` expects. Returns its URL. */
async function serve(Server: (typeof serverEnds)[number]['Server']): Promise<string> {
  const http = createServer();
  const io = new Server(http);
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const cable = new Cable((http.address() as AddressInfo).port);
  await cable.listen();
  onTestFinished(async () => {
    cable.close();
    http.closeAllConnections();
    await io.close();
  });
  const askBack = (socket: Socket) => (reply: Reply) => {
    socket.timeout(10_000).emit('question', 41, (_error: Error | null, ...answer: unknown[]) => reply(answer));
  };
  io.on('connection', (socket) => {
    socket.on('auth', (reply: Reply) => reply(socket.handshake.auth));
    socket.on('echo', (given: unknown, reply: Reply) => reply(given));
    socket.on('several', (a: unknown, b: unknown, c: unknown, reply: Reply) => reply(a, b, c));
    socket.on('ask me', askBack(socket));
    socket.on('join', async (room: string, reply: Reply) => {
      await socket.join(room);
      reply([...socket.rooms].includes(room));
    });
    socket.on('to red', () => io.to('red').emit('news', 'red', 7));
    socket.on('bytes to red', () => io.to('red').emit('bytes', { deep: [Buffer.from([9, 8])] }));
    socket.on('cut me', () => {
      cable.cut();
      socket.on('disconnect', () => cable.mend());
    });
  });
  io.of('/second').on('connection', (socket) => {
    socket.on('ask me', (reply: Reply) => socket.emit('hello', { to: 'second' }, (answer: unknown) => reply(answer)));
  });
  io.of('/locked').use((_socket, next) => next(new Error('locked')));
  return `http://127.0.0.1:${cable.port}`;
}

describe.runIf(hasPython).each(serverEnds)('python-socketio on the $name server', ({ Server }) => {
  it.each([
    ['polling', 'polling'],
    ['websocket', 'websocket'],
    ['polling,websocket', 'websocket'],
  ])(
    'does everything over %s',
    async (transports, last) => {
      const url = await serve(Server);
      const child = spawn(python, [path.join(import.meta.dirname, 'python-client.py'), url, transports]);
      onTestFinished(() => void child.kill());
      const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(complaints).toBe('');
      expect(JSON.parse(output)).toEqual({
        'sids differ': true,
        auth: { token: 'snake' },
        text: 'ä 漢 🦜',
        object: { a: [1, null, { b: 'c' }] },
        binary: [0, 1, 254, 255],
        'nested binary': [2, 3],
        'large binary': true,
        several: true,
        ask: [42, 'from python'],
        second: { to: 'second' },
        news: ['red', 7],
        bytes: [9, 8],
        transport: last,
        joined: true,
        refused: expect.stringContaining('failed to connect'),
        again: 'again',
      });
    },
    30_000,
  );
});
