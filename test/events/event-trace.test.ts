/** The tracing channel around listeners: `node:diagnostics_channel`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { EventTrace } from '../../server/events/index.ts';
import { uncaughtBy } from './client-uncaught.ts';
import { meet } from './meet.ts';
import { serve } from './raw-peer.ts';

const phases = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
const channel = tracingChannel<unknown, EventTrace>('throughline:event');

/** What is published from now on until the test is over: the phase, and what it tells. */
function follow(): [string, EventTrace][] {
  const told: [string, EventTrace][] = [];
  const handlers = Object.fromEntries(
    phases.map((phase) => [phase, (trace: EventTrace) => void told.push([phase, { ...trace }])]),
  ) as unknown as Parameters<typeof channel.subscribe>[0];
  channel.subscribe(handlers);
  onTestFinished(() => void channel.unsubscribe(handlers));
  return told;
}

const boom = new Error('boom');

it.each<[string, () => unknown, readonly string[]]>([
  ['returns', () => 'result', ['start', 'end']],
  [
    'throws',
    () => {
      throw boom;
    },
    ['start', 'error', 'end'],
  ],
  ['resolves', async () => 'result', ['start', 'end', 'asyncStart', 'asyncEnd']],
  ['rejects', () => Promise.reject(boom), ['start', 'end', 'error', 'asyncStart', 'asyncEnd']],
])('tells of a listener that %s', async (_how, listener, expected) => {
  const { io, url } = await serve();
  const failures: unknown[] = [];
  io.on('listener_error', (error, { event }) => failures.push([error, event]));
  const [client, socket] = await meet(io, url, '/chat');
  socket.on('say', () => listener());
  const told = follow();
  client.emit('say', { text: 'a secret' });
  await vi.waitFor(() => expect(told.map(([phase]) => phase)).toEqual(expected));
  const isFailure = expected.includes('error');
  const trace = { event: 'say', namespace: '/chat', socketId: socket.id, hasAck: false };
  const isAsync = expected.includes('asyncEnd');
  const [[, first], [, ended], [, last]] = [told[0]!, told.find(([phase]) => phase === 'end')!, told.at(-1)!];
  expect(first).toEqual({ ...trace, isAsync: false });
  expect(ended.isAsync).toBe(isAsync);
  expect(last).toEqual({ ...trace, isAsync, ...(isFailure && { error: boom }) });
  expect(JSON.stringify(told)).not.toContain('secret');
  expect(failures).toEqual(isFailure ? [[boom, 'say']] : []);
});

it('tells whether an answer is waited for, and calls listeners as ever', async () => {
  const { io, url } = await serve();
  const [client, socket] = await meet(io, url);
  const calls: unknown[] = [];
  socket.once('sum', function (this: unknown, a: number) {
    calls.push(['once', this === socket, a]);
  });
  socket.on('sum', (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
  const told = follow();
  expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
  expect(await client.emitWithAck('sum', 3, 4)).toBe(7);
  expect(calls).toEqual([['once', true, 1]]);
  expect(told.map(([phase, { hasAck }]) => [phase, hasAck])).toEqual(
    Array.from({ length: 3 }, () => [
      ['start', true],
      ['end', true],
    ]).flat(),
  );
});

it('calls no listener behind one that throws, as without a trace', async () => {
  const { io, url } = await serve();
  io.on('listener_error', () => {});
  const [client, socket] = await meet(io, url);
  const behind = vi.fn<() => void>();
  socket.on('say', () => {
    throw boom;
  });
  socket.on('say', behind);
  socket.on('done', (answer: () => void) => answer());
  client.emit('say');
  await client.emitWithAck('done');
  const told = follow();
  client.emit('say');
  await client.emitWithAck('done');
  expect(told.map(([phase, { event }]) => `${event} ${phase}`)).toEqual([
    'say start',
    'say error',
    'say end',
    'done start',
    'done end',
  ]);
  expect(behind).not.toHaveBeenCalled();
});

it('runs a listener within what a subscriber has bound to it, also after its first await', async () => {
  const storage = new AsyncLocalStorage<{ readonly span: string }>();
  channel.start.bindStore(storage, ({ event }: EventTrace) => ({ span: event }));
  onTestFinished(() => void channel.start.unbindStore(storage));
  const { io, url } = await serve();
  const [client, socket] = await meet(io, url);
  const spans: unknown[] = [];
  socket.on('say', async (answer: () => void) => {
    spans.push(storage.getStore()?.span);
    await new Promise((resolve) => setImmediate(resolve));
    spans.push(storage.getStore()?.span);
    answer();
  });
  await client.emitWithAck('say');
  expect(spans).toEqual(['say', 'say']);
  expect(storage.getStore()).toBeUndefined();
});

it('begins the work of what only looks like a promise once', async () => {
  const { io, url } = await serve();
  const [client, socket] = await meet(io, url);
  const then = vi.fn<(resolve: () => void) => void>((resolve) => resolve());
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
  socket.on('query', () => ({ then }));
  const told = follow();
  client.emit('query');
  await vi.waitFor(() => expect(told.map(([phase]) => phase)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']));
  expect(then).toHaveBeenCalledOnce();
});

it('keeps what a subscriber throws from the session', async () => {
  const { io, url } = await serve();
  const [client, socket] = await meet(io, url);
  socket.on('ask', (answer: (text: string) => void) => answer('yes'));
  const uncaught = await uncaughtBy(async () => {
    const start = (): never => {
      throw boom;
    };
    channel.start.subscribe(start);
    onTestFinished(() => void channel.start.unsubscribe(start));
    expect(await client.emitWithAck('ask')).toBe('yes');
  });
  expect(uncaught).toBe(boom);
  expect(socket.connected).toBe(true);
});
