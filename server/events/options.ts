/** The options of a server: the engine's, and those of this floor in a table, each with its default. */
import type { Parser } from '../../shared/events/parser.ts';
import { amount, resolveOptions, toggle, whole } from '../../shared/options.ts';
import type { Resolved, Rule } from '../../shared/options.ts';
import type { AttachOptions, ServerOptions as EngineOptions } from '../engine/index.ts';
import type { Adapter } from './adapter/adapter.ts';
import { MAX_DEPTH } from './depth.ts';
import type { Namespace } from './namespace.ts';

/** Makes a namespace's adapter: a class, or a function that returns one, as packages of adapters give it. */
export type AdapterConstructor =
  // Adapters written for Socket.IO declare their namespace as they like.
  // oxlint-disable-next-line no-explicit-any
  (new (nsp: any) => Adapter) | ((nsp: any) => Adapter);

/** How clients that were away for a moment get their state back. */
export interface ConnectionStateRecovery {
  /** How long what a client needs is kept (ms). @defaultValue 120_000 */
  maxDisconnectionDuration?: number;
  /** Most bytes of packets kept in each namespace; beyond, the oldest go. @defaultValue 64 MiB */
  maxBytes?: number;
  /** Whether a client that comes back is let in without being asked again. @defaultValue true */
  skipMiddlewares?: boolean;
  /**
   * Whether sessions are kept while their clients are still connected, so that those of a server that is killed can be taken
   * up by another. Means something with `@socket.io/redis-streams-adapter`. @defaultValue true
   */
  keepAhead?: boolean;
}

/** What a server can be told. Every option may be left out. */
export interface ServerOptions extends EngineOptions, AttachOptions {
  /** Where on the http server. @defaultValue `/socket.io` */
  readonly path?: string;
  /** Whether the client's script is served under the path. @defaultValue true */
  readonly serveClient?: boolean;
  /** @defaultValue the in-memory adapter */
  readonly adapter?: AdapterConstructor;
  /** Both ends must have the same. @defaultValue ours, that of Socket.IO 5 */
  readonly parser?: Parser;
  /** How long a client may stay without joining a namespace (ms). @defaultValue 45_000 */
  readonly connectTimeout?: number;
  /** Recovery for clients of Socket.IO. Between our own ends sessions resume below this floor. @defaultValue off */
  readonly connectionStateRecovery?: ConnectionStateRecovery;
  /**
   * Whether a namespace made on demand goes with its last socket.
   *
   * @defaultValue after 60 s; `false` keeps it, `true` removes it at once
   */
  readonly cleanupEmptyChildNamespaces?: boolean;
  /** Most attachments in a packet that comes in. @defaultValue 10 */
  readonly maxAttachments?: number;
  /** Most levels of arrays and objects in a packet, its own array counted, in either direction. @defaultValue 1_000 */
  readonly maxDepth?: number;
  /** Most namespaces that a client is in at once. @defaultValue 1_000 */
  readonly maxNamespaces?: number;
  /** Most sessions at once that have joined no namespace yet; beyond, new ones get 503. @defaultValue 10_000 */
  readonly maxSilentSessions?: number;
}

const LARGEST = 2 ** 31 - 1;

/** On unless it is `false` itself, as in Socket.IO. */
const unlessFalse: Rule<boolean> = { fallback: true, check: (_name, given) => given !== false };

const rules = {
  serveClient: unlessFalse,
  connectTimeout: amount(0, LARGEST, 45_000),
  maxAttachments: whole(0, LARGEST, 10),
  maxDepth: whole(1, LARGEST, MAX_DEPTH),
  maxNamespaces: whole(1, LARGEST, 1_000),
  // The engine's, which has no bound of its own: it can't know how long its sessions mean to be silent.
  maxSilentSessions: whole(1, LARGEST, 10_000),
};

const recoveryRules = {
  maxDisconnectionDuration: amount(0, LARGEST, 120_000),
  maxBytes: whole(0, Number.MAX_SAFE_INTEGER, 64 * 2 ** 20),
  skipMiddlewares: toggle(true),
  keepAhead: toggle(true),
};

/** This floor's own options, complete. */
export type Limits = Resolved<typeof rules>;

/** @throws {@link OptionError} that names the option, its value and the range */
export const resolveLimits = (given: ServerOptions): Limits => resolveOptions(rules, given as Record<string, unknown>);

/** What an adapter may read of the options. */
export type GivenOptions = Omit<ServerOptions, 'connectionStateRecovery'> & {
  readonly connectionStateRecovery?: Required<ConnectionStateRecovery>;
};

/** A copy of what was given, with recovery complete where it is on. */
export function completeOptions({ connectionStateRecovery, ...given }: ServerOptions): GivenOptions {
  if (!connectionStateRecovery) return given;
  return {
    ...given,
    connectionStateRecovery: resolveOptions(recoveryRules, connectionStateRecovery as Record<string, unknown>),
  };
}

/** @returns an adapter for `namespace` */
export function makeAdapter(how: AdapterConstructor, namespace: Namespace): Adapter {
  // Packages return an ordinary function, which Socket.IO calls with `new`; arrow functions can't be.
  return how.prototype === undefined
    ? (how as (nsp: Namespace) => Adapter)(namespace)
    : new (how as new (nsp: Namespace) => Adapter)(namespace);
}
