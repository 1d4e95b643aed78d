/** The options of a connection: engine.io-client's by name, default and meaning, and `resume`. */
import { platformDefaults } from '#client/environment';
import type { Transport } from './transport.ts';

/** A transport class, ours or the application's own. */
export type TransportCtor = new (options: never) => Transport;

/** The transports that can be chosen by name, and whatever an own class calls itself. */
export type TransportName = 'polling' | 'websocket' | 'streaming' | (string & {});

/** Bounds of what is kept so that a session can resume. */
export interface ResumeOptions {
  /** Most messages kept that the server has not confirmed. @defaultValue 10_000 */
  readonly maxPackets?: number;
  /** Most bytes kept that the server has not confirmed. @defaultValue 16 MiB */
  readonly maxBytes?: number;
}

export interface SocketOptions {
  /** Host with port. Usually part of the address. */
  host?: string;
  /** Usually part of the address; the page's own where neither says. */
  hostname?: string;
  /** Whether TLS is used. Usually part of the address. */
  secure?: boolean;
  /** Usually part of the address; 80, or 443 with TLS. */
  port?: string | number;
  /** Parameters added to the query of every request. */
  // oxlint-disable-next-line no-explicit-any -- what is there is turned into text
  query?: { [key: string]: any };
  /** Where the server listens. @defaultValue '/engine.io' */
  path?: string;
  /** Whether the path ends with a slash. @defaultValue true */
  addTrailingSlash?: boolean;
  /**
   * The transports to use, by name or class. The session opens on the first and climbs to the others that the server
   * offers, the earlier ones being better.
   *
   * @defaultValue `['polling', 'websocket', 'streaming']`
   */
  transports?: readonly (TransportName | TransportCtor)[];
  /** The transports to use, by class, instead of {@link transports}. */
  transportImplementations?: readonly TransportCtor[];
  /** Whether to try the next transport where a session can't be opened on the first. @defaultValue false */
  tryAllTransports?: boolean;
  /** Whether to climb from polling to something better. @defaultValue true */
  upgrade?: boolean;
  /** Whether to open on WebSocket where the last connection of this process or page worked on it. @defaultValue false */
  rememberUpgrade?: boolean;
  /** Whether requests carry a parameter that no cache has seen. @defaultValue polling does, unless this is `false` */
  timestampRequests?: boolean;
  /** The name of that parameter. @defaultValue 't' */
  timestampParam?: string;
  /** Whether cookies and other credentials go with requests to another origin; in Node, whether cookies are kept. @defaultValue false */
  withCredentials?: boolean;
  /** Headers of every request. Browsers can't send them with a WebSocket. */
  extraHeaders?: { [header: string]: string };
  /** Options for one transport alone, by its name. */
  transportOptions?: { [transport: string]: Partial<SocketOptions> };
  /** Subprotocols to ask for with a WebSocket. */
  protocols?: string | string[];
  /** Whether streams are asked for in the form of `text/event-stream`, for networks that pass only that. @defaultValue false */
  eventStream?: boolean;
  /** How long an HTTP request may take. @defaultValue 0: as long as it likes (ms) */
  requestTimeout?: number;
  /** Whether bytes travel as base64 on every transport. @defaultValue false */
  forceBase64?: boolean;
  /** Whether the session ends with the `beforeunload` event, and not first when the page is gone. @defaultValue false */
  closeOnBeforeunload?: boolean;
  /** Whether Node may exit while the connection is open. @defaultValue false */
  autoUnref?: boolean;
  /** Whether to use the timers that were there first, where a test has replaced them. @defaultValue false */
  useNativeTimers?: boolean;
  /** What to keep so that the session survives the loss of its transport; `false` for a session that doesn't. */
  resume?: ResumeOptions | false;
  /** permessage-deflate in Node: `false`, or from which size on. @defaultValue `{ threshold: 1024 }` (bytes) */
  perMessageDeflate?: boolean | { threshold?: number };
  /** Node: the agent that makes connections. @defaultValue one of our own, which keeps them open between requests */
  agent?: string | boolean | object;
  /** Node, TLS: certificate and key, as `tls.connect` takes them. */
  pfx?: string | Uint8Array;
  key?: string | Uint8Array;
  passphrase?: string;
  cert?: string | Uint8Array;
  ca?: string | Uint8Array | (string | Uint8Array)[];
  ciphers?: string;
  /** Node, TLS: whether the server's certificate is checked. Only `false` turns it off. @defaultValue true */
  rejectUnauthorized?: boolean;
  /** Without meaning: Node's build and the browsers' are different files. */
  forceNode?: boolean;
}

const defaults = {
  path: '/engine.io',
  addTrailingSlash: true,
  transports: ['polling', 'websocket', 'streaming'],
  upgrade: true,
  rememberUpgrade: false,
  timestampParam: 't',
  withCredentials: false,
  transportOptions: {},
  closeOnBeforeunload: false,
  ...platformDefaults,
} satisfies SocketOptions;

/** Options of which those that have a default are there. */
type WithDefaults = SocketOptions & Required<Pick<SocketOptions, keyof typeof defaults>>;

/** Options with nothing left open. */
export type ResolvedOptions = WithDefaults & Required<Pick<SocketOptions, 'hostname' | 'secure' | 'query'>>;

/**
 * Joins the address, what was given and the defaults; what none of them says is the page's own. What was given is not kept.
 *
 * @throws TypeError where the address is none
 */
export function resolveOptions(uri: string | undefined, given: SocketOptions): ResolvedOptions {
  const options: WithDefaults = { ...defaults, ...defined(given) };
  const page = globalThis.location as Location | undefined;
  let search = '';
  // A path alone names no server.
  const address = uri?.replace(/^\/(?!\/).*/, '') || options.host;
  if (address) {
    const full = address.replace(/^(?!\w+:\/\/)(\/\/)?/, 'http://');
    // An IPv6 address may come without its brackets.
    const url = new URL(full.replace(/\/\/([\da-f]*:[\da-f]*:[\da-f:]*)/i, '//[$1]'));
    options.hostname = url.hostname.replace(/[[\]]/g, '');
    if (uri) {
      options.secure = /^(https|wss):/.test(url.protocol);
      options.port = url.port;
      search = url.search;
    }
  } else if (!options.hostname) {
    options.port ||= page?.port ?? '';
  }
  const query = search || options.query;
  return {
    ...options,
    transports: options.transportImplementations ?? options.transports,
    hostname: options.hostname ?? page?.hostname ?? 'localhost',
    secure: options.secure ?? page?.protocol === 'https:',
    query: typeof query === 'string' ? Object.fromEntries(new URLSearchParams(query)) : { ...query },
    path: options.path.replace(/\/$/, '') + (options.addTrailingSlash ? '/' : ''),
  };
}

/** A copy without what is there and `undefined`. */
export function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
