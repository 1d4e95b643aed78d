/** Where a server is and which namespace is meant, read from what was given to `io`. */

/** An address of a server. */
export interface Address {
  /** The whole of it, for the engine to connect to. */
  readonly source: string;
  /** Equal for addresses that one connection can serve. */
  readonly id: string;
  /** The namespace, as it was written: no escape is undone and none is added. */
  readonly namespace: string;
}

/** Where no page is: a name that never resolves (RFC 6761 §6.4), so that what renders a page on a server only fails to connect. */
const NO_PAGE = 'no-page.invalid';

/** Scheme, host, namespace, and the rest. Not `URL`, which would escape the letters of a namespace. */
const PARTS = /^(?:(?:(https?|wss?):)?\/\/)?([^/?#]+)?([^?#]*)(.*)/;

/**
 * Completes an address from the page's own and takes it apart.
 *
 * @param uri - with or without scheme and host; the page's own address where they are missing
 * @param path - where on its host the server listens, which is part of what makes a connection
 * @throws TypeError for a host that can't be one
 */
export function parseAddress(uri: string, path: string): Address {
  const page = globalThis.location as Location | undefined;
  const [, scheme, host = page?.host ?? NO_PAGE, namespace, rest] = PARTS.exec(uri)!;
  const source = `${scheme ?? page?.protocol.slice(0, -1) ?? 'https'}://${host}${namespace}${rest}`;
  return { source, id: new URL(source).origin + path, namespace: namespace || '/' };
}
