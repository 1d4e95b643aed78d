/** Messages that take several times as long to pass as a heartbeat may: a slow line is not a dead one. */
import { describe, expect, it, type TestContext } from 'vitest';
import { official, ours, serve, type ClientSocket, type Ends, type ServerSocket } from './ends.ts';
import { TearingProxy } from './tearing-proxy.ts';

const pingInterval = 400;
const pingTimeout = 300;

const BYTES_PER_MS = 100;

/** Three seconds of the line, more than four times what either end may be silent. Larger than what is announced before it. */
const MESSAGE = 'x'.repeat(300_000);

type Direction = 'up' | 'down';

/** What each end says of the line while the message passes. */
async function send(
  { onTestFinished }: TestContext,
  ends: Ends,
  direction: Direction,
  transports: string[] | undefined,
): Promise<string[]> {
  const told: string[] = [];
  const served = await serve(ends, { pingInterval, pingTimeout });
  onTestFinished(() => served.close());
  const proxy = await TearingProxy.before(served.port);
  onTestFinished(() => proxy.close());
  const listen = (end: ClientSocket | ServerSocket, name: string): void => {
    const socket = end as ClientSocket;
    for (const event of ['suspend', 'disconnect'])
      socket.on(event, (...why: unknown[]) => told.push(`${name}: ${event} ${JSON.stringify(why[0])}`));
  };
  const connected = new Promise<ServerSocket>((resolve) => served.io.on('connection', resolve));
  const client = ends.io(`http://127.0.0.1:${proxy.port}`, {
    forceNew: true,
    reconnection: false,
    ...(transports && { transports }),
  });
  onTestFinished(() => void client.close());
  const server = await connected;
  if (!client.connected) await new Promise<void>((resolve) => client.once('connect', resolve));
  listen(client, 'client');
  listen(server, 'server');
  proxy.slow(BYTES_PER_MS);
  // What is asked of either, both can.
  const [from, to] = direction === 'up' ? [client, server as unknown as ClientSocket] : [server, client];
  const over = new Promise<void>((resolve) => {
    to.on('large', (text: string, done: (size: number) => void) => done(text.length));
    from.emit('large', MESSAGE, (size: number) => {
      expect(size).toBe(MESSAGE.length);
      resolve();
    });
    client.on('disconnect', () => resolve());
  });
  await over;
  return told;
}

const directions: Direction[] = ['up', 'down'];

describe.concurrent('a message that takes long to pass does not end the session', () => {
  it.for<[Direction, string[] | undefined]>(
    directions.flatMap((direction) =>
      [['polling'], ['websocket'], ['streaming'], undefined].map((transports): [Direction, string[] | undefined] => [
        direction,
        transports,
      ]),
    ),
  )('%s, by %s', { timeout: 30_000 }, async ([direction, transports], context) => {
    expect(await send(context, ours, direction, transports)).toEqual([]);
  });

  it('as it does between official ends', { timeout: 30_000 }, async (context) => {
    expect((await send(context, official, 'down', ['websocket'])).join()).toContain('disconnect "ping timeout"');
  });
});
