/**
 * The exam: counted messages with acks go both ways through a proxy that cuts, tears, delays and swallows connections at
 * random. What is counted is every message lost, delivered twice or out of order, every ack missing, every `disconnect`.
 *
 * The seed fixes which faults strike and in which order; what they strike depends on timing, as with real networks.
 */
import { once } from 'node:events';
import { serve, type ClientSocket, type Ends, type ServerSocket } from './ends.ts';
import { HttpProxy } from './http-proxy.ts';
import { Ledger, type Verdict } from './ledger.ts';
import { Mischief, type FaultKind } from './mischief.ts';
import { SeededRandom } from './seeded-random.ts';
import { TearingProxy } from './tearing-proxy.ts';

/** How the session may travel. */
export const ways = {
  'WebSocket only': { transports: ['websocket'] },
  'polling only': { transports: ['polling'] },
  both: { transports: ['polling', 'websocket'] },
  // The default order of transports, which with ours brings streaming in.
  'WebSocket blocked': {},
} as const;
export type Way = keyof typeof ways;

export interface ExamPlan {
  readonly ends: Ends;
  readonly way: Way;
  /** How many faults strike. */
  readonly faults: number;
  /** How many messages go each way, spread over the faults. */
  readonly messages: number;
  readonly seed: number;
  /** When nothing at all has moved for so long, what is missing won't come any more. @defaultValue 8_000 (ms) */
  readonly quietMs?: number;
}

export interface ExamResult {
  /** From the client to the server. */
  readonly up: Verdict;
  /** From the server to the client. */
  readonly down: Verdict;
  /** `disconnect` events, with their reasons. */
  readonly disconnects: readonly string[];
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Connections that the session took. */
  readonly connections: number;
  /** Messages that came down on each transport. */
  readonly transports: Readonly<Record<string, number>>;
  readonly durationMs: number;
}

/** Heartbeats and back-off so short that a blackhole is noticed while it lasts (ms). */
const serverOptions = { pingInterval: 300, pingTimeout: 300, upgradeTimeout: 1_000 };
const clientOptions = { reconnectionDelay: 10, reconnectionDelayMax: 100, timeout: 1_000, forceNew: true };

/** How often messages are sent, and how many at once at most. */
const SEND_EVERY_MS = 2;
const SEND_AT_ONCE = 12;

/** Messages run ahead of the faults by as many as belong to so many faults: a cut at a byte needs bytes that pass. */
const FAULTS_AHEAD = 4;

export async function runExam(plan: ExamPlan): Promise<ExamResult> {
  const { ends, way, faults, messages, seed, quietMs = 8_000 } = plan;
  const startedAt = performance.now();
  const served = await serve(ends, serverOptions);
  const blocking =
    way === 'WebSocket blocked' ? await HttpProxy.before(served.port, { upgrade: { status: 403 } }) : null;
  const proxy = await TearingProxy.before(blocking?.port ?? served.port);
  const mischief = new Mischief(proxy, new SeededRandom(seed));

  const [up, down] = [new Ledger(messages), new Ledger(messages)];
  const disconnects: string[] = [];
  const transports: Record<string, number> = {};
  let finish: (end: undefined) => void;
  const finished = new Promise<undefined>((resolve) => (finish = resolve));
  const quiet = setTimeout(() => finish(undefined), quietMs);
  const progress = () => {
    if (up.isComplete && down.isComplete && mischief.total >= faults) finish(undefined);
    else quiet.refresh();
  };

  let atServer: ServerSocket | undefined;
  served.io.on('connection', (socket) => {
    atServer = socket;
    receive(socket, up, progress);
    socket.on('disconnect', (reason) => disconnects.push(`server: ${reason}`));
  });
  const client = ends.io(`http://127.0.0.1:${proxy.port}`, { ...clientOptions, ...ways[way] } as object);
  receive(client, down, () => {
    const { name } = client.io.engine.transport;
    transports[name] = (transports[name] ?? 0) + 1;
    progress();
  });
  client.on('disconnect', (reason) => disconnects.push(`client: ${reason}`));
  await Promise.all([once(served.io, 'connection'), new Promise<void>((resolve) => client.once('connect', resolve))]);

  const struck = mischief.run(faults, finished).then(progress);
  const pacing = new SeededRandom(seed + 1);
  const numbers = { up: 0, down: 0 };
  const sending = setInterval(() => {
    const due = Math.min(messages, Math.ceil((messages * (mischief.total + FAULTS_AHEAD)) / faults));
    numbers.up = send(client, up, numbers.up, Math.min(due, numbers.up + pacing.between(0, SEND_AT_ONCE)), progress);
    if (atServer === undefined) return;
    numbers.down = send(
      atServer,
      down,
      numbers.down,
      Math.min(due, numbers.down + pacing.between(0, SEND_AT_ONCE)),
      progress,
    );
  }, SEND_EVERY_MS);
  await finished;

  clearInterval(sending);
  clearTimeout(quiet);
  await struck;
  // Ends on purpose from here on; what they say about it is no verdict.
  client.off('disconnect');
  const result = {
    up: up.verdict,
    down: down.verdict,
    disconnects: [...disconnects],
    faults: mischief.done,
    connections: proxy.accepted,
    transports,
    durationMs: Math.round(performance.now() - startedAt),
  };
  client.disconnect();
  await proxy.close();
  await blocking?.close();
  await served.close();
  return result;
}

/** Enters what arrives into the ledger, and answers it. */
function receive(socket: ClientSocket | ServerSocket, ledger: Ledger, then: () => void): void {
  (socket as ClientSocket).on('count', (number: number, answer: (number: number) => void) => {
    ledger.arrived(number);
    answer(number);
    then();
  });
}

/** Sends the messages from `from` up to `to`, not included, and returns where it got to. */
function send(socket: ClientSocket | ServerSocket, ledger: Ledger, from: number, to: number, then: () => void): number {
  for (let number = from; number < to; number += 1) {
    (socket as ClientSocket).emit('count', number, (answer: unknown) => {
      ledger.answered(number, answer);
      then();
    });
  }
  return Math.max(from, to);
}
