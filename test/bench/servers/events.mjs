/**
 * A server of one peer's: `events.mjs throughline|socket.io [options as JSON]`. Echoes `echo`, sends `all` to everybody.
 * Says its port.
 */
import { createServer } from 'node:http';

import { answerSizes } from './resident-size.mjs';

const [, , peer, options = '{}'] = process.argv;
const { Server } = await import(peer);

const http = createServer();
const io = new Server(http, { serveClient: false, ...JSON.parse(options) });

io.on('connection', (socket) => {
  socket.on('echo', (text) => socket.emit('echo', text));
  socket.on('all', (text) => io.emit('all', text));
});

http.listen(0, '127.0.0.1', () => console.log(http.address().port));
answerSizes();
process.on('SIGINT', () => process.exit(0));
