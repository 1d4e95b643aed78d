/**
 * A client of one peer's: `events.mjs --client throughline|socket.io-client --port N`. Over WebSocket it opens `--conns`
 * connections to a server that echoes `echo`, and keeps `--window` messages on their way on each. Says `begin` when it is
 * warm, and then how many it received, as the loads in C do; stays until its input ends.
 */
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    client: { type: 'string' },
    port: { type: 'string' },
    conns: { type: 'string', default: '100' },
    window: { type: 'string', default: '1' },
    secs: { type: 'string' },
    warm: { type: 'string' },
  },
});
const { io } = await import(values.client);

const text = 'x'.repeat(64);
const sockets = Array.from({ length: Number(values.conns) }, open);
let n = 0;
let errors = 0;

function open() {
  const socket = io(`http://127.0.0.1:${values.port}`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  const send = () => socket.emit('echo', text);
  socket.on('echo', () => {
    n++;
    send();
  });
  socket.on('connect', () => {
    for (let sent = 0; sent < Number(values.window); sent++) send();
  });
  socket.on('connect_error', () => errors++);
  socket.on('disconnect', () => errors++);
  return socket;
}

function begin() {
  n = 0;
  console.log('begin');
  setTimeout(report, Number(values.secs) * 1_000);
}

function report() {
  console.log(JSON.stringify({ n, errors }));
  for (const socket of sockets) socket.disconnect();
}

setTimeout(begin, Number(values.warm) * 1_000);
process.stdin.resume().on('end', () => process.exit());
