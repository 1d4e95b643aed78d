/**
 * The exam: counted messages with acks go both ways through a proxy that cuts, tears, delays and swallows connections at
 * random. What is counted is every message lost, delivered twice or out of order, every ack missing, every `disconnect`.
 *
 * The seed fixes which faults strike and in which order; what they strike depends on timing, as with real networks.
 */
import { once } from 'node:events';
import { receiveCounted, sendCounted } from './counted.ts';
import { serve, type ClientOptions, type Ends, type ServerSocket } from './ends.ts';
import { HttpProxy, type HttpProxyOptions } from './http-proxy.ts';
import { Ledger, type Verdict } from './ledger.ts';
import { Mischief, type FaultKind } from './mischief.ts';
import { SeededRandom } from './seeded-random.ts';
import { TearingProxy } from './tearing-proxy.ts';

interface Road {
  readonly client: ClientOptions;
  /** A proxy behind the tearing one that misunderstands HTTP. */
  readonly proxy?: HttpProxyOptions;
  /** Which share of POSTs that proxy sends twice. */
  readonly repeated?: number;
}

/** How the session may travel. */
export const ways = {
  'WebSocket only': { client: { transports: ['websocket'] } },
  'polling only': { client: { transports: ['polling'] } },
  both: { client: { transports: ['polling', 'websocket'] } },
  // The default order of transports, which with ours brings streaming in.
  'WebSocket blocked': { client: {}, proxy: { upgrade: { status: 403 } } },
  'POSTs repeated': { client: { transports: ['polling'] }, repeated: 0.2 },
} satisfies Record<string, Road>;
export type Way = keyof typeof ways;

export interface ExamPlan {
  readonly ends: Ends;
  readonly way: Way;
  /** How many faults strike. */
  readonly faults: number;
  /** How many messages go each way, spread over the faults. */
  readonly messages: number;
  readonly seed: number;
  /**
   * When nothing at all has moved for so long (ms), what is missing won't come any more.
   *
   * @defaultValue 25_000, more than a session waits for its peer
   */
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
  /** What the client says became of its transports; nothing where it is the official one. */
  readonly timeline: readonly {
    readonly at: number;
    readonly transport: string;
    readonly why: string;
    readonly detail: unknown;
  }[];
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
  const { ends, way, faults, messages, seed, quietMs = 25_000 } = plan;
  const startedAt = performance.now();
  const road: Road = ways[way];
  const { served, proxy, close } = await build(ends, road, new SeededRandom(seed + 2));
  const mischief = new Mischief(proxy, new SeededRandom(seed));

  const [up, down] = [new Ledger(messages), new Ledger(messages)];
  const disconnects: string[] = [];
  const transports: Record<string, number> = {};
  let finish: () => void;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const quiet = setTimeout(() => finish(), quietMs);
  const progress = () => {
    if (up.isComplete && down.isComplete && mischief.total >= faults) finish();
    else quiet.refresh();
  };

  let atServer: ServerSocket | undefined;
  served.io.on('connection', (socket) => {
    atServer = socket;
    receiveCounted(socket, (number) => {
      up.arrived(number);
      progress();
    });
    socket.on('disconnect', (reason, details) => disconnects.push(`server: ${reason} ${codeOf(details)}`));
  });
  const client = ends.io(`http://127.0.0.1:${proxy.port}`, { ...clientOptions, ...road.client });
  receiveCounted(client, (number) => {
    down.arrived(number);
    const { name } = client.io.engine.transport;
    transports[name] = (transports[name] ?? 0) + 1;
    progress();
  });
  client.on('disconnect', (reason, details) => disconnects.push(`client: ${reason} ${codeOf(details)}`));
  await Promise.all([once(served.io, 'connection'), new Promise<void>((resolve) => client.once('connect', resolve))]);

  const struck = mischief.run(faults).then(progress);
  const pacing = new SeededRandom(seed + 1);
  let [upFrom, downFrom] = [0, 0];
  const sending = setInterval(() => {
    const due = Math.min(messages, Math.ceil((messages * (mischief.total + FAULTS_AHEAD)) / faults));
    const upTo = Math.min(due, upFrom + pacing.between(0, SEND_AT_ONCE));
    const downTo = Math.min(due, downFrom + pacing.between(0, SEND_AT_ONCE));
    sendCounted(client, up, upFrom, upTo, progress);
    if (atServer !== undefined) sendCounted(atServer, down, downFrom, downTo, progress);
    [upFrom, downFrom] = [upTo, downTo];
  }, SEND_EVERY_MS);
  await finished;

  clearInterval(sending);
  clearTimeout(quiet);
  mischief.stop();
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
    timeline: (client.io as { explain?: () => ExamResult['timeline'] }).explain?.() ?? [],
  };
  client.disconnect();
  await close();
  return result;
}

/** The server, and the proxies before it. */
async function build(ends: Ends, { proxy: options, repeated = 0 }: Road, chance: SeededRandom) {
  const served = await serve(ends, serverOptions);
  const mistaking = await HttpProxy.before(served.port, { ...options, repeatsPost: () => chance.next() < repeated });
  const isMistaken = options !== undefined || repeated > 0;
  const proxy = await TearingProxy.before(isMistaken ? mistaking.port : served.port);
  const close = async () => {
    await proxy.close();
    await mistaking.close();
    await served.close();
  };
  return { served, proxy, close };
}

/** What our ends say beyond the reason; the official ones say nothing there. */
function codeOf(details: unknown): string {
  return (details as { code?: string } | undefined)?.code ?? '';
}
