import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { io as officialIo } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { io as ourIo, Server } from '../../index.ts';
import { heard } from './stage.ts';

/** An Express application with the middleware and nothing else. Returns its URL. */
async function serve(): Promise<string> {
  const io = new Server();
  io.on('connection', (socket) => socket.on('echo', (given: unknown, reply: (given: unknown) => void) => reply(given)));
  const app = express();
  app.get('/before', (_request, response) => void response.send('the route before'));
  app.use(io.middleware());
  app.get('/after', (_request, response) => void response.send('the route after'));
  const http: HttpServer = app.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    await io.close();
    if (http.listening) http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

describe('Express 5 with app.use(io.middleware())', () => {
  it.each([
    ['polling', 'socket.io-client', officialIo, ['polling']],
    ['an upgrade', 'socket.io-client', officialIo, ['polling', 'websocket']],
    ['polling', 'our client', ourIo as unknown as typeof officialIo, ['polling']],
    ['an upgrade', 'our client', ourIo as unknown as typeof officialIo, ['polling', 'websocket']],
  ])('serves %s to %s', async (_way, _whose, io, transports) => {
    const client = io(await serve(), { transports, forceNew: true, reconnection: false });
    onTestFinished(() => void client.disconnect());
    await heard(client, 'connect');
    // The upgrade may be quicker than the connect.
    if (client.io.engine.transport.name !== transports.at(-1)) await heard(client.io.engine, 'upgrade');
    expect(client.io.engine.transport.name).toBe(transports.at(-1));
    expect(await client.emitWithAck('echo', { a: Buffer.from([1]) })).toEqual({ a: Buffer.from([1]) });
  });

  it('serves a WebSocket alone once any request has shown it the server', async () => {
    const url = await serve();
    await fetch(`${url}/before`);
    await fetch(`${url}/after`);
    const client = officialIo(url, { transports: ['websocket'], forceNew: true, reconnection: false });
    onTestFinished(() => void client.disconnect());
    await heard(client, 'connect');
    expect(await client.emitWithAck('echo', 1)).toBe(1);
  });

  it.each(['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'throughline.min.js'])(
    'serves the script tag’s /socket.io/%s',
    async (file) => {
      const answer = await fetch(`${await serve()}/socket.io/${file}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^application\/javascript|^text\/javascript/);
      expect(await answer.text()).toContain('Throughline');
      const tag = answer.headers.get('etag')!;
      const again = await fetch(answer.url, { headers: { 'if-none-match': tag } });
      expect(again.status).toBe(304);
    },
  );

  it('leaves the application its own routes, before and after', async () => {
    const url = await serve();
    expect(await (await fetch(`${url}/before`)).text()).toBe('the route before');
    expect(await (await fetch(`${url}/after`)).text()).toBe('the route after');
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  it('answers its own path with the protocol’s errors', async () => {
    const answer = await fetch(`${await serve()}/socket.io/?EIO=4&transport=pigeon`);
    expect([answer.status, await answer.json()]).toEqual([400, { code: 0, message: 'Transport unknown' }]);
  });
});
