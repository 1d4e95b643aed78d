import type { Socket as ServerSocket } from 'socket.io';
import { describe, expect } from 'vitest';
import { lines } from './ends.ts';
import { heard, onStage } from './stage.ts';

const quick = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 40, randomizationFactor: 0 };

describe.each(lines)('$name: reconnecting', (line) => {
  const it = onStage(line);

  it('finds a server that was restarted, and says so', async ({ stage }) => {
    const before = await stage.serve();
    const [client, socket] = await stage.meet(before, '/', quick);
    const [reconnected, connected] = [heard<[number]>(client.io, 'reconnect'), heard(client, 'connect')];
    await before.close();
    const after = await stage.serve();
    const arrived = heard<[ServerSocket]>(after, 'connection');
    await Promise.all([reconnected, connected]);
    expect((await reconnected)[0]).toBeGreaterThan(0);
    expect(client.connected).toBe(true);
    expect(client.id).toBe((await arrived)[0].id);
    expect(client.id).not.toBe(socket.id);
    expect(client.recovered).not.toBe(true);
  });

  it('comes back in every namespace, with the auth of the moment', async ({ stage }) => {
    const before = await stage.serve();
    before.of('/second');
    const [first] = await stage.meet(before, '/', quick);
    let asked = 0;
    const second = first.io.socket('/second', { auth: (answer) => answer({ asked: ++asked }) });
    await heard(second, 'connect');
    const both = Promise.all([heard(first, 'connect'), heard(second, 'connect')]);
    await before.close();
    const after = await stage.serve();
    const arrived = heard<[ServerSocket]>(after.of('/second'), 'connection');
    await both;
    expect((await arrived)[0].handshake.auth).toEqual({ asked: 2 });
  });

  it('keeps what is sent meanwhile, in order', async ({ stage }) => {
    const before = await stage.serve(line.withoutResume);
    const [client] = await stage.meet(before, '/', quick);
    const gone = heard(client, 'disconnect');
    await before.close();
    await gone;
    client.emit('kept', 1);
    client.emit('kept', Buffer.from([2]));
    const answer = client.emitWithAck('kept', 3);
    const after = await stage.serve();
    const seen: unknown[] = [];
    after.on('connection', (socket) => {
      socket.on('kept', (value: unknown, reply?: (given: string) => void) => {
        seen.push(value);
        reply?.('got it');
      });
    });
    expect(await answer).toBe('got it');
    expect(seen).toEqual([1, Buffer.from([2]), 3]);
  });

  it('keeps what is sent before the first connect, save what is volatile', async ({ stage }) => {
    const io = await stage.serve();
    const client = stage.connect('/', { autoConnect: false });
    client.emit('early', 1);
    client.volatile.emit('early', 'volatile');
    client.emit('early', 2);
    const seen: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      io.on('connection', (socket) => {
        socket.on('early', (value: unknown) => (seen.push(value) === 2 ? resolve() : undefined));
      });
    });
    expect(client.connected).toBe(false);
    client.connect();
    await both;
    expect(seen).toEqual([1, 2]);
  });

  it('tells each attempt, and gives up after as many as allowed', async ({ stage }) => {
    const io = await stage.serve(line.withoutResume);
    const [client] = await stage.meet(io, '/', { ...quick, reconnectionAttempts: 3 });
    const attempts: unknown[] = [];
    client.io.on('reconnect_attempt', (attempt) => attempts.push(attempt));
    let errors = 0;
    client.io.on('reconnect_error', () => (errors += 1));
    const failed = heard(client.io, 'reconnect_failed');
    await io.close();
    await failed;
    expect(attempts).toEqual([1, 2, 3]);
    expect(errors).toBe(3);
    expect(client.connected).toBe(false);
  });

  it('does not try where it may not', async ({ stage }) => {
    const io = await stage.serve(line.withoutResume);
    const [client] = await stage.meet(io);
    client.io.on('reconnect_attempt', () => expect.unreachable('reconnection is off'));
    const gone = heard(client, 'disconnect');
    await io.close();
    await gone;
    expect(client.connected).toBe(false);
  });

  it('comes back by hand after it left, under a new id', async ({ stage }) => {
    const io = await stage.serve();
    const [client, socket] = await stage.meet(io);
    client.disconnect();
    const back = heard(client, 'connect');
    client.connect();
    await back;
    expect(client.id).not.toBe(socket.id);
  });

  it('repeats a message until it is acknowledged, where retries are asked for', async ({ stage }) => {
    const io = await stage.serve();
    let arrived = 0;
    io.on('connection', (socket) => {
      socket.on('stubborn', (reply: (given: string) => void) => {
        arrived += 1;
        if (arrived === 3) reply('at last');
      });
    });
    const [client] = await stage.meet(io, '/', { retries: 5, ackTimeout: 60 });
    expect(await client.emitWithAck('stubborn')).toBe('at last');
    expect(arrived).toBe(3);
  });
});
