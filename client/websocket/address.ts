/** What a WebSocket's URL and subprotocols say (WHATWG, "The WebSocket interface"; RFC 6455 §3). */
import { isToken } from '../../shared/websocket/handshake.ts';

/** Where to connect to. */
export interface Address {
  /** As the `url` property shows it. */
  readonly url: string;
  readonly isSecure: boolean;
  /** Either a host and its port or the path of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  /** The request's target. */
  readonly path: string;
  /** `user:password` of the URL, decoded. */
  readonly auth: string | undefined;
}

const schemes: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  // WHATWG lets a page write its own URL's scheme.
  'http:': 'ws:',
  'https:': 'wss:',
  'ws+unix:': 'ws+unix:',
  'wss+unix:': 'wss+unix:',
};

/**
 * @param given `ws:` or `wss:` (or `http:`, `https:`), or for a unix socket `ws+unix:/path/of.sock:/target`
 * @throws DOMException `SyntaxError` where it is no URL, has another scheme or has a fragment
 */
export function parseAddress(given: string | URL): Address {
  const url = parseUrl(String(given));
  const scheme = Object.hasOwn(schemes, url.protocol) ? schemes[url.protocol] : undefined;
  if (scheme === undefined) throw syntaxError(`the URL's scheme is ${url.protocol} and not ws: or wss:`);
  // An empty fragment is one too: only the text tells.
  if (url.href.includes('#')) throw syntaxError('the URL has a fragment');
  const isSecure = scheme.startsWith('wss');
  const isUnix = scheme.endsWith('+unix:');
  const [socketPath = '', target = '/'] = isUnix ? url.pathname.split(':') : [];
  if (isUnix ? socketPath === '' : url.hostname === '') throw syntaxError('the URL says no place');
  return {
    url: scheme === url.protocol ? url.href : url.href.replace(/^http/, 'ws'),
    isSecure,
    host: isUnix ? 'localhost' : url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    socketPath: isUnix ? socketPath : undefined,
    path: (isUnix ? target : url.pathname) + url.search,
    auth: url.username === '' && url.password === '' ? undefined : credentials(url),
  };
}

/**
 * The subprotocols to ask for, in order of preference.
 *
 * @throws DOMException `SyntaxError` where one is no string, no token or stands twice
 */
export function parseProtocols(given: string | readonly string[] | undefined): readonly string[] {
  const protocols = given === undefined ? [] : typeof given === 'object' ? [...given] : [given];
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (typeof protocol !== 'string') throw syntaxError(`a subprotocol is a ${typeof protocol} and not a string`);
    if (!isToken(protocol)) throw syntaxError('a subprotocol is no token of HTTP');
    const folded = protocol.toLowerCase();
    if (seen.has(folded)) throw syntaxError('a subprotocol is asked for twice');
    seen.add(folded);
  }
  return protocols;
}

function parseUrl(given: string): URL {
  try {
    return new URL(given);
  } catch {
    throw syntaxError('the URL is none');
  }
}

function credentials(url: URL): string {
  try {
    return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  } catch {
    throw syntaxError("the URL's user or password is not encoded well");
  }
}

function syntaxError(why: string): DOMException {
  return new DOMException(why, 'SyntaxError');
}
