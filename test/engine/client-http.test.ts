/** Requests of the client in Node. */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { request } from '../../client/engine/http-node.ts';
import { resolveOptions } from '../../client/engine/options.ts';
import { listen } from './server-fixture.ts';

function get(port: number): Promise<number> {
  const options = resolveOptions(`http://127.0.0.1:${port}`, {});
  return new Promise((resolve, reject) => {
    request({ url: `http://127.0.0.1:${port}/`, options } as Parameters<typeof request>[0], {
      chunk: () => {},
      done: (status, error) => (error === undefined ? resolve(status) : reject(error as Error)),
    });
  });
}

it('are made on a new connection where all that were kept have been cut', async () => {
  const sockets: Socket[] = [];
  const waiting: (() => void)[] = [];
  const http = createServer((_request, answer) => {
    waiting.push(() => answer.end());
    // The first three are answered together, so that each has a connection of its own.
    if (waiting.length === 3 || sockets.length > 3) for (const go of waiting.splice(0)) go();
  });
  http.on('connection', (socket) => sockets.push(socket));
  const port = await listen(http);
  await Promise.all([get(port), get(port), get(port)]);
  for (const socket of sockets) socket.resetAndDestroy();
  expect(await get(port)).toBe(200);
  expect(sockets).toHaveLength(4);
});
