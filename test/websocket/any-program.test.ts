/**
 * Random programs of calls on both ends of a connection, with nothing awaited between them but what the program says. Whatever
 * they do to each other: each end tells one close and nothing behind it, each callback comes once, and the server closes.
 */
import { once } from 'node:events';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import { WebSocket, WebSocketServer } from '../../websocket.ts';
import type { SendData, ServerWebSocket } from '../../websocket.ts';

/** Far beyond the time to close, also on a busy machine. */
const LATE_MS = 3_000;

type End = WebSocket | ServerWebSocket;
type Done = (error?: Error) => void;
/** Named for what a failure prints. */
type Call = readonly [name: string, run: (end: End, done: Done) => void];

interface Step {
  readonly atServer: boolean;
  readonly call: Call;
  /** The event of that end at which it is called, and not now. */
  readonly at: 'message' | 'ping' | 'pong' | 'close' | undefined;
  readonly wait: 'nothing' | 'tick' | 'turn' | 'a while';
}

const data: fc.Arbitrary<SendData> = fc.constantFrom<SendData>(
  '',
  'text',
  'ü'.repeat(600),
  'x'.repeat(70_000),
  new Uint8Array(3),
  new Uint8Array(2_000),
  new Blob(['blob']),
);

const sends: fc.Arbitrary<Call> = fc
  .tuple(data, fc.boolean(), fc.boolean(), fc.boolean())
  .map(([value, fin, binary, compress]) => [
    `send ${fc.stringify({ fin, binary, compress })}`,
    (end, done) => end.send(value, { fin, binary, compress }, done),
  ]);

const calls: fc.Arbitrary<Call> = fc.oneof(
  sends,
  fc.constantFrom<Call>(
    ['ping', (end, done) => end.ping('ping', undefined, done)],
    ['pong', (end, done) => end.pong('pong', undefined, done)],
    ['pause', (end) => end.pause()],
    ['resume', (end) => end.resume()],
    ['pause anew', (end) => (end.resume(), end.pause())],
    ['close', (end) => end.close(4000, 'bye')],
    ['terminate', (end) => end.terminate()],
  ),
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    atServer: fc.boolean(),
    call: calls,
    at: fc.constantFrom(undefined, undefined, undefined, 'message', 'ping', 'pong', 'close'),
    wait: fc.constantFrom('nothing', 'nothing', 'tick', 'turn', 'a while'),
  }),
  { minLength: 4, maxLength: 20 },
);

const compression = fc.constantFrom(false, true, { threshold: 0 }, { threshold: 0, clientNoContextTakeover: true });

/** What must not be, and was. */
type Faults = string[];

function watch(end: End, name: string, faults: Faults): Promise<void> {
  let closes = 0;
  for (const event of ['message', 'ping', 'pong', 'error', 'drain'])
    end.on(event, () => closes > 0 && faults.push(`${name}: ${event} behind its close`));
  return new Promise((resolve) => {
    end.on('close', () => {
      if (++closes > 1) faults.push(`${name}: close was told again`);
      if (end.readyState !== end.CLOSED) faults.push(`${name}: readyState ${end.readyState} at its close`);
      resolve();
    });
  });
}

async function pass(wait: Step['wait']): Promise<void> {
  if (wait === 'tick') await new Promise(process.nextTick);
  else if (wait === 'turn') await new Promise(setImmediate);
  else if (wait === 'a while') await new Promise((resolve) => setTimeout(resolve, 3));
}

async function faultsOf(program: Step[], perMessageDeflate: boolean | object, maxPayload: number): Promise<Faults> {
  const faults: Faults = [];
  const options = { perMessageDeflate, maxPayload, closeTimeout: 30 };
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`, options);
  const [[socket]] = (await Promise.all([accepted, once(client, 'open')])) as [[ServerWebSocket], unknown];
  const ends = Promise.all([watch(client, 'client', faults), watch(socket, 'server', faults)]);

  let waiting = 0;
  const run = (end: End, [name, call]: Call): void => {
    let times = 0;
    const done = (): void => {
      if (++times === 1) waiting--;
      else faults.push(`the callback of ${name} came again`);
    };
    if (call.length === 2) waiting++;
    call(end, done);
  };
  for (const { atServer, call, at, wait } of program) {
    const end = atServer ? socket : client;
    if (at === undefined) run(end, call);
    else end.once(at, () => run(end, call));
    await pass(wait);
  }
  client.close();
  socket.close();
  const late = setTimeout(() => {
    faults.push(`not closed in time: client ${client.readyState}, server ${socket.readyState}`);
    for (const end of [client, socket]) end.terminate();
  }, LATE_MS);
  await ends;
  clearTimeout(late);
  await pass('a while');
  if (waiting !== 0) faults.push(`${waiting} callbacks never came`);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (server.clients.size > 0) faults.push('a client is kept');
  return faults;
}

it('whatever both ends do, each is closed once and each callback comes once', async () => {
  await fc.assert(
    fc.asyncProperty(steps, compression, fc.constantFrom(1_000, 100_000), async (program, deflate, maxPayload) => {
      expect(await faultsOf(program, deflate, maxPayload)).toEqual([]);
    }),
    { numRuns: 400, endOnFailure: true },
  );
}, 60_000);
