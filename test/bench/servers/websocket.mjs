/**
 * A server of one peer's, for one kind of work: `websocket.mjs throughline|ws echo|fanout|deflate`. Says its port.
 * `BENCH_WEBSOCKET` names another build to measure than the one in dist.
 */
import { answerSizes } from './resident-size.mjs';

const [, , peer, kind] = process.argv;
const ours = process.env.BENCH_WEBSOCKET ?? 'throughline/websocket';
const { WebSocketServer } = await import(peer === 'ws' ? 'ws' : ours);

const perMessageDeflate = kind === 'deflate' && { threshold: 0 };
const options = { port: 0, host: '127.0.0.1', maxPayload: 2 ** 20, perMessageDeflate };
const server = new WebSocketServer(options, () => console.log(server.address().port));

server.on('connection', (socket) => {
  if (kind !== 'fanout') socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  // Each as its documentation says that one message is sent to many.
  else if (peer === 'ws')
    socket.on('message', (data, isBinary) =>
      server.clients.forEach((client) => client.send(data, { binary: isBinary })),
    );
  else socket.on('message', (data, isBinary) => server.publish(server.clients, data, { binary: isBinary }));
});

answerSizes();
process.on('SIGINT', () => process.exit(0));
