/** Official engine.io-client against our server: opening, echo, upgrade, heartbeats, ends. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Socket as Client } from 'engine.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { attach } from '../../server/engine/index.ts';
import type { AttachOptions, ServerOptions, Session } from '../../server/engine/index.ts';

async function serve(options: ServerOptions & AttachOptions = {}) {
  const http = createServer();
  const engine = attach(http, options);
  await new Promise<void>((resolve) => http.listen(0, resolve));
  onTestFinished(() => {
    engine.close();
    http.closeAllConnections();
    http.close();
  });
  return { engine, http, url: `http://localhost:${(http.address() as AddressInfo).port}` };
}

function connect(url: string, options: object = {}) {
  const client = new Client(url, options);
  onTestFinished(() => void client.close());
  return client;
}

const once = <T>(on: { once(event: never, listener: never): unknown }, event: string): Promise<T> =>
  new Promise((resolve) => on.once(event as never, ((...args: unknown[]) => resolve(args[0] as T)) as never));

const ways = [
  ['polling alone', { transports: ['polling'] }],
  ['WebSocket alone', { transports: ['websocket'] }],
  ['polling, then WebSocket', {}],
] as const;

describe.each(ways)('over %s', (_name, options) => {
  it('echoes text and binary in order', async () => {
    const { engine, url } = await serve();
    engine.on('connection', (session: Session) => session.on('message', (data) => session.send(data)));
    const client = connect(url, options);
    const got: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      client.on('message', (data: unknown) => {
        got.push(typeof data === 'string' ? data : [...new Uint8Array(data as ArrayBuffer)]);
        if (got.length === 5) resolve();
      });
    });
    await once(client, 'open');
    for (const data of ['a', 'ü€😀', Buffer.from([1, 2, 3])]) client.send(data as string);
    if (!('transports' in options)) await once(client, 'upgrade');
    for (const data of ['b', Buffer.from([4])]) client.send(data as string);
    await done;
    expect(got).toEqual(['a', 'ü€😀', [1, 2, 3], 'b', [4]]);
  });

  it('tells each end when the other closes', async () => {
    const { engine, url } = await serve();
    const sessions: Session[] = [];
    engine.on('connection', (session: Session) => sessions.push(session));
    const first = connect(url, options);
    await once(first, 'open');
    const reason = once<string>(sessions[0]!, 'close');
    first.close();
    expect(await reason).toBe('transport close');
    const second = connect(url, options);
    await once(second, 'open');
    const ended = once<string>(second, 'close');
    sessions[1]!.close();
    expect(await ended).toBe('transport close');
    expect(engine.clientsCount).toBe(0);
  });

  it('tells each end when the application closes the transport', async () => {
    const { engine, url } = await serve();
    const sessions: Session[] = [];
    engine.on('connection', (session: Session) => sessions.push(session));
    const client = connect(url, options);
    await once(client, 'open');
    if (!('transports' in options)) await once(client, 'upgrade');
    const [session] = sessions;
    const { transport } = session!;
    const doClose = vi.spyOn(transport as unknown as { doClose(): void }, 'doClose');
    const flushed = vi.fn();
    session!.on('flush', flushed);
    const closed = [once<string>(session!, 'close'), once<string>(client, 'close'), once(transport, 'close')];
    transport.close();
    expect(doClose).toHaveBeenCalledOnce();
    expect(await Promise.all(closed)).toEqual(['transport close', 'transport close', undefined]);
    expect([transport.readyState, engine.clientsCount]).toEqual(['closed', 0]);
    expect(flushed).not.toHaveBeenCalled();
    transport.close();
    expect(doClose).toHaveBeenCalledOnce();
  });
});
