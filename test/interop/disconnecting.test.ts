import type { Server, Socket as ServerSocket } from 'socket.io';
import type { Socket as ClientSocket } from 'socket.io-client';
import { describe, expect } from 'vitest';
import { lines } from './ends.ts';
import { heard, onStage, type Stage } from './stage.ts';

interface Scene {
  readonly io: Server;
  readonly client: ClientSocket;
  readonly socket: ServerSocket;
  readonly stage: Stage;
}

describe.each(lines)('$name: disconnecting', (line) => {
  const it = onStage(line);

  it.for<readonly [string, (scene: Scene) => unknown, string | RegExp, string | RegExp]>([
    ['the client leaves', ({ client }) => client.disconnect(), 'io client disconnect', 'client namespace disconnect'],
    [
      'the server puts it out',
      ({ socket }) => socket.disconnect(),
      'io server disconnect',
      'server namespace disconnect',
    ],
    [
      'the server closes its connection',
      ({ socket }) => socket.disconnect(true),
      'io server disconnect',
      'server namespace disconnect',
    ],
    ['the server closes the transport', ({ socket }) => socket.conn.close(), 'transport close', 'forced close'],
    [
      'the client closes the transport',
      ({ client }) => client.io.engine.close(),
      'forced close',
      // An official server that is busy may read of the cut connection before it reads the Close.
      /^transport (close|error)$/,
    ],
    ['the server shuts down', ({ io }) => io.close(), /^transport (close|error)$/, 'server shutting down'],
    [
      'the line is cut',
      ({ stage }) => stage.cable.cut(),
      /^transport (close|error)$/,
      /^transport (close|error)$|^ping timeout$/,
    ],
    ['the line falls silent', ({ stage }) => stage.cable.silence(), 'ping timeout', 'ping timeout'],
  ])('when %s, each end hears the reason', async ([_when, act, clientReason, serverReason], { stage }) => {
    const io = await stage.serve({ pingInterval: 150, pingTimeout: 150, ...line.withoutResume });
    const [client, socket] = await stage.meet(io);
    const reasons = Promise.all([heard<[string]>(client, 'disconnect'), heard<[string]>(socket, 'disconnect')]);
    act({ io, client, socket, stage });
    const [[atClient], [atServer]] = await reasons;
    expect(atClient).toMatch(clientReason);
    expect(atServer).toMatch(serverReason);
    expect([client.connected, socket.connected]).toEqual([false, false]);
    expect(io.sockets.sockets.size).toBe(0);
  });

  it('stays quiet between heartbeats, however short they are', async ({ stage }) => {
    const io = await stage.serve({ pingInterval: 60, pingTimeout: 2_000 });
    const [client] = await stage.meet(io);
    let disconnects = 0;
    client.on('disconnect', () => (disconnects += 1));
    for (let beats = 0; beats < 6; beats += 1) await heard(client.io, 'ping');
    expect(disconnects).toBe(0);
  });

  it('does not come back by itself after the server put it out, but may be told to', async ({ stage }) => {
    const io = await stage.serve();
    const [client, socket] = await stage.meet(io, '/', { reconnection: true, reconnectionDelay: 5 });
    const gone = heard(client, 'disconnect');
    socket.disconnect();
    await gone;
    expect(client.active).toBe(false);
    const back = heard(client, 'connect');
    client.connect();
    await back;
    expect(client.id).not.toBe(socket.id);
  });

  it('is told to the server’s engine with a code where the handshake is wrong', async ({ stage }) => {
    const io = await stage.serve();
    const refused = heard<[{ code: number; message: string }]>(io.engine, 'connection_error');
    const { status } = await fetch(`http://127.0.0.1:${stage.cable.port}/socket.io/?EIO=4&transport=carrier-pigeon`);
    expect(status).toBe(400);
    expect((await refused)[0]).toMatchObject({ code: 0, message: 'Transport unknown' });
  });
});
