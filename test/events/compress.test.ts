import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Server, Socket } from '../../server/events/index.ts';
import { meet } from './meet.ts';
import { serve } from './raw-peer.ts';

describe('a transport is told that it may compress', () => {
  it.each<[string, boolean, (io: Server, socket: Socket) => unknown]>([
    ['an event', true, (_io, socket) => socket.emit('x')],
    ['a volatile event', true, (_io, socket) => socket.volatile.emit('x')],
    ['a question', true, (_io, socket) => socket.timeout(1).emit('x', () => {})],
    ['a broadcast', true, (io) => io.emit('x')],
    ['an event that says so', true, (_io, socket) => socket.compress(true).emit('x')],
    ['an event that says no', false, (_io, socket) => socket.compress(false).emit('x')],
    ['a broadcast that says no', false, (io) => io.compress(false).emit('x')],
    ['a broadcast of a socket that says no', false, (_io, socket) => socket.compress(false).broadcast.emit('x')],
  ])('%s: %s', async (_what, expected, emit) => {
    const { io, url } = await serve();
    const [, socket] = await meet(io, url);
    const [, other] = await meet(io, url);
    const created = Promise.race([once(socket.conn, 'packetCreate'), once(other.conn, 'packetCreate')]);
    emit(io, socket);
    const [packet] = (await created) as [{ options: { compress: boolean } }];
    expect(packet.options.compress).toBe(expected);
  });
});
