/**
 * Binary in a packet: on the wire a placeholder stands where it was, and the bytes follow as messages of their own.
 */
import { ThroughlineError } from '../errors.ts';
import { malformed } from './malformed.ts';
import { BINARY_EVENT, EVENT } from './packet.ts';
import type { Packet } from './packet.ts';

/** How far a type is from the one of the same meaning that has attachments. */
export const TO_BINARY = BINARY_EVENT - EVENT;

/** An array or an object, as something that holds values. */
export type Holder = Record<string | number, unknown>;

/** What `JSON.stringify` and `JSON.parse` take to change values on their way. */
// As they declare it.
// oxlint-disable-next-line no-explicit-any
export type Replacer = (this: any, key: string, value: any) => any;

/** Whether a value travels as an attachment. A `File` is a `Blob`. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob;
}

/** Whether a value stands for an attachment: `num` says which, from 0, if one may believe it. */
function isPlaceholder(value: unknown): value is { readonly num: unknown } {
  return (value as { _placeholder?: unknown } | undefined)?._placeholder === true;
}

/**
 * A replacer that moves binary into `attachments` and leaves placeholders.
 *
 * @throws ThroughlineError `ERR_ARGUMENT` where beside binary something passes for a placeholder: it would point to bytes
 *   that aren't its own
 */
export function detach(attachments: unknown[]): Replacer {
  let isForged = false;
  return function (this: Holder, key, value) {
    // Node's Buffers have a toJSON, which was called before us: what they were is still with their holder.
    const binary = isBinary(value) ? value : this[key];
    if (isBinary(binary)) value = { _placeholder: true, num: attachments.push(binary) - 1 };
    else isForged ||= isPlaceholder(value);
    if (isForged && attachments.length) throw new ThroughlineError('ERR_ARGUMENT', 'binary beside a _placeholder');
    return value;
  };
}

/** Where an attachment belongs. */
export interface Place {
  readonly holder: Holder;
  readonly key: string;
}

/** A packet whose attachments are still on their way, into these places in turn. */
export interface PartialPacket extends Packet {
  readonly missing: Place[];
}

/**
 * A reviver that notes where attachments belong.
 *
 * @param places - by attachment, each undefined at first
 * @throws Error for a placeholder that is not the only one of an attachment
 */
export function locate(places: (Place | undefined)[]): Replacer {
  return function (this: Holder, key, value) {
    if (isPlaceholder(value)) {
      const { num } = value;
      const isFree = typeof num === 'number' && Object.hasOwn(places, num) && !places[num];
      if (!isFree) throw malformed('placeholder without attachment');
      places[num] = { holder: this, key };
    }
    return value;
  };
}

/**
 * Puts the next attachment in its place.
 *
 * @returns the packet, once it is whole
 */
export function attach({ missing, ...packet }: PartialPacket, attachment: unknown): Packet | undefined {
  const { holder, key } = missing.shift()!;
  // The key is the holder's own, so that even `__proto__` is assigned and not set.
  holder[key] = attachment;
  return missing.length ? undefined : packet;
}
