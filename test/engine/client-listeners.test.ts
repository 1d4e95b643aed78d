/** Who listens to a session hears all of it, although most of it is only told where somebody listens. */
import * as official from 'engine.io-client';
import { describe, expect, it } from 'vitest';
import type { Socket, Transport } from '../../client/engine/index.ts';
import { connect, heard, serveOfficial } from './client-stage.ts';

/** What `transport.ws` is in Node. */
interface NodeWebSocket {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

/** A session on a server that sends back what it gets. */
async function meetEcho(transport: string | typeof official.NodeWebSocket = 'websocket'): Promise<Socket> {
  const { engine, url } = await serveOfficial();
  engine.on('connection', (session: { on: Socket['on']; send(data: unknown): void }) => {
    session.on('message', (data) => session.send(data));
  });
  const client = connect(url, { transports: [transport as string] });
  await heard(client, 'open');
  return client;
}

async function echo(client: Socket, data: string): Promise<void> {
  const came = heard(client, 'data');
  client.send(data);
  await came;
}

describe('a listener that is added in the midst of a session', () => {
  it.each(['data', 'message', 'packet', 'heartbeat', 'packetCreate', 'flush', 'drain'] as const)(
    'hears `%s` from then on, and nothing once it is removed',
    async (event) => {
      const client = await meetEcho();
      await echo(client, 'before');
      let calls = 0;
      const listener = (): void => void calls++;
      client.on(event, listener);
      await echo(client, 'x');
      await new Promise((resolve) => setImmediate(resolve));
      expect(calls).toBe(1);
      client.off(event, listener);
      await echo(client, 'after');
      expect(calls).toBe(1);
    },
  );

  it('hears each packet as the transport has it', async () => {
    const client = await meetEcho();
    const packets: unknown[] = [];
    client.transport.on('packet', (packet) => packets.push(packet));
    await echo(client, 'x');
    expect(packets).toEqual([{ type: 'message', data: 'x' }]);
  });

  it('is called behind one that throws, and the session goes on', async () => {
    const client = await meetEcho();
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    const got: unknown[] = [];
    client.once('data', () => {
      throw new Error('of the application');
    });
    client.on('data', (data) => got.push(data));
    await echo(client, 'x');
    expect(await thrown).toMatchObject({ message: 'of the application' });
    await echo(client, 'y');
    expect(got).toEqual(['x', 'y']);
  });

  it('may listen to the WebSocket itself, in either way', async () => {
    const client = await meetEcho();
    const ws = (client.transport as Transport & { ws: NodeWebSocket }).ws;
    const got: unknown[] = [];
    ws.on('message', (data, isBinary) => got.push([data.toString(), isBinary]));
    ws.addEventListener('message', ({ data }) => got.push(data));
    await echo(client, 'ä');
    expect(got).toEqual([['4ä', false], '4ä']);
  });
});

it('goes on when the application removes all listeners', async () => {
  const client = await meetEcho();
  client.off();
  client.transport.off();
  await echo(client, 'x');
  const closed = heard(client, 'close');
  client.close();
  expect((await closed)[0]).toBe('forced close');
});

it('hears the transports of a class that is not ours', async () => {
  const client = await meetEcho(official.NodeWebSocket);
  expect(client.transport).toBeInstanceOf(official.NodeWebSocket);
  await echo(client, 'x');
  await expect.poll(() => client.writeBuffer).toEqual([]);
});
