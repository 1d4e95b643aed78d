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

/** Either end, with what packages reach for to see all that comes in. */
interface Overheard {
  onevent(packet: { data: unknown[]; id?: number }): void;
  ack(id: number): (answer: unknown) => void;
  on(event: string, listener: (given: number, reply: (answer: number) => void) => void): unknown;
  emitWithAck(event: string, given: unknown): Promise<unknown>;
}

/** Each end as the one that hears, with the other. */
function bothWays(ends: readonly unknown[]): [Overheard, Overheard][] {
  // Declared private where it is declared.
  const [client, socket] = ends as [Overheard, Overheard];
  return [
    [client, socket],
    [socket, client],
  ];
}

describe.each(lines)('$name: a function in the place of `onevent`', (line) => {
  onStage(line)('sees what comes in, hands it on, and a second time by another name', async ({ stage }) => {
    for (const [to, from] of bothWays(await stage.meet(await stage.serve()))) {
      const { onevent } = to;
      const seen: unknown[] = [];
      to.onevent = function (packet) {
        const event = [...packet.data];
        onevent.call(this, packet);
        onevent.call(this, { data: ['*', ...event] });
      };
      to.on('*', (...event) => seen.push(event));
      to.on('double', (n, reply) => reply(2 * n));
      expect(await from.emitWithAck('double', 4)).toBe(8);
      expect(seen).toEqual([['double', 4]]);
    }
  });

  onStage(line)('answers by itself', async ({ stage }) => {
    for (const [to, from] of bothWays(await stage.meet(await stage.serve()))) {
      to.onevent = function ({ data, id }) {
        this.ack(id!)(data);
      };
      expect(await from.emitWithAck('whatever', 1)).toEqual(['whatever', 1]);
    }
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
