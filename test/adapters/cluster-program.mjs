/**
 * Two workers of Node's cluster, each with a server of the built package and @socket.io/cluster-adapter. The primary tells the
 * workers' ports on its standard output, and ends when its standard input does.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter';
import { Server } from '../../dist/node/index.mjs';

if (cluster.isPrimary) {
  // As the adapter's documentation says for bytes.
  cluster.setupPrimary({ serialization: 'advanced' });
  setupPrimary();
  const ports = await Promise.all(
    [cluster.fork(), cluster.fork()].map(
      (worker) =>
        new Promise((resolve) => {
          // The adapter's messages come this way, too.
          worker.on('message', (message) => typeof message?.port === 'number' && resolve(message.port));
        }),
    ),
  );
  console.log(JSON.stringify(ports));
  process.stdin.resume().on('end', () => process.exit());
} else {
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter() });
  io.on('connection', (socket) => {
    socket.on('join', async (room, reply) => {
      await socket.join(room);
      reply();
    });
    socket.on('tell', (room, ...args) => io.to(room).emit('told', ...args));
    socket.on('count', async (reply) => reply((await io.fetchSockets()).length));
    socket.on('ask all', async (reply) => reply(await io.timeout(5_000).emitWithAck('who')));
    socket.on('ask servers', async (reply) => reply(await io.serverSideEmitWithAck('pid')));
    socket.on('pid', (reply) => reply(process.pid));
    socket.on('session', (reply) => reply(socket.conn.id));
  });
  io.on('pid', (reply) => reply(process.pid));
  // Not shared between the workers: a client says whom it means by the port.
  await once(http.listen({ port: 0, host: '127.0.0.1', exclusive: true }), 'listening');
  process.send({ port: http.address().port });
}
