/**
 * Servers in Node's cluster, two workers with a port each. Prints their ports; each joins its clients to `red` and does on
 * `do` what the client asks of the whole cluster.
 *
 * Usage: cluster-server.mjs NAME, where NAME is the package whose server it is.
 */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter';

const { Server } = await import(process.argv[2]);

if (cluster.isPrimary) {
  setupPrimary();
  cluster.setupPrimary({ serialization: 'advanced' });
  const ports = [];
  for (let count = 0; count < 2; count += 1) {
    cluster.fork().on('message', ({ port }) => {
      if (port && ports.push(port) === 2) console.log(JSON.stringify(ports));
    });
  }
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit();
  });
} else {
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter() });
  const everything = {
    news: () => io.to('red').emit('news', Buffer.from([1])),
    who: async () => (await io.timeout(2_000).emitWithAck('who')).toSorted(),
    rooms: async () => (await io.fetchSockets()).map(({ rooms }) => rooms.has('red')),
    pids: async () => (await io.serverSideEmitWithAck('pid')).length,
  };
  io.on('pid', (reply) => reply(process.pid));
  io.on('connection', (socket) => {
    socket.join('red');
    socket.on('do', async (what, reply) => reply(await everything[what]()));
  });
  // Exclusive: else the workers would share one port.
  http.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send({ port: http.address().port }));
}
