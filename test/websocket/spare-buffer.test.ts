import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';

import { describe, expect, it, onTestFinished } from 'vitest';

import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { Connection } from '../../shared/websocket/connection.ts';
import type { Role } from '../../shared/websocket/frame.ts';
import { frameMessage } from '../../shared/websocket/frame-writer.ts';
import { resolveLimits } from '../../shared/websocket/limits.ts';
import { giveBack, lendBuffer, reclaim, takeBuffer } from '../../shared/websocket/spare-buffer.ts';

/** Texts of a letter each, so that another's bytes would show. */
const texts = Array.from({ length: 150 }, (_none, at) =>
  (at % 9 === 8 ? 'é' : String.fromCharCode(97 + (at % 26))).repeat([5_000, 66_000, 20_000, 130_000, 300_000][at % 5]!),
);

function connection(stream: Duplex, role: Role): { connection: Connection; heard: string[] } {
  const made = new Connection(stream, connectionSettings({ role, limits: resolveLimits() }), { head: Buffer.alloc(0) });
  const heard: string[] = [];
  made.sink = { message: (data) => heard.push(data as string), drain: () => {}, closed: () => {} };
  onTestFinished(() => made.terminate());
  return { connection: made, heard };
}

describe('a spare buffer', () => {
  it('goes to the next who needs about as much, and to nobody else meanwhile', () => {
    const first = takeBuffer(65_000, 131_072);
    expect(first.length).toBeGreaterThanOrEqual(65_000);
    giveBack(first);
    expect(takeBuffer(20_000, 40_000)).not.toBe(first);
    expect(takeBuffer(first.length + 1, 200_000)).not.toBe(first);
    expect(takeBuffer(64_000, 128_000)).toBe(first);
    expect(takeBuffer(64_000, 128_000)).not.toBe(first);
  });

  it('is kept only of a size that is worth it and costs no memory', () => {
    for (const size of [512, 300_000]) {
      const buffer = Buffer.alloc(size);
      giveBack(buffer);
      expect(takeBuffer(size, size) === buffer).toBe(false);
    }
  });

  it('comes back from who had it lent last, once', () => {
    const older = lendBuffer(50_000);
    const newer = lendBuffer(50_000);
    reclaim(older);
    expect(takeBuffer(50_000, 100_000).buffer).not.toBe(older.buffer);
    reclaim(newer);
    reclaim(newer);
    expect(takeBuffer(50_000, 100_000).buffer).toBe(newer.buffer);
    expect(takeBuffer(50_000, 100_000).buffer).not.toBe(newer.buffer);
  });
});

describe('large texts', () => {
  it('arrive as they were sent, in both directions at once, at peers that are slow to read too', async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pairs: (readonly [ReturnType<typeof connection>, ReturnType<typeof connection>])[] = [];
    while (pairs.length < 3) {
      const accepted = once(server, 'connection');
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      pairs.push([connection((await accepted)[0], 'server'), connection(socket, 'client')]);
    }
    for (const [at, text] of texts.entries()) {
      for (const [ours, theirs] of pairs) {
        if (at === 10) theirs.connection.pause();
        if (at === 140) theirs.connection.resume();
        for (const end of [ours, theirs]) {
          end.connection.sendText(text);
          await new Promise(setImmediate);
        }
      }
    }
    const ends = pairs.flat();
    await expect.poll(() => ends.every(({ heard }) => heard.length === texts.length), { timeout: 10_000 }).toBe(true);
    for (const { heard } of ends) expect(heard.every((text, at) => text === texts[at])).toBe(true);
  });

  it('stay as they are where a stream hands on the very bytes that it got', async () => {
    const chunks: Buffer[] = [];
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const { connection: made } = connection(stream, 'server');
    for (const text of texts) {
      made.sendText(text);
      await new Promise(setImmediate);
    }
    expect(Buffer.concat(chunks).equals(Buffer.concat(texts.map((text) => frameMessage(text))))).toBe(true);
  });
});
