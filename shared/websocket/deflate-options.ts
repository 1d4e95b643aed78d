/** What an application can say about permessage-deflate (RFC 7692). The names are those of `ws`. */
import { constants } from 'node:zlib';

import { OptionError, resolveOptions, whole } from '../options.ts';

/** Window sizes as powers of two (RFC 7692 §7.1.2). */
export const LEAST_WINDOW_BITS = 8;
export const MOST_WINDOW_BITS = 15;

export interface DeflateOptions {
  /** Ask or tell the server to compress each message by itself: costs ratio, saves its memory. False refuses it. */
  readonly serverNoContextTakeover?: boolean | undefined;
  /** The same for the client. */
  readonly clientNoContextTakeover?: boolean | undefined;
  /** Most bits of the server's window, 8 to 15. False refuses a client that asks for it. */
  readonly serverMaxWindowBits?: number | false | undefined;
  /** Most bits of the client's window, 8 to 15; true, in a client: leave it to the server. False, in a client: can't be set. */
  readonly clientMaxWindowBits?: number | boolean | undefined;
  /** Shorter messages are sent as they are. Default 1,024 (bytes). */
  readonly threshold?: number | undefined;
  /** Most zlib streams at work at once, over all connections that share these options. Default 10. */
  readonly concurrencyLimit?: number | undefined;
  /** How hard zlib works: `level` (−1 to 9), `memLevel` (1 to 9) and `strategy` (0 to 4). */
  readonly zlibDeflateOptions?:
    | {
        readonly level?: number | undefined;
        readonly memLevel?: number | undefined;
        readonly strategy?: number | undefined;
      }
    | undefined;
}

/** The same, checked and complete. */
export interface DeflateSettings {
  readonly serverNoContextTakeover: boolean | undefined;
  readonly clientNoContextTakeover: boolean | undefined;
  readonly serverMaxWindowBits: number | false | undefined;
  readonly clientMaxWindowBits: number | boolean | undefined;
  readonly threshold: number;
  readonly concurrencyLimit: number;
  readonly level: number;
  readonly memLevel: number;
  readonly strategy: number;
}

const MOST = 2 ** 31 - 1;

const table = {
  threshold: whole(0, MOST, 1_024),
  concurrencyLimit: whole(1, 1_024, 10),
  level: whole(-1, 9, constants.Z_DEFAULT_COMPRESSION),
  memLevel: whole(1, 9, 8),
  strategy: whole(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_DEFAULT_STRATEGY),
};

const windowBits = whole(LEAST_WINDOW_BITS, MOST_WINDOW_BITS, MOST_WINDOW_BITS);

/**
 * @returns undefined where compression is off
 * @throws OptionError naming the option, its value and its range
 */
export function resolveDeflate(
  given: boolean | DeflateOptions | undefined,
  fallback: boolean,
): DeflateSettings | undefined {
  const options = given === true || (given === undefined && fallback) ? {} : given;
  if (options === undefined || options === false) return undefined;
  return {
    serverNoContextTakeover: checkFlag('serverNoContextTakeover', options.serverNoContextTakeover),
    clientNoContextTakeover: checkFlag('clientNoContextTakeover', options.clientNoContextTakeover),
    serverMaxWindowBits: checkBits('serverMaxWindowBits', options.serverMaxWindowBits),
    clientMaxWindowBits:
      options.clientMaxWindowBits === true || checkBits('clientMaxWindowBits', options.clientMaxWindowBits),
    ...resolveOptions(table, { ...options.zlibDeflateOptions, ...pick(options) }),
  };
}

function pick({ threshold, concurrencyLimit }: DeflateOptions): Pick<DeflateOptions, 'threshold' | 'concurrencyLimit'> {
  return { threshold, concurrencyLimit };
}

function checkFlag(name: string, given: unknown): boolean | undefined {
  if (given === undefined || typeof given === 'boolean') return given;
  throw new OptionError('ERR_OPTION_TYPE', `${name} is ${String(given)}; give true or false, or leave it out.`);
}

function checkBits(name: string, given: unknown): number | false | undefined {
  return given === undefined || given === false ? given : windowBits.check(name, given);
}
