/**
 * The demo: a chat, and an inspector that shows what carries it. `PORT` chooses the port (3000, and 0 takes a free one),
 * `HOST` the address to listen on (all of them).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'throughline';
import { Conversation, type ChatServer } from './conversation.ts';
import { watchLimits } from './limit-watch.ts';
import { servePage } from './page-files.ts';

const port = portFrom(process.env['PORT'] ?? '3000');
const server = createServer(await servePage(new URL('./page/', import.meta.url)));
const io: ChatServer = new Server(server, { serveClient: false });
new Conversation(io);
watchLimits(io);

server.once('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  fail(`Port ${port} is taken. Choose another, as in PORT=${port + 1} npm start, or PORT=0 for any free one.`);
});
server.listen(port, process.env['HOST']);
await once(server, 'listening');
// The one thing printed, so that a script can read it. A listening TCP server's address is an AddressInfo.
console.log(`http://localhost:${(server.address() as AddressInfo).port}/`);

// An end with good manners: nobody new comes in, those who are here are sent elsewhere, and the process ends by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await io.drain({ over: 500, timeout: 5_000 });
    await io.close();
  });
}

function portFrom(given: string): number {
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given);
  return fail(`PORT is ${JSON.stringify(given)}; give a whole number from 0 to 65535.`);
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
