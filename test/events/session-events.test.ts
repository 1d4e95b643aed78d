import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { io as connect } from '../../client/index.ts';
import type { Socket } from '../../server/events/index.ts';
import { Cable } from '../interop/cable.ts';
import { RawPeer, serve } from './raw-peer.ts';

describe('between our own ends a socket tells', () => {
  it('when its transport is lost, and when its client is back', async () => {
    const { io, port } = await serve();
    const cable = new Cable(port);
    await cable.listen();
    onTestFinished(() => cable.close());
    const client = connect(`http://127.0.0.1:${cable.port}`, { transports: ['websocket'], forceNew: true });
    onTestFinished(() => void client.disconnect());
    const [socket] = (await once(io, 'connection')) as [Socket];
    const heard: unknown[] = [];
    client.on('x', (n) => heard.push(n));
    const suspended = once(socket, 'suspend');
    const resumed = once(socket, 'resume');
    cable.cut();
    expect(await suspended).toEqual([{ code: expect.any(String) }]);
    expect(socket.connected).toBe(true);
    socket.emit('x', 1);
    cable.mend();
    const [details] = (await resumed) as [{ suspendedMs: number; replayed: number }];
    expect(details.suspendedMs).toBeGreaterThanOrEqual(0);
    expect(await socket.flushed()).toBe(true);
    expect(heard).toEqual([1]);
    expect(socket.unconfirmed).toBe(0);
  });

  it('which transport carries it now', async () => {
    const { io, url } = await serve();
    const moved = new Promise((resolve) => io.on('connection', (socket) => socket.on('transport', resolve)));
    const client = connect(url, { forceNew: true });
    onTestFinished(() => void client.disconnect());
    expect(await moved).toEqual({ name: 'websocket', why: expect.any(String) });
  });

  it('nothing any more once it is disconnected, though its session lives', async () => {
    const { io, port } = await serve();
    const peer = await RawPeer.connect(port);
    const { conn } = [...io.sockets.sockets.values()][0]!;
    for (let n = 0; n < 20; n++) {
      const [socket] = [...io.sockets.sockets.values()];
      socket!.on('suspend', () => {});
      socket!.on('resume', () => {});
      peer.send('41', '40');
      expect(await peer.next()).toMatch(/^40/);
    }
    expect(conn.listenerCount('suspend')).toBe(0);
  });
});
