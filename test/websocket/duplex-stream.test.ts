import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { describe, expect, it } from 'vitest';

import { createWebSocketStream } from '../../websocket.ts';
import { call, closed, Inbox, open, serve, serveEcho } from './stage.ts';

describe('a WebSocket as a stream', () => {
  it('carries more than any buffer holds, and ends', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const sending = createWebSocketStream(call(stage.url));
    const receiving = createWebSocketStream(await accepted);
    const chunks = Array.from({ length: 300 }, (_none, at) => Buffer.alloc(50_000, at));
    let size = 0;
    const received = (async () => {
      for await (const chunk of receiving) size += (chunk as Buffer).length;
    })();
    await pipeline(Readable.from(chunks), sending, { end: true });
    await received;
    expect(size).toBe(300 * 50_000);
  });

  it('sends texts where strings are not made Buffers of', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const stream = createWebSocketStream(call(stage.url), { decodeStrings: false, readableObjectMode: true });
    const socket = await accepted;
    const inbox = new Inbox(socket);
    stream.write('text');
    stream.write(Buffer.from('bytes'));
    expect(await inbox.take(2)).toEqual(['text', Buffer.from('bytes')]);
    socket.send('back');
    expect(await once(stream, 'data')).toEqual(['back']);
    stream.destroy();
    expect((await closed(socket))[0]).toBe(1006);
  });

  it('pauses the WebSocket while nobody reads', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const socket = await accepted;
    const stream = createWebSocketStream(socket);
    client.send(Buffer.alloc(500_000));
    await once(stream, 'readable');
    expect(socket.isPaused).toBe(true);
    stream.resume();
    client.close();
    await once(stream, 'close');
    expect(socket.readyState).toBe(socket.CLOSED);
  });

  it('has not ended when it is destroyed', async () => {
    const stage = await serve();
    const client = await open(stage.url);
    const stream = createWebSocketStream(client);
    const events: string[] = [];
    for (const name of ['end', 'finish', 'close']) stream.on(name, () => events.push(name));
    client.once('close', () => stream.read());
    stream.destroy();
    await once(stream, 'close');
    await new Promise(setImmediate);
    expect(events).toEqual(['close']);
  });

  it('is one of bytes, and tells its close, whatever is asked of it', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const options = { objectMode: true, emitClose: false, autoDestroy: false };
    const stream = createWebSocketStream(await open(stage.url), options);
    const socket = await accepted;
    const inbox = new Inbox(socket);
    stream.write('text');
    expect(await inbox.next()).toEqual(Buffer.from('text'));
    socket.send('back');
    expect(await once(stream, 'data')).toEqual([Buffer.from('back')]);
    socket.close();
    await once(stream, 'close');
    expect(stream.destroyed).toBe(true);
  });

  it('tells what went wrong', async () => {
    const stream = createWebSocketStream(call('ws://127.0.0.1:1'));
    const [error] = await once(stream, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('destroyed with an error tells it and cuts', async () => {
    const stage = await serveEcho();
    const client = await open(stage.url);
    const stream = createWebSocketStream(client);
    const mistake = new Error('enough');
    const end = closed(client);
    const told = once(stream, 'error');
    stream.destroy(mistake);
    expect((await told)[0]).toBe(mistake);
    expect((await end)[0]).toBe(1006);
  });
});
