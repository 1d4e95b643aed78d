/**
 * Empties a server that is about to stop, so that its peers go elsewhere without losing anything, and not all at once.
 *
 * Nobody new is let in. Peers of our own are asked to move and come back to whichever server answers then; the sessions
 * of others end, in an order and at a pace that spares the server they go to. What is left in the end is cut.
 */
import type { Clock } from '../../shared/clock.ts';
import { resolveOptions, whole } from '../../shared/options.ts';
import type { Line } from './line.ts';
import type { Registry } from './registry.ts';
import type { Transport } from './transport.ts';

/** How a server is drained. */
export interface DrainOptions {
  /** How long load balancers get to notice before anybody is asked to go (ms). @defaultValue 0 */
  readonly grace?: number;
  /** The time over which sessions go (ms). @defaultValue 10_000 */
  readonly over?: number;
  /** When all that is left is cut (ms, from the beginning). @defaultValue 30_000 */
  readonly timeout?: number;
}

const LARGEST = 2 ** 31 - 1;

/** How often it is looked whether closing handshakes are done (ms). */
const LINGER_MS = 10;

const rules = {
  grace: whole(0, LARGEST, 0),
  over: whole(0, LARGEST, 10_000),
  timeout: whole(0, LARGEST, 30_000),
};

/** Resolves when no session is left. */
export async function drain(registry: Registry, options: DrainOptions = {}): Promise<void> {
  const { grace, over, timeout } = resolveOptions(rules, options);
  const { clock } = registry;
  const endAt = clock.now() + timeout;
  const left = (): number => Math.max(0, endAt - clock.now());
  registry.isDraining = true;
  registry.drainEndsAt = endAt;
  await pause(clock, Math.min(grace, left()));
  const lines = [...registry];
  const transports = lines.map((line) => line.transport);
  const ends = lines.map((line, index) => letGo(line, over, (over * index) / lines.length));
  await Promise.race([Promise.all(ends), pause(clock, left())]);
  for (const line of registry) cut(line.transport, line);
  // Their last bytes, and the closing handshake, are to reach the peer: else it would take the end for a broken line.
  while (left() > 0 && transports.some(({ isLingering }) => isLingering)) await pause(clock, LINGER_MS);
  for (const transport of transports) transport.terminate();
}

/** Lets one session go; resolves at its end. */
async function letGo(line: Line, over: number, afterMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => line.session.once('close', () => resolve()));
  if (line.core.stateName === 'closed') return;
  if (line.core.resumable) {
    line.core.sendControl({ move: { within: over } });
    await Promise.race([ended, pause(line.clock, over)]);
    // It came back to this server, or stayed: what it was sent is seen first.
    line.core.whenFlushed(() => line.core.close('draining'));
  } else {
    await pause(line.clock, afterMs);
    line.core.close('draining');
  }
  return ended;
}

function cut(transport: Transport, line: Line): void {
  line.core.end('draining', 'the server stops');
  transport.terminate();
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
