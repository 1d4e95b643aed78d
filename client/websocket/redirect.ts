/** Redirects of the opening handshake: followed only where the application asks for it. */
import type { IncomingMessage } from 'node:http';

import type { Address } from './address.ts';
import type { ClientOptions } from './client-options.ts';

const statuses = new Set([301, 302, 303, 307, 308]);

/** Headers that prove who we are, and never reach another origin. */
const secrets = new Set(['authorization', 'cookie', 'host', 'proxy-authorization']);

/** The URL that `answer` sends us to, if it does. */
export function redirectTarget(answer: IncomingMessage, from: Address): string | undefined {
  const { location } = answer.headers;
  if (location === undefined || !statuses.has(answer.statusCode ?? 0)) return undefined;
  return URL.canParse(location, from.url) ? new URL(location, from.url).href : undefined;
}

/** The options for the next request: without secrets where `to` is another origin, or no longer encrypted. */
export function redirectOptions(options: ClientOptions, from: Address, to: Address): ClientOptions {
  if (isSameOrigin(from, to)) return options;
  const { auth: _auth, headers = {}, ...rest } = options;
  const kept = Object.entries(headers).filter(([name]) => !secrets.has(name.toLowerCase()));
  return { ...rest, headers: Object.fromEntries(kept) };
}

function isSameOrigin(one: Address, other: Address): boolean {
  return (
    one.isSecure === other.isSecure &&
    one.host === other.host &&
    one.port === other.port &&
    one.socketPath === other.socketPath
  );
}
