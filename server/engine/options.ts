/**
 * The options of an engine server: one table with every default, checked once. Nothing deeper down has a default of its own.
 */
import type { IncomingMessage } from 'node:http';
import { getHeapStatistics } from 'node:v8';

import { serialize } from 'cookie';
import type { SerializeOptions } from 'cookie';
import type { CorsOptions, CorsOptionsDelegate } from 'cors';

import type { RawData, TransportName } from '../../shared/engine/packet.ts';
import { OptionError, amount, flag, resolveOptions, toggle, whole } from '../../shared/options.ts';
import type { Resolved, Rule } from '../../shared/options.ts';
import type { DeflateOptions } from '../../shared/websocket/deflate-options.ts';

/** Decides on a request: `decide(undefined, true)` lets it in, `decide(reason, false)` refuses it with 403. */
export type AllowRequest = (
  request: IncomingMessage,
  decide: (reason: string | null | undefined, success: boolean) => void,
) => void;

/** The cookie that carries the session id, for load balancers that go by cookies: Express's cookie options and a name. */
export type CookieOptions = SerializeOptions & { readonly name?: string };

/** Compression of the answers to polls, by Node's zlib. */
export interface HttpCompression {
  /** Answers shorter than this many bytes stay as they are. @defaultValue 1024 */
  readonly threshold?: number;
}

/** How much of a session is kept for a peer that has lost its transport. */
export interface ResumeOptions {
  /** How long a session outlives its transport (ms). @defaultValue 20_000 */
  readonly window?: number;
  /** Most messages kept unconfirmed; beyond, the oldest go, and a peer that lacks them can't resume. @defaultValue 10_000 */
  readonly maxPackets?: number;
  /** The same in bytes. @defaultValue 1_000_000 */
  readonly maxBytes?: number;
  /** Most bytes kept for all suspended sessions together; beyond, the oldest are ended. @defaultValue 256 MiB, a quarter of a small heap */
  readonly maxTotalBytes?: number;
}

/** Where a server listens on an http server. */
export interface AttachOptions {
  /** @defaultValue `/engine.io` */
  readonly path?: string;
  /** Whether the path ends in a slash. @defaultValue true */
  readonly addTrailingSlash?: boolean;
  /** Whether upgrades that nobody answers are ended. @defaultValue true */
  readonly destroyUpgrade?: boolean;
  /** How long such an upgrade may stay unanswered (ms). @defaultValue 1_000 */
  readonly destroyUpgradeTimeout?: number;
}

/** What a server can be told. Every option may be left out. */
export interface ServerOptions {
  /** How often a session is pinged (ms). @defaultValue 25_000 */
  readonly pingInterval?: number;
  /** How long its answer may take (ms). @defaultValue 20_000 */
  readonly pingTimeout?: number;
  /** How long a transport that is being tried may take until the session moves to it (ms). @defaultValue 10_000 */
  readonly upgradeTimeout?: number;
  /** Most bytes in one message or one POST. @defaultValue 1_000_000 */
  readonly maxHttpBufferSize?: number;
  /** Transports in use, in this order; those of others are left out. @defaultValue `['polling', 'websocket', 'streaming']` */
  readonly transports?: readonly TransportName[];
  /** Whether a session may move to another transport. @defaultValue true */
  readonly allowUpgrades?: boolean;
  /** Asked at the opening of each session, and again when a peer of our own resumes one. */
  readonly allowRequest?: AllowRequest;
  /** Options of the `cors` package. They are the list of origins for WebSocket as well, see `corsWebSocket`. */
  readonly cors?: CorsOptions | CorsOptionsDelegate;
  /** Whether `cors` decides on WebSockets too. @defaultValue true */
  readonly corsWebSocket?: boolean;
  /** Whether a session answers only to the Origin that opened it. @defaultValue true */
  readonly bindOrigin?: boolean;
  /** A cookie with the session id; `true` for one named `io`. @defaultValue false */
  readonly cookie?: CookieOptions | boolean;
  /** @defaultValue true, from 1024 bytes on */
  readonly httpCompression?: HttpCompression | boolean;
  /** Compression of WebSocket messages, with the options of `throughline/websocket`. @defaultValue false */
  readonly perMessageDeflate?: boolean | DeflateOptions;
  /** A message that each session gets right behind its opening. */
  readonly initialPacket?: RawData;
  /** Resume for peers of our own. @defaultValue on */
  readonly resume?: ResumeOptions | boolean;
  /** Name of this server in a group: session ids end in `.node`. Letters, digits, `-` and `_`. */
  readonly node?: string;
  /** Whether peers of Engine.IO 3 (Socket.IO 2) are served. @defaultValue false */
  readonly allowEIO3?: boolean;
  /** Most sessions at once that have not sent a message yet; beyond, new ones get 503. @defaultValue 2^31 - 1 */
  readonly maxSilentSessions?: number;
  /** Bytes queued for one session beyond which a peer that takes none of them is cut off. @defaultValue 16 MiB, a 32nd of a small heap */
  readonly stalledQueueBytes?: number;
  /** How long such a peer may take none (ms). @defaultValue 10_000 */
  readonly stalledTimeout?: number;
  /** Bytes queued for one session beyond which its peer is cut off, even if it takes some. @defaultValue 128 MiB, a quarter of a small heap */
  readonly maxQueuedBytes?: number;
}

const LARGEST = 2 ** 31 - 1;
const MIB = 2 ** 20;

/** Texts that wait are in V8's heap, and a process that fills it is ended: where it is small, less of them may wait (bytes). */
const { heap_size_limit: heapBytes } = getHeapStatistics();
const atMostOfHeap = (bytes: number, part: number): number => Math.min(bytes, Math.floor(heapBytes / part));

/** A value of any kind that `accepts` lets through. */
function value<T>(what: string, fallback: T, accepts: (given: unknown) => boolean): Rule<T> {
  return {
    fallback,
    check(name, given) {
      if (accepts(given)) return given as T;
      throw new OptionError('ERR_OPTION_TYPE', `${name} is not ${what}.`);
    },
  };
}

const isObject = (given: unknown): boolean => typeof given === 'object' && given !== null;
const isFunction = (given: unknown): boolean => typeof given === 'function';
const isSwitch = (given: unknown): boolean => typeof given === 'boolean' || isObject(given);

/** An object, or what switches it on or off, by what is truthy. */
function partOrSwitch<T extends object>(fallback: boolean): Rule<T | boolean> {
  return { fallback, check: (_name, given) => (isObject(given) ? (given as T) : Boolean(given)) };
}

/** One that no response could carry, as with a line break in its path, would fail at each session that opens. */
const writableCookie: Rule<CookieOptions | boolean> = {
  fallback: false,
  check(name, given) {
    if (!isObject(given)) return Boolean(given);
    // Its parts are checked where it is written.
    const cookie = given as CookieOptions;
    try {
      serialize(cookie.name ?? 'io', 'id', cookie);
    } catch (error) {
      const why = JSON.stringify(error instanceof Error ? error.message : error);
      throw new OptionError('ERR_OPTION_TYPE', `${name} can't be written: ${why}.`);
    }
    return cookie;
  },
};

export const transportNames: readonly TransportName[] = ['polling', 'websocket', 'streaming'];

/** Programs name ones that we don't have, `webtransport` above all: their peers go without. */
const knownTransports: Rule<readonly TransportName[]> = {
  fallback: transportNames,
  check(name, given) {
    const wanted: readonly unknown[] = Array.isArray(given) ? given : [given];
    const known = wanted.filter((one): one is TransportName => transportNames.includes(one as TransportName));
    if (known.length > 0 || (Array.isArray(given) && given.length === 0)) return known;
    throw new OptionError('ERR_OPTION_TYPE', `${name} has none of ${transportNames.join(', ')}.`);
  },
};

const attachRules = {
  path: value<string>('a text', '/engine.io', (given) => typeof given === 'string'),
  addTrailingSlash: toggle(true),
  destroyUpgrade: toggle(true),
  destroyUpgradeTimeout: amount(0, LARGEST, 1_000),
};

const resumeRules = {
  window: whole(0, LARGEST, 20_000),
  maxPackets: whole(1, LARGEST, 10_000),
  maxBytes: whole(1, LARGEST, 1_000_000),
  maxTotalBytes: whole(0, Number.MAX_SAFE_INTEGER, atMostOfHeap(256 * MIB, 4)),
};

const compressionRules = { threshold: whole(0, LARGEST, 1_024) };

const serverRules = {
  pingInterval: amount(1, LARGEST, 25_000),
  pingTimeout: amount(0, LARGEST, 20_000),
  upgradeTimeout: amount(0, LARGEST, 10_000),
  maxHttpBufferSize: amount(1, Number.MAX_SAFE_INTEGER, 1_000_000),
  transports: knownTransports,
  allowUpgrades: toggle(true),
  allowRequest: value<AllowRequest | undefined>('a function', undefined, isFunction),
  cors: value<CorsOptions | CorsOptionsDelegate | undefined>(
    'an object or a function',
    undefined,
    (given) => isObject(given) || isFunction(given),
  ),
  corsWebSocket: flag(true),
  bindOrigin: flag(true),
  cookie: writableCookie,
  httpCompression: partOrSwitch<HttpCompression>(true),
  perMessageDeflate: partOrSwitch<DeflateOptions>(false),
  initialPacket: value<RawData | undefined>('a message', undefined, (given) => given !== null),
  resume: value<ResumeOptions | boolean>('true, false or an object', true, isSwitch),
  node: value<string>('made of letters, digits, - and _', '', (given) => /^[\w-]{1,64}$/.test(String(given))),
  allowEIO3: toggle(false),
  maxSilentSessions: whole(0, LARGEST, LARGEST),
  stalledQueueBytes: whole(1, Number.MAX_SAFE_INTEGER, atMostOfHeap(16 * MIB, 32)),
  stalledTimeout: whole(1, LARGEST, 10_000),
  maxQueuedBytes: whole(1, Number.MAX_SAFE_INTEGER, atMostOfHeap(128 * MIB, 4)),
};

/** Where a server listens, complete. */
export type AttachSettings = Resolved<typeof attachRules>;

/** A server's options, complete. */
export type Settings = Omit<Resolved<typeof serverRules>, 'resume' | 'httpCompression'> & {
  readonly resume: Resolved<typeof resumeRules> | undefined;
  readonly httpCompression: Resolved<typeof compressionRules> | undefined;
};

/** @throws OptionError that names the option, its value and what it can have */
export function resolveAttachOptions(given: AttachOptions = {}): AttachSettings {
  return resolveOptions(attachRules, given);
}

/** @throws OptionError that names the option, its value and what it can have */
export function resolveServerOptions(given: ServerOptions = {}): Settings {
  const flat = resolveOptions(serverRules, withoutShorthands(given));
  return Object.freeze({
    ...flat,
    resume: resolvePart(resumeRules, flat.resume),
    httpCompression: resolvePart(compressionRules, flat.httpCompression),
  });
}

/**
 * Applications written for Socket.IO switch these off with `false` or `null`, where leaving them out does the same, and
 * write `cors: true` or `cors: '*'`, frameworks above all, for all origins.
 */
function withoutShorthands(given: ServerOptions): ServerOptions {
  const full: Record<string, unknown> = { ...given };
  for (const name of ['cors', 'allowRequest', 'initialPacket']) if (!full[name]) delete full[name];
  const { cors } = full;
  if (cors === true || typeof cors === 'string') full['cors'] = { origin: cors === true ? '*' : cors };
  return full;
}

function resolvePart<Table extends Record<string, Rule<unknown>>>(
  table: Table,
  given: boolean | object,
): Resolved<Table> | undefined {
  if (given === false) return undefined;
  return resolveOptions(table, given === true ? {} : (given as { [Name in keyof Table]?: unknown }));
}
