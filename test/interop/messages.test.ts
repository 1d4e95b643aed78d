import { describe, expect } from 'vitest';
import { lines } from './ends.ts';
import { heard, onStage } from './stage.ts';

const bytes = (...values: number[]) => Buffer.from(values);

describe.each(lines)('$name: messages', (line) => {
  const it = onStage(line);

  it.for([
    ['text', 'hello'],
    ['no text', ''],
    ['text of every plane', 'ä 漢 🦜 \u{10FFFF} \u2028 \0 \x1e'],
    ['numbers', [0, -1.5, 1e21, Number.MAX_SAFE_INTEGER]],
    ['what is neither', [null, true, false]],
    ['an object', { a: [{ b: { c: 'd' } }], '': 0, 'b\u0000': '"\\/' }],
    ['names of the prototype', JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":"y"}') as object],
    ['bytes', bytes(0, 1, 254, 255)],
    ['no bytes', bytes()],
    ['bytes within an object', { a: [bytes(1), { b: bytes(2, 3) }], c: 'text', d: bytes() }],
    ['what looks like a placeholder', { note: '_placeholder', num: 0 }],
  ] as const)('brings %s there and back by acknowledgement', async ([_what, value], { stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    socket.on('echo', (given: unknown, answer: (given: unknown) => void) => answer(given));
    client.on('echo', (given: unknown, answer: (given: unknown) => void) => answer(given));
    expect(await client.emitWithAck('echo', value)).toEqual(value);
    expect(await socket.emitWithAck('echo', value)).toEqual(value);
  });

  it('sends typed arrays and ArrayBuffers as the bytes that they show', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const arrived = heard(socket, 'views');
    const whole = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    client.emit('views', whole.buffer, whole.subarray(2, 5), new Uint16Array(whole.buffer, 2, 2));
    expect(await arrived).toEqual([bytes(1, 2, 3, 4, 5, 6, 7, 8), bytes(3, 4, 5), bytes(3, 4, 5, 6)]);
  });

  it('brings a megabyte of bytes and of text', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve({ maxHttpBufferSize: 5e6 }));
    socket.on('echo', (...args: unknown[]) => (args.pop() as (...given: unknown[]) => void)(...args));
    const large = Buffer.alloc(1_000_000, 'throughline');
    const long = 'ü'.repeat(500_000);
    const [buffer, text] = await new Promise<unknown[]>((resolve) => {
      client.emit('echo', large, long, (...answer: unknown[]) => resolve(answer));
    });
    expect(large.equals(buffer as Buffer)).toBe(true);
    expect(text === long).toBe(true);
  });

  it('keeps the order, whatever is mixed, both ways at once', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const sent = Array.from({ length: 200 }, (_none, index) => (index % 7 === 3 ? bytes(index) : index));
    const [atServer, atClient]: [unknown[], unknown[]] = [[], []];
    const all = Promise.all(
      [[socket, atServer] as const, [client, atClient] as const].map(([end, into]) => {
        return new Promise<void>((resolve) => {
          end.on('count', (value: unknown) => {
            into.push(value);
            if (into.length === sent.length) resolve();
          });
        });
      }),
    );
    for (const value of sent) {
      client.emit('count', value);
      socket.emit('count', value);
    }
    await all;
    expect(atServer).toEqual(sent);
    expect(atClient).toEqual(sent);
  });

  it('takes several arguments both in a message and in its answer', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    socket.on('sum', (a: number, b: number, answer: (...given: unknown[]) => void) => answer(a + b, bytes(a, b), 'ok'));
    const answer = await new Promise<unknown[]>((resolve) =>
      client.emit('sum', 2, 3, (...given: unknown[]) => resolve(given)),
    );
    expect(answer).toEqual([5, bytes(2, 3), 'ok']);
  });

  it('gives up waiting for an answer after the timeout, on either side', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    await expect(client.timeout(30).emitWithAck('nobody listens')).rejects.toThrow('operation has timed out');
    await expect(socket.timeout(30).emitWithAck('nobody listens')).rejects.toThrow('operation has timed out');
    const error = await new Promise((resolve) => client.timeout(30).emit('nobody listens', resolve));
    expect(error).toBeInstanceOf(Error);
  });

  it('passes no error where the answer came in time', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    socket.on('ask', (answer: (given: string) => void) => answer('here'));
    const given = await new Promise((resolve) =>
      client.timeout(5_000).emit('ask', (...args: unknown[]) => resolve(args)),
    );
    expect(given).toEqual([null, 'here']);
  });

  it('delivers what is volatile while the line is open', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    // A polling client with a request just under way may drop it: that is what volatile means. So until one arrives.
    const arrived = heard(client, 'position');
    const again = setInterval(() => socket.volatile.emit('position', 1, 2), 5);
    expect(await arrived).toEqual([1, 2]);
    clearInterval(again);
  });

  it('shows every message to catch-all listeners, in order', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const seen: unknown[] = [];
    client.onAnyOutgoing((...args: unknown[]) => seen.push(['client out', ...args]));
    socket.onAny((...args: unknown[]) => seen.push(['server in', ...args]));
    socket.onAnyOutgoing((...args: unknown[]) => seen.push(['server out', ...args]));
    client.onAny((...args: unknown[]) => seen.push(['client in', ...args]));
    socket.on('there', (value: unknown) => socket.emit('back', value));
    client.emit('there', 1);
    await heard(client, 'back');
    expect(seen).toEqual([
      ['client out', 'there', 1],
      ['server in', 'there', 1],
      ['server out', 'back', 1],
      ['client in', 'back', 1],
    ]);
  });

  it('lets a listener be heard once, or not any more', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const heardBy: string[] = [];
    const leaving = () => heardBy.push('left');
    client.once('news', () => heardBy.push('once'));
    client.on('news', () => heardBy.push('always'));
    client.on('news', leaving);
    client.off('news', leaving);
    socket.emit('news');
    socket.emit('news');
    socket.emit('end');
    await heard(client, 'end');
    expect(heardBy).toEqual(['once', 'always', 'always']);
  });

  it('runs packets through the socket’s own middleware, which may refuse them', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    socket.use(([event, ...args], next) => next(event === 'bad' ? new Error(`no ${String(args[0])}`) : undefined));
    const refused = heard<[Error]>(socket, 'error');
    const passed = heard(socket, 'good');
    client.emit('bad', 'words');
    client.emit('good', 'words');
    expect((await refused)[0].message).toBe('no words');
    expect(await passed).toEqual(['words']);
  });

  it('ignores an answer that comes twice', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    socket.on('ask', (answer: (given: number) => void) => {
      answer(1);
      answer(2);
      socket.emit('end');
    });
    const answers: number[] = [];
    client.emit('ask', (given: number) => answers.push(given));
    await heard(client, 'end');
    expect(answers).toEqual([1]);
  });
});
