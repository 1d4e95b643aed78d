/** Addresses taken apart, also those that `URL` refuses or reads otherwise: without a scheme, or with a host alone. */
import { ThroughlineError } from '../../shared/errors.ts';

/**
 * Scheme, authority (user, password, host, port), path, query, fragment: RFC 3986, with the schemes that we speak. Without
 * one, slashes begin a path; and an IPv6 address may come without its brackets.
 */
const PARTS =
  /^(?:(https?|wss?):\/\/)?((?:(([^:@/?#]*)(?::([^@/?#]*))?)@)?(\[[^\]/?#]*\]|(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}|[^:/?#]*)(?::(\d*))?)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i;

/** No address that a server or proxy takes is longer, and matching is not to cost more than this. */
const LONGEST = 8_000;

/** An address in parts, empty where one is missing. */
export interface ParsedUri {
  readonly source: string;
  readonly protocol: string;
  readonly authority: string;
  readonly userInfo: string;
  readonly user: string;
  readonly password: string;
  /** Without the brackets of an IPv6 address; `ipv6uri` is true then. */
  readonly host: string;
  readonly port: string;
  /** Path, query and fragment, as they were written. */
  readonly relative: string;
  readonly path: string;
  readonly directory: string;
  readonly file: string;
  readonly query: string;
  readonly anchor: string;
  readonly ipv6uri?: true;
  readonly pathNames: readonly string[];
  readonly queryKey: Readonly<Record<string, string>>;
}

/**
 * Splits an address into the parts that users of engine.io-client's `parse` know.
 *
 * @throws {@link ThroughlineError} `ERR_ARGUMENT` where it is none, or is longer than 8,000 characters
 */
export function parse(uri: string): ParsedUri {
  const parts = uri.length > LONGEST ? null : PARTS.exec(uri);
  if (!parts) throw new ThroughlineError('ERR_ARGUMENT', `not an address: ${uri.slice(0, 80)}`);
  const [, protocol = '', authority = '', userInfo = '', user = '', password = '', host = '', port = '', ...rest] =
    parts;
  const [path = '', query = '', anchor = ''] = rest;
  // What has no dot is a directory, as it was in the days of `index.html`.
  const name = path.slice(path.lastIndexOf('/') + 1);
  const file = name.includes('.') ? name : '';
  const pairs = query.split('&').filter((pair) => /^[^=]/.test(pair));
  return {
    source: uri,
    protocol,
    authority: withoutBrackets(authority),
    userInfo,
    user,
    password,
    host: withoutBrackets(host),
    port,
    relative: path + (query && `?${query}`) + (anchor && `#${anchor}`),
    path,
    directory: path.slice(0, path.length - file.length),
    file,
    query,
    anchor,
    ...(host.startsWith('[') && { ipv6uri: true as const }),
    pathNames: path.split('/').filter(Boolean),
    queryKey: Object.fromEntries(pairs.map((pair) => /^([^=]*)=?(.*)$/s.exec(pair)!.slice(1) as [string, string])),
  };
}

function withoutBrackets(text: string): string {
  return text.replace(/[[\]]/g, '');
}
