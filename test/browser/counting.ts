/** A page that counts, a server that counts as it does, and a network between them that can fail. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Socket as ClientSocket } from '../../client/index.ts';
import { Server } from '../../server/events/index.ts';
import type { Socket } from '../../server/events/index.ts';
import { TearingProxy } from '../middleboxes/tearing-proxy.ts';

/** What one end has of the other's numbers: those that came, and those of its own that were answered, in their order. */
export interface Tally {
  sent: number;
  arrived: number[];
  answered: number[];
}

declare global {
  // oxlint-disable-next-line no-var -- that is how a global is declared
  var tally: Tally & { events: string[]; socket: ClientSocket; talking: number };
}

/** Counts from the first connection on, until it is told to stop. Listeners stand before the socket connects. */
const page = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
<script src="/script.js"></script><script>
  const transports = new URLSearchParams(location.search).get('by')?.split(',');
  const socket = io({ transports });
  const tally = (globalThis.tally = { sent: 0, arrived: [], answered: [], events: [], socket, talking: 0 });
  for (const event of ['connect', 'disconnect', 'suspend', 'resume']) socket.on(event, () => tally.events.push(event));
  socket.on('count', (number, answer) => {
    tally.arrived.push(number);
    answer(number);
  });
  const count = () => socket.emit('count', tally.sent++, (number) => tally.answered.push(number));
  tally.talking = setInterval(count, 20);
  // Told while the page goes, when it is too late for anything to be sent.
  addEventListener('pagehide', count);
  addEventListener('pageshow', () => socket.emit('events', tally.events));
</script>`;

export interface Counting {
  /** Of the page, through the network. `?by=` names the transports. */
  readonly url: string;
  readonly proxy: TearingProxy;
  /** The server's own. */
  readonly tally: Tally;
  /** The first page's: one that is gone to afterwards connects too. */
  readonly connected: Promise<Socket>;
}

/** Until the test is finished. */
export async function serveCounting(): Promise<Counting> {
  const script = await readFile('dist/throughline.min.js');
  const http = createServer((request, response) => {
    const isScript = request.url === '/script.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : page);
  });
  const io = new Server(http);
  onTestFinished(() => void io.close());
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const proxy = await TearingProxy.before((http.address() as AddressInfo).port);
  onTestFinished(() => proxy.close());
  const tally: Tally = { sent: 0, arrived: [], answered: [] };
  const connected = new Promise<Socket>((resolve) =>
    io.once('connection', (socket) => {
      // The page speaks at once: whoever listens only when the browser has told that it is loaded misses the beginning.
      socket.on('count', (number: number, answer: (number: number) => void) => {
        tally.arrived.push(number);
        answer(number);
      });
      socket.on('echo', (given: unknown, answer: (given: unknown) => void) => answer(given));
      resolve(socket);
    }),
  );
  return { url: `http://127.0.0.1:${proxy.port}/`, proxy, tally, connected };
}

/** Sends the page a number. */
export function count(socket: Socket, tally: Tally): void {
  socket.emit('count', tally.sent++, (number: number) => tally.answered.push(number));
}

export function countTo(length: number): number[] {
  return Array.from({ length }, (_none, number) => number);
}
