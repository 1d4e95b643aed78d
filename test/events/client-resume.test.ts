import { describe, expect, vi } from 'vitest';
import type { Socket } from '../../client/index.ts';
import { heard, onStage } from '../interop/stage.ts';
import { lines } from './client-ends.ts';

const own = lines.filter(({ name }) => name.startsWith('our own'));

describe.each(own)('$name: a connection that loses its transport', (line) => {
  const it = onStage(line);

  it('stays connected, loses nothing either way, and says how it went', async ({ stage }) => {
    const [officially, socket] = await stage.meet(await stage.serve());
    const client = officially as unknown as Socket;
    const { id } = client;
    const disconnect = vi.fn<(...args: unknown[]) => void>();
    client.on('disconnect', disconnect);
    client.on('connect', disconnect);
    socket.on('disconnect', disconnect);
    socket.on('add', (one: number, answer: (sum: number) => void) => answer(one + 1));
    const suspended = heard<[{ code: string }]>(client, 'suspend');
    const resumed = heard<[{ suspendedMs: number; replayed: number }]>(client, 'resume');
    stage.cable.cut();
    expect((await suspended)[0].code).toMatch(/^[a-z-]+$/);
    expect([client.connected, client.id, client.active]).toEqual([true, id, true]);
    const answers = Promise.all([1, 2, 3].map((one) => client.emitWithAck('add', one)));
    const news = heard(client, 'news');
    socket.emit('news', 'from the server');
    expect(client.unconfirmed).toBeGreaterThanOrEqual(3);
    stage.cable.mend();
    expect(await answers).toEqual([2, 3, 4]);
    expect(await news).toEqual(['from the server']);
    const [{ suspendedMs }] = await resumed;
    expect(suspendedMs).toBeGreaterThanOrEqual(0);
    expect(client.recovered).toBe(false);
    expect(disconnect).not.toHaveBeenCalled();
  });

  it('hears which transport carries it, and why', async ({ stage }) => {
    const [officially] = await stage.meet(await stage.serve());
    const client = officially as unknown as Socket;
    const transport = heard<[{ name: string; why: string }]>(client, 'transport');
    const back = heard(client, 'resume');
    stage.cable.cut();
    await heard(client, 'suspend');
    stage.cable.mend();
    expect((await transport)[0].name).toBe(line.transports[0]);
    await back;
    const steps = client.io.explain();
    expect(steps.map(({ why }) => why)).toContain('lost');
    for (const { at, meaning, transport: name } of steps) {
      expect([Date.now() - at < 60_000, meaning.length > 10, line.transports.includes(name as 'polling')]).toEqual([
        true,
        true,
        true,
      ]);
    }
  });

  it('drops what is volatile meanwhile', async ({ stage }) => {
    const [officially, socket] = await stage.meet(await stage.serve());
    const client = officially as unknown as Socket;
    const got: unknown[] = [];
    socket.on('count', (value: unknown) => got.push(value));
    stage.cable.cut();
    await heard(client, 'suspend');
    client.volatile.emit('count', 'volatile');
    client.emit('count', 1);
    stage.cable.mend();
    await client.flushed();
    expect(got).toEqual([1]);
  });

  it('rejects `flushed` where it is closed before', async ({ stage }) => {
    const [officially] = await stage.meet(await stage.serve());
    const client = officially as unknown as Socket;
    stage.cable.cut();
    await heard(client, 'suspend');
    client.emit('count', 1);
    const flushed = client.flushed();
    client.disconnect();
    await expect(flushed).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  it('ends with an honest `disconnect` when the window has passed', async ({ stage }) => {
    // An option of ours alone.
    const [client] = await stage.meet(await stage.serve({ resume: { window: 50 } } as object));
    const disconnected = heard(client, 'disconnect');
    stage.cable.cut();
    expect(await disconnected).toEqual([
      'transport close',
      expect.objectContaining({ code: 'window-passed', by: 'network', again: true }),
    ]);
    expect(client.connected).toBe(false);
  });

  it('opens anew when the window has passed, as one that was never here', async ({ stage }) => {
    const server = await stage.serve({ resume: { window: 50 } } as object);
    const [client] = await stage.meet(server, '/', { reconnection: true, reconnectionDelay: 10 });
    const { id } = client;
    const disconnected = heard(client, 'disconnect');
    stage.cable.cut();
    await disconnected;
    const connected = heard(client, 'connect');
    const accepted = new Promise<{ recovered: boolean }>((resolve) => server.once('connection', resolve));
    stage.cable.mend();
    await connected;
    expect([client.recovered, (await accepted).recovered]).toEqual([false, false]);
    expect(client.id).not.toBe(id);
  });
});

describe.each(lines)('$name: `flushed`', (line) => {
  const it = onStage(line);

  it('resolves when the server has seen what was emitted, before a connection or on it', async ({ stage }) => {
    const server = await stage.serve();
    const got: unknown[] = [];
    server.on('connection', (socket) => socket.on('count', (value: unknown) => got.push(value)));
    const client = stage.connect() as unknown as Socket;
    client.emit('count', 1);
    expect(client.unconfirmed).toBeGreaterThanOrEqual(1);
    await client.flushed();
    if (line.name.startsWith('our own')) expect(got).toEqual([1]);
    client.emit('count', 2);
    await client.flushed();
    if (line.name.startsWith('our own')) expect(got).toEqual([1, 2]);
    expect(client.unconfirmed).toBe(0);
  });
});
