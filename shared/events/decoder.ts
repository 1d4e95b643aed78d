/**
 * The wire to packets. Strict: what isn't a well-formed packet is refused with an `Error`, and nothing of it is kept.
 */
import { Emitter } from '../emitter.ts';
import { PartialPacket, TO_BINARY } from './attachments.ts';
import { ACK, BINARY_EVENT, EVENT, isDataValid } from './packet.ts';
import type { Packet, PacketType } from './packet.ts';
import { MAX_DEPTH, isBinary } from './walk.ts';

/** What `JSON.parse` takes to change values on their way. */
// As JSON.parse declares it.
// oxlint-disable-next-line no-explicit-any
export type Reviver = (this: any, key: string, value: any) => any;

/** Options of a {@link Decoder}. */
export interface DecoderOptions {
  /** Handed to `JSON.parse`. */
  readonly reviver?: Reviver | undefined;
  /**
   * Most attachments of one packet. One that announces more is refused before they come.
   *
   * @defaultValue 10
   */
  readonly maxAttachments?: number | undefined;
}

/** Most characters in the name of a namespace. */
const MAX_NAMESPACE_LENGTH = 4_096;

const MAX_ATTACHMENTS = 10;

/** Two characters open and close a level: a shorter text can't nest too deep and isn't searched. */
const DEEP_FROM_LENGTH = 2 * MAX_DEPTH;

/** Type, number of attachments, namespace, id. Each part is there or not by its first character: nothing to try twice. */
const HEADER = /^([0-6])(?:(\d+)-)?(?:(\/[^,]*)(?:,|$))?(\d+)?/;

/**
 * Whether a text opens more levels of arrays and objects than a packet may have. Asked before it is parsed: half a megabyte of
 * brackets costs a fraction of a second once there is an array for each. Texts within are passed over at the speed of `indexOf`.
 */
function nestsTooDeep(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) {
      at = endOfText(json, at);
      if (at < 0) return false; // No JSON: the parser will say so.
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Where the text ends that opens at `start`, or -1. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

/** @throws Error unless `json` is data that this type of packet may carry */
export function decodeData(type: unknown, json: string, reviver?: Reviver): unknown {
  if (json.length >= DEEP_FROM_LENGTH && nestsTooDeep(json))
    throw new Error(`data nests deeper than ${MAX_DEPTH} levels`);
  let data: unknown;
  try {
    data = json ? JSON.parse(json, reviver) : undefined;
  } catch {
    // Its error quotes the text, which belongs in no log. Below, it fails as data of no kind.
    type = undefined;
  }
  if (!isDataValid(type, data)) throw new Error('invalid payload');
  return data;
}

/**
 * One text message to a packet. With attachments to come it is a BINARY_EVENT or BINARY_ACK that says how many.
 *
 * @throws Error for what is no packet
 */
export function decodeText(text: string, options: DecoderOptions = {}): Packet {
  // Nearly all there is: an event of the default namespace that wants no answer.
  if (text.startsWith('2[')) {
    return { type: EVENT, nsp: '/', data: decodeData(EVENT, text.slice(1), options.reviver) };
  }
  const header = HEADER.exec(text);
  if (!header) throw new Error('unknown packet type');
  const [{ length }, digit, count, nsp = '/', id] = header;
  const type = Number(digit);
  const isPartial = type >= BINARY_EVENT;
  const attachments = Number(count);
  // Zero is refused as well: such a packet would wait for its last attachment for ever.
  if (isPartial ? !(attachments >= 1 && attachments <= (options.maxAttachments ?? MAX_ATTACHMENTS)) : count) {
    throw new Error('too many attachments, or none');
  }
  if (nsp.length > MAX_NAMESPACE_LENGTH) throw new Error('namespace too long');
  const textType = isPartial ? type - TO_BINARY : type;
  if (id ? !Number.isSafeInteger(Number(id)) : textType === ACK) throw new Error('invalid id');
  const data = decodeData(textType, text.slice(length), options.reviver);
  const packet: Packet = { type: type as PacketType, nsp };
  if (data !== undefined) packet.data = data;
  if (id) packet.id = Number(id);
  if (isPartial) packet.attachments = attachments;
  return packet;
}

interface DecoderEvents {
  decoded: (packet: Packet) => void;
}

/** Puts a stream of messages together to packets and emits each as `decoded`. One for each connection. */
export class Decoder extends Emitter<Record<never, never>, Record<never, never>, DecoderEvents> {
  private readonly options: DecoderOptions;
  private partial: PartialPacket | undefined;

  constructor(options?: DecoderOptions | Reviver) {
    super();
    this.options = typeof options === 'function' ? { reviver: options } : (options ?? {});
  }

  /**
   * Takes the next message.
   *
   * @throws Error for what is no packet, or not the attachment that is due; the connection is then of no more use
   */
  add(message: unknown): void {
    let packet: Packet | undefined;
    if (typeof message === 'string') {
      if (this.partial) throw new Error('got plaintext data when reconstructing a packet');
      packet = decodeText(message, this.options);
      if (packet.attachments) {
        this.partial = new PartialPacket(packet);
        return;
      }
    } else if (isBinary(message)) {
      if (!this.partial) throw new Error('got binary data when not reconstructing a packet');
      packet = this.partial.add(message);
      if (!packet) return;
      this.partial = undefined;
    } else throw new Error('neither text nor binary');
    this.emitReserved('decoded', packet);
  }

  /** Forgets a packet that waits for attachments. */
  destroy(): void {
    this.partial = undefined;
  }
}
