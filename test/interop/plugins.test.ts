import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { instrument } from '@socket.io/admin-ui';
import msgpackParser from 'socket.io-msgpack-parser';
import { io as connect } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lines, serverEnds } from './ends.ts';
import { heard, onStage } from './stage.ts';

describe.each(lines)('$name: socket.io-msgpack-parser', (line) => {
  onStage(line)('carries text, bytes and answers both ways', async ({ stage }) => {
    const server = await stage.serve({ parser: msgpackParser });
    const [client, socket] = await stage.meet(server, '/', { parser: msgpackParser });
    socket.on('echo', (given: unknown, reply: (given: unknown) => void) => reply(given));
    client.on('echo', (given: unknown, reply: (given: unknown) => void) => reply(given));
    const value = { text: 'ü 漢', bytes: Buffer.from([1, 2, 255]), list: [1, null, true] };
    expect(await client.emitWithAck('echo', value)).toEqual(value);
    expect(await socket.emitWithAck('echo', value)).toEqual(value);
  });
});

describe.each(serverEnds)('@socket.io/admin-ui on the $name server', ({ Server }) => {
  it('shows who is here, and puts them out', async () => {
    const http = createServer();
    const io = new Server(http);
    instrument(io, { auth: false, mode: 'development' });
    await once(http.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const client = connect(url, { forceNew: true, reconnection: false });
    const admin = connect(`${url}/admin`, { forceNew: true });
    onTestFinished(async () => {
      admin.disconnect();
      client.disconnect();
      await io.close();
    });
    await heard(client, 'connect');
    const [sockets] = await heard<[{ id: string; transport: string }[]]>(admin, 'all_sockets');
    expect(sockets.map(({ id }) => id)).toContain(client.id);
    const gone = heard(client, 'disconnect');
    admin.emit('_disconnect', '/', false, client.id);
    expect((await gone)[0]).toBe('io server disconnect');
  });
});
