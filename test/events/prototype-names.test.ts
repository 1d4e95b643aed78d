/** Names that every object has, in each place where a peer chooses a name: they are names like any other, on every floor. */
import { once } from 'node:events';

import { afterEach, describe, expect, it } from 'vitest';

import { WebSocketServer } from '../../websocket.ts';
import { RawPeer as WirePeer } from '../websocket/raw-peer.ts';
import { serve as serveWebSockets } from '../websocket/stage.ts';
import { RawPeer, serve } from './raw-peer.ts';

const names = [...Object.getOwnPropertyNames(Object.prototype), 'prototype', 'length', 'name'];
const before = Object.getOwnPropertyNames(Object.prototype);

afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  expect(Object.keys({})).toEqual([]);
});

describe.each(names)('%s', (name) => {
  it('as a WebSocket extension or its parameter is not known, as a subprotocol is one', async () => {
    const stage = await serveWebSockets({ perMessageDeflate: true });
    const peer = await WirePeer.open(stage.port, {
      'Sec-WebSocket-Extensions': `${name}; ${name}=${name}, permessage-deflate; ${name}`,
      'Sec-WebSocket-Protocol': name,
    });
    expect(peer.header('Sec-WebSocket-Extensions')).toBeUndefined();
    expect(peer.header('Sec-WebSocket-Protocol')).toBe(name);
    expect(stage.server).toBeInstanceOf(WebSocketServer);
    peer.reset();
  });

  it('as a transport or a session is unknown, as a key of the query is the application’s', async () => {
    const { io, url } = await serve();
    const codeOf = async (query: string): Promise<unknown> => {
      const answer = await fetch(`${url}/socket.io/?EIO=4&${query}`);
      return [answer.status, ((await answer.json()) as { code: number }).code];
    };
    expect(await codeOf(`transport=${name}`)).toEqual([400, 0]);
    expect(await codeOf(`transport=polling&sid=${name}`)).toEqual([400, 1]);
    expect(await codeOf(`transport=polling&sid=x&sid=${name}`)).toEqual([400, 1]);
    const connected = once(io, 'connection');
    const opened = await fetch(`${url}/socket.io/?EIO=4&transport=polling&${name}=1`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    const post = (body: string) =>
      fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body });
    await post('40');
    const [{ handshake }] = (await connected) as [{ handshake: { query: Record<string, unknown> } }];
    expect(Object.getOwnPropertyDescriptor(handshake.query, name)?.value).toBe('1');
    await post('1');
  });

  it('as a namespace is not there, as an event or a room is one', async () => {
    const { io, port } = await serve();
    const rooms: unknown[] = [];
    io.on('connection', (socket) => {
      // A reserved name would be refused; none of these is.
      socket.on(name, async (room: string, answer: (told: string) => void) => {
        await socket.join(room);
        io.to(room).emit(name, room);
        rooms.push([...socket.rooms].includes(room), io.sockets.adapter.rooms.get(room)?.size);
        answer(room);
      });
    });
    const peer = await RawPeer.connect(port);
    peer.send(`40/${name},`);
    expect(await peer.next()).toBe(`44/${name},{"message":"Invalid namespace"}`);
    peer.send(`427["${name}","${name}"]`);
    expect([await peer.next(), await peer.next()].toSorted()).toEqual([`42["${name}","${name}"]`, `437["${name}"]`]);
    expect(rooms).toEqual([true, 1]);
    peer.send(`42["other",{"${name}":{"polluted":true}}]`, `427["${name}","after"]`);
    expect([await peer.next(), await peer.next()].toSorted()).toEqual([`42["${name}","after"]`, '437["after"]']);
  });
});
