/** What a session costs while its client is away: held for as long as its window, so there may be many of them. */
import { WebSocket } from 'ws';
import { expect, it } from 'vitest';
import { bytesHeld } from '../websocket/garbage.ts';
import { serve } from './raw-peer.ts';

/** Opens sessions of the default namespace that outlive their connections, and cuts those. */
async function openAndCut(port: number, count: number): Promise<void> {
  const open = async (): Promise<void> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket&resume=1`);
    await new Promise<void>((resolve) => {
      socket.on('message', (data) => (String(data).startsWith('40') ? resolve() : socket.send('40')));
    });
    socket.terminate();
  };
  for (let opened = 0; opened < count; opened += 100) await Promise.all(Array.from({ length: 100 }, open));
}

it('an idle suspended session takes at most 4 kB', async () => {
  const { io, port } = await serve({ resume: { window: 60_000 } });
  const suspended = async (count: number): Promise<void> => {
    await openAndCut(port, count);
    await expect.poll(() => io.health().suspended).toBe(io.health().sessions);
  };
  // Code that runs the first time, and tables that grow by doubling, are no session's.
  await suspended(1_000);
  const before = await bytesHeld();
  await suspended(1_000);
  expect(io.health().suspended).toBe(2_000);
  expect((await bytesHeld()) - before).toBeLessThan(1_000 * 4_096);
});
