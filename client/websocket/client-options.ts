/** How a client's WebSocket is opened. */
import type { Agent, ClientRequest, RequestOptions } from 'node:http';
import type { ConnectionOptions as TlsOptions } from 'node:tls';

import type { DeflateOptions } from '../../shared/websocket/deflate-options.ts';
import { OptionError } from '../../shared/options.ts';
import { messageLimit, resolveLimits } from '../../shared/websocket/limits.ts';
import type { Limits } from '../../shared/websocket/limits.ts';

type PassedOn = Omit<
  RequestOptions,
  'agent' | 'headers' | 'host' | 'hostname' | 'method' | 'path' | 'port' | 'timeout'
> &
  Omit<TlsOptions, keyof RequestOptions | 'timeout'>;

/**
 * Beside these, all that `http.request` and `tls.connect` take is passed on: certificates, `localAddress`, `family`,
 * `lookup`, … The certificate is checked unless `rejectUnauthorized` is exactly false.
 */
export interface ClientOptions extends PassedOn {
  /** Further headers of the request. One that holds CR, LF or NUL makes the constructor throw a TypeError. */
  readonly headers?: Readonly<Record<string, string | number | readonly string[] | undefined>> | undefined;
  /** The `Origin` header. */
  readonly origin?: string | undefined;
  /** Opens the connections: an agent that speaks CONNECT takes it through an HTTP proxy. Default: none. */
  readonly agent?: Agent | false | undefined;
  /** Whether a redirect is followed. Default false. What proves who we are is not sent on to another origin. */
  readonly followRedirects?: boolean | undefined;
  /** Default 10. */
  readonly maxRedirects?: number | undefined;
  /** Milliseconds until the opening handshake is given up; 0: never. Default {@link Limits} `handshakeTimeoutMs`. */
  readonly handshakeTimeout?: number | undefined;
  /** Milliseconds until a closing handshake is cut. Default {@link Limits} `closeTimeoutMs`. */
  readonly closeTimeout?: number | undefined;
  /** How messages are compressed, where the server agrees. Default true: offered, and nothing asked for. */
  readonly perMessageDeflate?: boolean | DeflateOptions | undefined;
  /** Most bytes of an incoming message; 0: as many as can be. Default 104,857,600, as with `ws`. */
  readonly maxPayload?: number | undefined;
  /** Most fragments of an incoming message; 0: no limit. Default 0. */
  readonly maxFragments?: number | undefined;
  /** Whether pings are answered by themselves. Default true. */
  readonly autoPong?: boolean | undefined;
  /** Further limits, by their names in the table. */
  readonly limits?: Partial<Limits> | undefined;
  /** There is no other than 13. */
  readonly protocolVersion?: 13 | undefined;
  /** Options of `ws` that have nothing to say here: messages are told as they come, texts are always checked. */
  readonly allowSynchronousEvents?: boolean | undefined;
  readonly skipUTF8Validation?: boolean | undefined;
  readonly maxBufferedChunks?: number | undefined;
  /** Called with the request before it is sent, and then has to `end` it. */
  readonly finishRequest?: ((request: ClientRequest, socket: unknown) => void) | undefined;
}

/** The names above that are ours and not `http.request`'s. */
const ownNames = [
  'origin',
  'followRedirects',
  'maxRedirects',
  'handshakeTimeout',
  'closeTimeout',
  'maxPayload',
  'maxFragments',
  'autoPong',
  'limits',
  'allowSynchronousEvents',
  'skipUTF8Validation',
  'maxBufferedChunks',
  'protocolVersion',
  'perMessageDeflate',
  'finishRequest',
] as const;

/** @throws OptionError naming the limit, its value and its range, or a version that is not spoken */
export function clientLimits(options: ClientOptions): Limits {
  const version: unknown = options.protocolVersion ?? 13;
  if (version !== 13)
    throw new OptionError('ERR_OPTION_RANGE', `protocolVersion is ${String(version)}; there is no other than 13.`);
  return resolveLimits({
    maxMessageBytes: messageLimit(options.maxPayload),
    handshakeTimeoutMs: options.handshakeTimeout,
    closeTimeoutMs: options.closeTimeout,
    maxFragments: options.maxFragments,
    ...options.limits,
  });
}

/** What is left for `http.request`. */
export function passedOn(options: ClientOptions): PassedOn {
  const passed: Record<string, unknown> = { ...options };
  for (const name of ownNames) delete passed[name];
  // What is left is what the type says.
  return passed as PassedOn;
}
