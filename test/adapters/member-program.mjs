/**
 * A server of the built package in a process of its own, over @socket.io/redis-streams-adapter: to be killed. Is told the port
 * of Redis, and tells its own on its standard output.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from '../../dist/node/index.mjs';

const redis = createClient({ socket: { port: Number(process.argv[2]), host: '127.0.0.1' } });
redis.on('error', () => {});
await redis.connect();

const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(redis, { blockTimeInMs: 50 }),
  connectionStateRecovery: {},
});
io.on('connection', (socket) => {
  socket.data.name = 'known';
  socket.on('join', async (room, reply) => {
    await socket.join(room);
    reply();
  });
  socket.on('tell', (room, ...args) => io.to(room).emit('told', ...args));
  socket.on('put out', () => socket.disconnect());
});
await once(http.listen(0, '127.0.0.1'), 'listening');
console.log(http.address().port);
