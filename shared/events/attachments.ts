/**
 * Binary in a packet: on the wire a placeholder stands where it was, and the bytes follow as messages of their own.
 */
import { ThroughlineError } from '../errors.ts';
import { BINARY_EVENT, EVENT } from './packet.ts';
import type { Packet } from './packet.ts';
import { isBinary, walk } from './walk.ts';
import type { Holder } from './walk.ts';

/** How far a type is from the one of the same meaning that has attachments. */
export const TO_BINARY = BINARY_EVENT - EVENT;

/** Whether a value stands for an attachment: `num` says which, from 0, if one may believe it. */
function isPlaceholder(value: unknown): value is { readonly num: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, '_placeholder') &&
    (value as Holder)['_placeholder'] === true
  );
}

/** What `JSON.stringify` takes to change values on their way. */
// As JSON.stringify declares it.
// oxlint-disable-next-line no-explicit-any
export type Replacer = (this: any, key: string, value: any) => any;

/** A replacer that moves binary into `attachments`, leaves placeholders, and then asks the application's own one. */
export function detach(attachments: unknown[], own?: Replacer): Replacer {
  return function (this: Holder, key, value) {
    // Node's Buffers have a toJSON, which was called before us: what they were is still with their holder.
    const binary = isBinary(value) ? value : this[key];
    if (isBinary(binary)) value = { _placeholder: true, num: attachments.push(binary) - 1 };
    // It would point to bytes that aren't its own.
    else if (isPlaceholder(value)) {
      throw new ThroughlineError(
        'ERR_ARGUMENT',
        'an object with _placeholder: true cannot travel together with binary',
      );
    }
    return own ? own.call(this, key, value) : value;
  };
}

/** A packet whose attachments are still on their way. */
export class PartialPacket {
  private readonly packet: Packet;
  private readonly attachments: unknown[] = [];
  private isForgotten = false;

  constructor(packet: Packet) {
    this.packet = packet;
  }

  /** Whether no attachment is missing. */
  get isWhole(): boolean {
    return this.attachments.length === this.packet.attachments;
  }

  /** Lets go of all there is, if it is for this namespace: nobody is left to take the packet. */
  forget(nsp: string): void {
    if (this.packet.nsp !== nsp) return;
    this.isForgotten = true;
    this.attachments.fill(undefined);
    this.packet.data = undefined;
  }

  /**
   * Takes the next attachment; the last one makes the packet whole.
   *
   * @returns the packet, an EVENT or ACK with its attachments in place; nothing as long as some are missing
   * @throws Error unless each attachment has exactly one placeholder
   */
  add(attachment: unknown): Packet | undefined {
    const { attachments, packet } = this;
    const count = attachments.push(this.isForgotten ? undefined : attachment);
    if (!this.isWhole || this.isForgotten) return undefined;
    let placed = 0;
    walk(packet.data as object, (value, holder, key) => {
      if (!isPlaceholder(value)) return false;
      const { num } = value;
      const found = typeof num === 'number' && Object.hasOwn(attachments, num) && attachments[num] !== undefined;
      if (!found) throw new Error('placeholder without attachment');
      // The key is the holder's own, so that even `__proto__` is assigned and not set.
      holder[key] = attachments[num];
      attachments[num] = undefined;
      placed++;
      return true;
    });
    if (placed < count) throw new Error('attachment without placeholder');
    const { id } = packet;
    const whole: Packet = { type: (packet.type - TO_BINARY) as Packet['type'], nsp: packet.nsp, data: packet.data };
    if (id !== undefined) whole.id = id;
    return whole;
  }
}
