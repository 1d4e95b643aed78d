import { describe, expect, vi } from 'vitest';
import type { ExtendedError } from '../../client/index.ts';
import { heard } from '../interop/stage.ts';
import { it } from './client-raw-server.ts';

type Spy = (...args: unknown[]) => void;

describe('what is no packet ends the connection and nothing else', () => {
  it.for([
    ['an unknown type', ['7["x"]']],
    ['no type', ['["x"]']],
    ['nothing', ['']],
    ['no JSON', ['2["x"']],
    ['an event without a name', ['2[]']],
    ['an event that is no list', ['2{}']],
    ['an event whose name is no text', ['2[1]']],
    ['an event of a socket’s own', ['2["connect"]']],
    ['an acknowledgement without an id', ['3["x"]']],
    ['an acknowledgement that is no list', ['30{}']],
    ['a CONNECT with a text', ['0"x"']],
    ['more attachments than can be', ['511-["x"]']],
    ['fewer attachments than one', ['50-["x"]']],
    ['text where an attachment is due', ['51-["x",{"_placeholder":true,"num":0}]', '2["y"]']],
    ['an attachment that nobody announced', [Buffer.from([1])]],
    ['a placeholder of no attachment', ['51-["x",{"_placeholder":true,"num":"splice"}]', Buffer.from([1])]],
  ] as const)('%s', async ([, messages], { server }) => {
    const [client, session] = await server.meet();
    const events = vi.fn<Spy>();
    client.onAny(events);
    const closed = heard(client, 'disconnect');
    for (const message of messages) session.send(message);
    session.send('2["after"]');
    expect(await closed).toEqual(['parse error', expect.any(Error)]);
    expect(events).not.toHaveBeenCalled();
    expect([client.connected, client.active]).toEqual([false, true]);
  });
});

describe('a server that refuses', () => {
  it('is heard with what it says, and not asked again', async ({ server }) => {
    const client = server.connect({ reconnection: true });
    server.engine.once('connection', (session) => session.send('44{"message":"not you","data":{"code":7}}'.slice(1)));
    const [error] = await heard<[ExtendedError]>(client, 'connect_error');
    expect(error).toBeInstanceOf(Error);
    expect([error.message, error.data]).toEqual(['not you', { code: 7 }]);
    expect([client.active, client.io._reconnecting]).toEqual([false, false]);
  });

  it('is told from one of an older protocol', async ({ server }) => {
    const client = server.connect();
    server.engine.once('connection', (session) => session.send('0'));
    const [error] = await heard<[ExtendedError]>(client, 'connect_error');
    expect(error.message).toMatch(/Socket\.IO 2/);
    expect(client.connected).toBe(false);
  });
});

describe('packets at the wrong time', () => {
  it('of a namespace that was never joined are ignored', async ({ server }) => {
    const [client, session] = await server.meet();
    const events = vi.fn<Spy>();
    client.onAny(events);
    for (const text of ['2/other,["x"]', '1/other,', '0/other,{"sid":"x"}', '4/other,{"message":"x"}', '2["end"]']) {
      session.send(text);
    }
    await heard(client, 'end');
    expect(events.mock.calls).toEqual([['end']]);
  });

  it('before the CONNECT wait for it, their acknowledgements too', async ({ server }) => {
    const client = server.connect();
    client.on('ask', (answer: Spy) => answer('x'));
    const answered = new Promise((resolve) => {
      server.engine.once('connection', (session) => {
        session.on('message', (text: string) => text.startsWith('3') && resolve(text));
        session.send('27["ask"]');
        session.send('0{"sid":"public"}');
      });
    });
    expect(await answered).toBe('37["x"]');
  });

  it('after the DISCONNECT are ignored', async ({ server }) => {
    const [client, session] = await server.meet();
    const events = vi.fn<Spy>();
    client.onAny(events);
    const left = heard(client, 'disconnect');
    for (const text of ['1', '2["late"]', '0{"sid":"again"}', '1']) session.send(text);
    expect(await left).toEqual(['io server disconnect', undefined]);
    expect([client.connected, client.active]).toEqual([false, false]);
    expect(events).not.toHaveBeenCalled();
  });
});

it.for(['error', 'emit', 'on', 'once', 'off', 'listeners', '_callbacks', 'toString', 'hasOwnProperty', 'constructor'])(
  'takes an event named %s as any other, where nobody listens and where somebody does',
  async (name, { server }) => {
    const [client, session] = await server.meet();
    session.send(`2["${name}",1]`);
    session.send('2["now"]');
    await heard(client, 'now');
    const came = heard(client, name);
    session.send(`2["${name}",2]`);
    expect(await came).toEqual([2]);
    const sent = heard<[string]>(session, 'message');
    client.emit(name, 3);
    expect((await sent)[0]).toBe(`2["${name}",3]`);
  },
);

it('reaches no prototype, whatever is in a packet', async ({ server }) => {
  const [client, session] = await server.meet();
  const event = heard(client, '__proto__');
  session.send('2["__proto__",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]');
  const [data] = await event;
  expect(Object.keys(data as object)).toEqual(['__proto__', 'constructor']);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  // And back again, with bytes in between.
  const sent = heard<[string]>(session, 'message');
  client.emit('back', data, new Uint8Array([1]));
  expect((await sent)[0]).toContain('"__proto__":{"polluted":1}');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

describe('a message that is too large for the server', () => {
  it('is refused where it is sent, and does no harm', async ({ server }) => {
    server.engine.opts.maxHttpBufferSize = 1_000;
    const [client, session] = await server.meet();
    const large = 'x'.repeat(2_000);
    expect(() => client.emit('large', large)).toThrow(expect.objectContaining({ code: 'ERR_TOO_BIG' }));
    // Not a byte of one whose attachment alone is too large.
    expect(() => client.emit('large', new Uint8Array(2_000))).toThrow(expect.objectContaining({ code: 'ERR_TOO_BIG' }));
    await expect(client.emitWithAck('large', large)).rejects.toMatchObject({ code: 'ERR_TOO_BIG' });
    const message = heard(session, 'message');
    client.emit('small');
    expect(await message).toEqual(['2["small"]']);
  });

  it('does not hold up what waits to be sent again', async ({ server }) => {
    server.engine.opts.maxHttpBufferSize = 1_000;
    const [client, session] = await server.meet({ retries: 3, ackTimeout: 10_000 });
    expect(() => client.emit('large', 'x'.repeat(2_000))).toThrow(expect.objectContaining({ code: 'ERR_TOO_BIG' }));
    const message = heard<[string]>(session, 'message');
    client.emit('small');
    expect((await message)[0]).toMatch(/^2\d\["small"\]$/);
  });
});
