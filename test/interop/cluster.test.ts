import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { io as connect } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { heard } from './stage.ts';

// Workers are processes of their own: ours run on the built package, by its name.
describe.each(['socket.io', 'throughline'])('@socket.io/cluster-adapter on two workers of %s', (name) => {
  it('makes one of both', async () => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'cluster-server.mjs'), name]);
    let complaints = '';
    child.stderr.on('data', (text) => (complaints += String(text)));
    const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[];
    expect(complaints).toBe('');
    const clients = (JSON.parse(String(line)) as number[]).map((port) =>
      connect(`http://127.0.0.1:${port}`, { forceNew: true, transports: ['websocket'] }),
    );
    onTestFinished(() => {
      for (const client of clients) client.disconnect();
      child.kill();
    });
    await Promise.all(clients.map((client) => heard(client, 'connect')));
    const [one, other] = [clients[0]!, clients[1]!];
    one.on('who', (reply: (given: string) => void) => reply('one'));
    other.on('who', (reply: (given: string) => void) => reply('other'));

    const news = Promise.all([heard(one, 'news'), heard(other, 'news')]);
    await one.emitWithAck('do', 'news');
    expect(await news).toEqual([[Buffer.from([1])], [Buffer.from([1])]]);
    expect(await one.emitWithAck('do', 'who')).toEqual(['one', 'other']);
    expect(await other.emitWithAck('do', 'rooms')).toEqual([true, true]);
    expect(await one.emitWithAck('do', 'pids')).toBe(1);
  });
});
