/**
 * Which pages may open a WebSocket here. A browser lets any page try and sends the visitor's cookies along (RFC 6455 §10.2),
 * so unless the application says otherwise only pages of this very host may. Clients that send no Origin are no browsers.
 */
import type { IncomingMessage } from 'node:http';

import { headerOf } from './plain-request.ts';

/** `'*'`: every page. A list: origins as browsers write them (`https://example.com`), or patterns: mind to anchor them. */
export type Origins =
  '*' | string | RegExp | readonly (string | RegExp)[] | ((origin: string, request: IncomingMessage) => boolean);

/** Whether the page that sent `request` may connect. @param origins undefined: only pages of this host */
export function isOriginAllowed(request: IncomingMessage, origins: Origins | undefined): boolean {
  const origin = headerOf(request, 'origin');
  if (origin === undefined || origins === '*') return true;
  if (origins === undefined) return isSameOrigin(request);
  if (typeof origins === 'function') return origins(origin, request);
  const list: readonly (string | RegExp)[] = Array.isArray(origins) ? origins : [origins];
  return list.some((one) => (typeof one === 'string' ? canonical(one) === canonical(origin) : origin.search(one) >= 0));
}

/**
 * Whether `request` comes from a page of the host that it was sent to. A proxy may have rewritten Host: then it says so in
 * X-Forwarded-Host, which no page can set on a WebSocket, or the browser does in Sec-Fetch-Site.
 */
export function isSameOrigin(request: IncomingMessage): boolean {
  const { headers } = request;
  if (headers['sec-fetch-site'] === 'same-origin') return true;
  const origin = parse(headers.origin);
  if (origin === undefined) return false;
  const forwarded = headers['x-forwarded-host'];
  return [headers.host, headers[':authority'], forwarded]
    .flat()
    .some(
      (host) => host !== undefined && parse(`${origin.protocol}//${host.split(',')[0]!.trim()}`)?.host === origin.host,
    );
}

/** As browsers write an origin: upper case and default ports don't matter. */
function canonical(origin: string): string {
  const parsed = parse(origin)?.origin;
  // URLs of unknown schemes all have the origin `null`.
  return parsed === undefined || parsed === 'null' ? origin : parsed;
}

function parse(origin: string | undefined): URL | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin) : undefined;
}
