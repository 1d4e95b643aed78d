import { describe, expect, it } from 'vitest';
import * as parser from 'socket.io-msgpack-parser';
import type { ServerOptions } from '../../server/events/index.ts';
import { begin, heard } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

// Its declarations say nothing of what it exports.
const options: Partial<ServerOptions> = { parser: parser as unknown as NonNullable<ServerOptions['parser']> };
const encode = (packet: unknown): Buffer => {
  const parts = new parser.Encoder().encode(packet as never) as unknown as readonly Uint8Array[];
  return Buffer.from(parts[0]!);
};

describe('socket.io-msgpack-parser', () => {
  it.each(['polling', 'websocket'])('carries events and answers over %s', async (transport) => {
    const { io, url } = await serve(options);
    io.on('connection', (socket) =>
      socket.on('echo', (value: unknown, reply: (value: unknown) => void) => reply(value)),
    );
    const client = begin(url, { parser, transports: [transport] });
    await heard(client, 'connect');
    const value = { bytes: Buffer.from([1, 2]), list: [1, 'zwei', null, true] };
    expect(await client.emitWithAck('echo', value)).toEqual(value);
    const came = heard(client, 'news');
    io.emit('news', value);
    expect(await came).toEqual([value]);
  });

  it.each<[string, Buffer | string]>([
    ['nothing', Buffer.alloc(0)],
    ['a length of 2^32', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
    ['a text of 2^32 bytes', Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff])],
    ['an end too soon', Buffer.from([0x92, 0x01])],
    ['a byte that means nothing', Buffer.from([0xc1])],
    ['an extension', Buffer.from([0xd4, 0x05, 0x00])],
    ['500,000 levels', Buffer.alloc(500_000, 0x91)],
    ['bytes behind the packet', Buffer.concat([encode({ type: 2, nsp: '/', data: ['x'] }), Buffer.from([1])])],
    ['null', encode(null)],
    ['a packet without a type', encode({ nsp: '/', data: ['x'] })],
    ['an event without a name', encode({ type: 2, nsp: '/', data: [] })],
    ['a reserved name', encode({ type: 2, nsp: '/', data: ['disconnect'] })],
    ['a number for a name', encode({ type: 2, nsp: '/', data: [1] })],
    ['a namespace that is none', encode({ type: 2, nsp: {}, data: ['x'] })],
    ['an id that is none', encode({ type: 2, nsp: '/', id: 'x', data: ['x'] })],
  ])('ends the connection of who sends %s, and no other', async (_what, message) => {
    const { io, port } = await serve(options);
    io.on('connection', (socket) => socket.on('y', () => socket.disconnect()));
    const connect = async (): Promise<RawPeer> => {
      const peer = await RawPeer.open(port);
      peer.send(encode({ type: 0, nsp: '/' }));
      await peer.next();
      return peer;
    };
    const [bystander, peer] = [await connect(), await connect()];
    peer.send(message);
    expect(await peer.untilClosed()).toEqual([]);
    expect(io.sockets.sockets.size).toBe(1);
    bystander.send(encode({ type: 2, nsp: '/', data: ['y'] }));
    expect(await bystander.next()).toEqual(encode({ type: 1, nsp: '/' }));
  });
});
