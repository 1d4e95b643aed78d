/** The cookies of a connection in Node, kept between its requests where `withCredentials` asks for that. */
import { parseSetCookie } from 'cookie';
import type { ConnectOptions } from './environment.ts';

/** One cookie, and when it lapses (ms since 1970). */
interface Kept {
  readonly value: string;
  readonly until: number;
}

/** By connection: a cookie is never sent on behalf of another one. */
const jars = new WeakMap<object, Map<string, Kept>>();

/** Keeps what an answer's `Set-Cookie` lines say. All requests of a connection go to one host, so names are enough. */
export function keepCookies(options: ConnectOptions, lines: readonly string[] | undefined): void {
  if (!options.withCredentials || !lines) return;
  const jar = jars.get(options.socket) ?? new Map<string, Kept>();
  jars.set(options.socket, jar);
  for (const line of lines) {
    const { name, value, maxAge, expires } = parseSetCookie(line, { decode: (raw) => raw });
    if (!name || value === undefined) continue;
    const until = maxAge === undefined ? (expires?.getTime() ?? Infinity) : Date.now() + maxAge * 1_000;
    if (until > Date.now()) jar.set(name, { value, until });
    else jar.delete(name);
  }
}

/** The request headers of a connection: its `extraHeaders`, and a `Cookie` joined from them and what was kept. */
export function headersOf(options: ConnectOptions): Record<string, string> {
  const headers: Record<string, string> = { ...options.extraHeaders };
  const jar = options.withCredentials ? jars.get(options.socket) : undefined;
  const pairs = [...(jar ?? [])]
    .filter(([, { until }]) => until > Date.now())
    .map(([name, { value }]) => `${name}=${value}`);
  if (pairs.length === 0) return headers;
  const given = Object.keys(headers).find((name) => name.toLowerCase() === 'cookie') ?? 'cookie';
  headers[given] = [headers[given], ...pairs].filter(Boolean).join('; ');
  return headers;
}
