/**
 * A server of the built package in a process of its own, to be flooded, starved and ended. Tells its port first, and at its end
 * how long that took (ms).
 *
 * @param {string} process.argv[2] what an application does to JavaScript's own objects before it loads the package, or nothing
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

const changes = {
  frozen() {
    for (const { prototype } of [Object, Array, Function, Map, Set, Promise, String, RegExp, Uint8Array])
      Object.freeze(prototype);
  },
  polluted() {
    // Some of the names that options, packets and records of ours have, and one that is a function.
    Object.assign(Object.prototype, {
      sid: 'x',
      rooms: 'x',
      status: 200,
      origin: 'https://x',
      compress: false,
      polluted() {},
    });
    Array.prototype.last = function last() {
      return this.at(-1);
    };
  },
};
changes[process.argv[2]]?.();

const { Server, io: connect } = await import('../../dist/node/index.mjs');

const http = createServer();
const io = new Server(http, { cookie: true });

/** A text unlike any other. */
let texts = 0;
const textOf = (length) => String(texts++).padEnd(length, 'x');

io.on('connection', (socket) => {
  socket.on('echo', (...args) => args.pop()(...args));
  socket.on('cpu', (reply) => reply(process.cpuUsage()));
  socket.on('fill', () => {
    const fill = () => {
      if (!socket.connected) return;
      socket.emit('filling', textOf(1_000_000));
      setImmediate(fill);
    };
    fill();
  });
  // Nearly as much as one session may keep.
  socket.on('suspend', () => {
    for (let count = 0; count < 9; count++) socket.emit('kept', textOf(100_000));
  });
  socket.on('ask yourself', async (transports, reply) => {
    const client = connect(`http://127.0.0.1:${http.address().port}`, { transports, forceNew: true });
    reply(await client.timeout(5_000).emitWithAck('echo', { text: 'ü', bytes: Buffer.from([1, 2]) }));
    client.disconnect();
  });
});

process.once('SIGTERM', async () => {
  const from = performance.now();
  process.once('exit', () => console.log(Math.round(performance.now() - from)));
  await io.drain({ over: 200, timeout: 1_000 });
  await io.close();
});

await once(http.listen(0, '127.0.0.1'), 'listening');
console.log(http.address().port);
setInterval(() => io.emit('load', 'x'.repeat(10_000)), 5).unref();
