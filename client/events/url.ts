/** Where a server is and which namespace is meant, read from what was given to `io`. */
import { ThroughlineError } from '../../shared/errors.ts';

/** An address of a server. */
export interface Address {
  /** The whole of it, for the engine to connect to. */
  readonly source: string;
  /** Equal for addresses that one connection can serve. */
  readonly id: string;
  /** The namespace, as it was written: no escape is undone and none is added. */
  readonly namespace: string;
}

/** Not `URL`: that would escape the letters of a namespace. Scheme, authority, path; query and fragment are left over. */
const PARTS = /^(\w+):\/\/([^/?#]*)([^?#]*)/;

/**
 * Completes an address from the page's own and takes it apart.
 *
 * @param uri - with or without scheme and host; the page's own address where it is missing
 * @param path - of the server's engine, which is part of what makes a connection
 * @throws {@link ThroughlineError} `ERR_ARGUMENT` where the host is in neither the address nor a page's location
 */
export function parseAddress(uri: string | undefined, path: string): Address {
  const page = typeof location === 'undefined' ? undefined : location;
  const scheme = page?.protocol ?? 'https:';
  let source = uri ?? '/';
  if (/^\/(?!\/)/.test(source)) source = `//${page?.host ?? ''}${uri ?? ''}`;
  if (source.startsWith('//')) source = scheme + source;
  else if (!/^(https?|wss?):\/\//.test(source)) source = `${scheme}//${source}`;

  const [, protocol, host, namespace] = PARTS.exec(source) ?? [];
  if (!host) {
    throw new ThroughlineError(
      'ERR_ARGUMENT',
      `${String(uri)} names no server; outside of a page give an address like https://example.org.`,
    );
  }
  const secure = /^(http|ws)s$/.test(protocol!);
  const port = /:\d+$/.test(host) ? '' : secure ? ':443' : ':80';
  return { source, id: `${secure ? 's' : ''}//${host}${port}${path}`, namespace: namespace || '/' };
}
