import { format } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MockInstance } from 'vitest';
import type { ListenerErrorContext, Server, Socket } from '../../server/events/index.ts';
import { meet } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

const broken = new Error('broken');
const fail = (): never => {
  throw broken;
};
const reject = (): Promise<never> => Promise.reject(broken);

/** Where an application's code is called, with what makes us call it. */
const places: [string, string, (socket: Socket, code: () => unknown) => void, readonly string[]][] = [
  ['a listener', 'x', (socket, code) => void socket.on('x', code as () => void), ['42["x"]']],
  ['a listener of one event', 'x', (socket, code) => void socket.once('x', code as () => void), ['42["x"]']],
  ['a listener for all events', 'x', (socket, code) => void socket.onAny(code as () => void), ['42["x"]']],
  ['a middleware', 'x', (socket, code) => void socket.use(code), ['42["x"]']],
  ['an outgoing listener', 'y', (socket, code) => void socket.onAnyOutgoing(code as () => void).emit('y'), []],
  ['the callback of a question', 'ack', (socket, code) => void socket.emit('y', code as () => void), ['430[]']],
  [
    'the callback of a question that times out',
    'ack',
    (socket, code) => void socket.timeout(1).emit('y', code as () => void),
    [],
  ],
  [
    'the callback of a question to many',
    'ack',
    (socket, code) =>
      void socket.nsp
        .timeout(5_000)
        .to(socket.id)
        .emit('y', code as never),
    ['430[]'],
  ],
  ['a listener of its end', 'disconnect', (socket, code) => void socket.on('disconnect', code as () => void), ['41']],
  [
    'a listener of its ending',
    'disconnecting',
    (socket, code) => void socket.on('disconnecting', code as () => void),
    ['41'],
  ],
  ['a listener of its errors', 'error', (socket, code) => void socket.on('error', code as () => void), ['4x']],
];

describe.each(places)('%s', (_where, event, attach, messages) => {
  it.each([
    ['throws', fail],
    ['rejects', reject],
  ])('that %s is reported with its socket, and all others go on', async (_how, code) => {
    const { io, port } = await serve();
    const reported = new Promise<[unknown, ListenerErrorContext]>((resolve) =>
      io.on('listener_error', (error, context) => resolve([error, context])),
    );
    const bystander = await RawPeer.connect(port);
    io.on('connection', (socket) => {
      socket.on('echo', () => socket.emit('echo'));
      if (io.sockets.sockets.size > 1) attach(socket, code);
    });
    const peer = await RawPeer.connect(port);
    peer.send(...messages);
    const [error, context] = await reported;
    expect(error).toBe(broken);
    expect(context.event).toBe(event);
    if (_where !== 'the callback of a question to many') expect(context.socket?.id).toMatch(/^[\w-]{20}$/);
    bystander.send('40/none,');
    expect(await bystander.next()).toMatch(/^44/);
  });
});

describe('a listener of connections', () => {
  it.each([
    ['throws', fail],
    ['rejects', reject],
  ])('that %s is reported, and the socket is connected', async (_how, code) => {
    const { io, port } = await serve();
    const reports: [unknown, ListenerErrorContext][] = [];
    io.on('listener_error', (...report) => reports.push(report));
    io.on('connection', (socket) => {
      socket.on('x', () => socket.emit('y'));
    });
    io.on('connection', code as () => void);
    const peer = await RawPeer.connect(port);
    peer.send('42["x"]');
    expect(await peer.next()).toBe('42["y"]');
    const [socket] = io.sockets.sockets.values();
    expect(reports).toEqual([[broken, { socket, event: 'connection' }]]);
  });
});

describe('an error that nobody listens for', () => {
  let log: MockInstance<typeof console.error>;
  beforeEach(() => {
    log = vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => log.mockRestore());

  const failing = async (): Promise<{ io: Server; peer: RawPeer }> => {
    const { io, port } = await serve();
    io.on('connection', (socket) => socket.on('x', fail));
    return { io, peer: await RawPeer.connect(port) };
  };

  it('is logged', async () => {
    const { peer } = await failing();
    peer.send('42["x"]');
    await vi.waitFor(() => expect(log).toHaveBeenCalledWith(expect.stringContaining('listener'), '"x"', broken));
  });

  it('is logged by the name of its event as nothing that a terminal or a log obeys', async () => {
    const { io, port } = await serve();
    io.on('connection', (socket) => socket.onAny(fail));
    const peer = await RawPeer.connect(port);
    peer.send(`42${JSON.stringify(['x\r\n\u001b[2J\u009b2J\u2028\u0085'])}`);
    await vi.waitFor(() => expect(log).toHaveBeenCalled());
    const printed = format(...(log.mock.calls[0]!.slice(0, 2) as [string, string]));
    expect(printed).toBe('throughline: a listener of "x\\r\\n\\u001b[2J\\u009b2J\\u2028\\u0085" failed:');
  });

  it('is logged when the one who listens for it fails as well', async () => {
    const { io, peer } = await failing();
    const worse = new Error('worse');
    io.on('listener_error', () => {
      throw worse;
    });
    peer.send('42["x"]');
    await vi.waitFor(() => expect(log).toHaveBeenCalledWith(expect.stringContaining('listener_error'), worse));
  });
});

describe('an event named error', () => {
  it('does nothing where nobody listens, and is an event where somebody does', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    client.emit('error', 1);
    expect(
      await client
        .timeout(50)
        .emitWithAck('error', 2)
        .catch(() => 'no answer'),
    ).toBe('no answer');
    const came = new Promise((resolve) => socket.on('error', resolve as (error: Error) => void));
    client.emit('error', 3);
    expect(await came).toBe(3);
  });
});
