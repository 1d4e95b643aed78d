import { describe, expect, vi } from 'vitest';
import { heard, onStage } from '../interop/stage.ts';
import { lines } from './client-ends.ts';
import { it as itRaw, sentUntil } from './client-raw-server.ts';
import { uncaughtBy } from './client-uncaught.ts';

describe.each(lines)('$name: an acknowledgement', (line) => {
  const it = onStage(line);

  it('brings all that the server answers, and resolves with the first', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    socket.on('ask', (what: unknown, answer: (...args: unknown[]) => void) => answer(what, Buffer.from([1]), null));
    const answer = await new Promise((resolve) => client.emit('ask', 'x', (...args: unknown[]) => resolve(args)));
    expect(answer).toEqual(['x', Buffer.from([1]), null]);
    expect(await client.emitWithAck('ask', 'y')).toBe('y');
  });

  it('comes behind `null` where there is a timeout, by call or by option', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve(), '/', { ackTimeout: 5_000 });
    socket.on('ask', (answer: (what: unknown) => void) => answer('x'));
    const asked = (sender: typeof client): Promise<unknown> =>
      new Promise((resolve) => sender.emit('ask', (...args: unknown[]) => resolve(args)));
    expect(await asked(client)).toEqual([null, 'x']);
    expect(await asked(client.timeout(1_000))).toEqual([null, 'x']);
    expect(await client.timeout(1_000).emitWithAck('ask')).toBe('x');
  });

  it('is an error when it does not come in time, and then no more', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const question = heard<[(what: string) => void]>(socket, 'ask');
    const callback = vi.fn<(...args: unknown[]) => void>();
    await new Promise<void>((resolve) => {
      client.timeout(20).emit('ask', (...args: unknown[]) => {
        callback(...args);
        resolve();
      });
    });
    expect(callback.mock.calls).toEqual([[new Error('operation has timed out')]]);
    const [answer] = await question;
    answer('late');
    socket.emit('end');
    await heard(client, 'end');
    expect(callback).toHaveBeenCalledTimes(1);
    await expect(client.timeout(20).emitWithAck('ask')).rejects.toThrow('operation has timed out');
  });

  it('goes the other way once, whatever the listener does', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    client.on('ask', (answer: (...args: unknown[]) => void) => {
      answer(1, Buffer.from([2]));
      answer(3);
    });
    const answers: unknown[] = [];
    socket.emit('ask', (...args: unknown[]) => answers.push(args));
    const end = heard(socket, 'end');
    socket.emit('last', () => {});
    client.on('last', () => client.emit('end'));
    await end;
    expect(answers).toEqual([[1, Buffer.from([2])]]);
  });

  it('that waits is an error on disconnection where errors are taken, and forgotten elsewhere', async ({ stage }) => {
    const [client] = await stage.meet(await stage.serve());
    const silent = vi.fn<(...args: unknown[]) => void>();
    const timed = vi.fn<(...args: unknown[]) => void>();
    client.emit('ask', silent);
    client.timeout(100_000).emit('ask', timed);
    const promised = client.emitWithAck('ask');
    client.disconnect();
    await expect(promised).rejects.toThrow('socket has been disconnected');
    expect(timed.mock.calls).toEqual([[new Error('socket has been disconnected')]]);
    expect(silent).not.toHaveBeenCalled();
  });

  it('of an event that was never sent outlives the disconnection, and its timeout takes the event back', async ({
    stage,
  }) => {
    const server = await stage.serve();
    server.on('connection', (socket) => socket.on('ask', (answer: (what: string) => void) => answer('x')));
    const client = stage.connect('/', { autoConnect: false });
    const kept = client.emitWithAck('ask');
    await expect(client.timeout(5).emitWithAck('ask')).rejects.toThrow('operation has timed out');
    expect(client.sendBuffer).toHaveLength(1);
    client.disconnect();
    client.connect();
    expect(await kept).toBe('x');
  });
});

describe('a server that answers badly', () => {
  itRaw('is answered by nothing: answers nobody asked for, and second ones', async ({ server }) => {
    const [client, session] = await server.meet();
    const callback = vi.fn<(...args: unknown[]) => void>();
    client.emit('ask', callback);
    for (const text of ['31["nobody asked"]', '30["first"]', '30["second"]', '3999999999[]']) session.send(text);
    session.send('2["end"]');
    await heard(client, 'end');
    expect(callback.mock.calls).toEqual([['first']]);
    expect(client.connected).toBe(true);
  });

  itRaw('leaves nothing behind for 20,000 questions with a timeout', async ({ server }) => {
    const [client, session] = await server.meet();
    const results = Array.from({ length: 20_000 }, () =>
      client
        .timeout(1)
        .emitWithAck('ask')
        .then(
          () => 'answer',
          () => 'timeout',
        ),
    );
    expect(new Set(await Promise.all(results))).toEqual(new Set(['timeout']));
    // None of them is settled again by a late answer, or by the end.
    for (let id = 0; id < 100; id++) session.send(`3${id}["late"]`);
    client.disconnect();
  });

  itRaw(
    'does not keep a callback’s error from surfacing, nor that error others from their turn',
    async ({ server }) => {
      const [client, session] = await server.meet();
      const error = new Error('of the callback');
      const next = vi.fn<(...args: unknown[]) => void>();
      client.emit('ask', () => {
        throw error;
      });
      client.emit('ask', next);
      const uncaught = await uncaughtBy(async () => {
        for (const text of ['30[]', '31["x"]', '2["end"]']) session.send(text);
        await heard(client, 'end');
      });
      expect(uncaught).toBe(error);
      expect(next).toHaveBeenCalledWith('x');
    },
  );
});

describe('with `retries`', () => {
  itRaw('events go one by one, each when the one before is acknowledged', async ({ server }) => {
    const [client, session] = await server.meet({ retries: 3, ackTimeout: 10_000 });
    const sent = sentUntil(session, '1');
    session.on('message', (text: string) => {
      const id = /^2(\d+)/.exec(text)?.[1];
      if (id) session.send(`3${id}["ok"]`);
    });
    const answers: unknown[] = [];
    for (const n of [1, 2]) client.emit('count', n, (...args: unknown[]) => answers.push(args));
    expect(await client.emitWithAck('count', 3)).toBe('ok');
    expect(answers).toEqual([
      [null, 'ok'],
      [null, 'ok'],
    ]);
    client.disconnect();
    expect(await sent).toEqual(['20["count",1]', '21["count",2]', '22["count",3]']);
  });

  itRaw('an event is sent again, and dropped with an error after the last try', async ({ server }) => {
    const [client, session] = await server.meet({ retries: 2, ackTimeout: 10 });
    const sent = sentUntil(session, '1');
    const error = await new Promise((resolve) => client.emit('lost', resolve));
    expect(error).toEqual(new Error('operation has timed out'));
    client.emit('next');
    client.disconnect();
    expect(await sent).toEqual(['20["lost"]', '21["lost"]', '22["lost"]', '23["next"]']);
  });

  itRaw('a late answer to an earlier try counts once', async ({ server }) => {
    const [client, session] = await server.meet({ retries: 5, ackTimeout: 20 });
    const callback = vi.fn<(...args: unknown[]) => void>();
    const sent = sentUntil(session, '1');
    client.emit('ask', callback);
    session.on('message', (text: string) => {
      // Only the second try is answered, and then twice.
      if (text === '21["ask"]') for (const answer of ['31["x"]', '31["y"]', '30["z"]']) session.send(answer);
    });
    await vi.waitFor(() => expect(callback).toHaveBeenCalled());
    client.disconnect();
    expect(await sent).toEqual(['20["ask"]', '21["ask"]']);
    expect(callback.mock.calls).toEqual([[null, 'x']]);
  });

  itRaw('events wait for a connection without using up their tries', ({ server }) => {
    vi.useFakeTimers();
    try {
      const client = server.connect({ retries: 1, ackTimeout: 10, autoConnect: false });
      const callback = vi.fn<(...args: unknown[]) => void>();
      client.emit('ask', callback);
      vi.advanceTimersByTime(1_000);
      expect(callback).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });
});
