/**
 * The wire to packets. Strict: what isn't a well-formed packet is refused with an `Error`, and nothing of it is kept.
 */
import { Emitter } from '../emitter.ts';
import { TO_BINARY, attach, isBinary, locate } from './attachments.ts';
import type { PartialPacket, Place, Replacer } from './attachments.ts';
import { malformed } from './malformed.ts';
import { ACK, BINARY_EVENT, EVENT, isDataValid } from './packet.ts';
import type { Packet, PacketType } from './packet.ts';

/** Most attachments of one packet, unless the server is told otherwise. One that announces more is refused before they come. */
const MAX_ATTACHMENTS = 10;

/** Type, number of attachments, namespace, id. Each part is there or not by its first character: nothing to try twice. */
const HEADER = /^(?:([0-4])|([56])(\d+)-)(?:(\/[^,]{0,4095})(?:,|$))?(\d+)?/;

/** Given the JSON before it is parsed; what it throws refuses the packet. */
export type Inspect = (json: string) => void;

/** @throws Error unless `json` is data that this type of packet may carry */
function decodeData(type: number, json: string, inspect?: Inspect, reviver?: Replacer): unknown {
  let data: unknown;
  inspect?.(json);
  try {
    data = json ? JSON.parse(json, reviver) : undefined;
  } catch {
    // Its error quotes the text, which belongs in no log. Below, it fails as data of no kind.
    type = BINARY_EVENT;
  }
  if (!isDataValid(type, data)) throw malformed('invalid payload');
  return data;
}

/**
 * One text message to a packet: an EVENT or ACK too where attachments are still to come.
 *
 * @throws Error for what is no packet
 */
export function decodeText(text: string, inspect?: Inspect, maxAttachments = MAX_ATTACHMENTS): Packet | PartialPacket {
  // Nearly all there is: an event of the default namespace that wants no answer.
  if (text.startsWith('2[')) {
    return { type: EVENT, nsp: '/', data: decodeData(EVENT, text.slice(1), inspect) };
  }
  const header = HEADER.exec(text);
  if (!header) throw malformed('unknown packet type');
  const [{ length }, plain, binary, count, nsp = '/', digits] = header;
  const type = Number(plain ?? Number(binary) - TO_BINARY) as PacketType;
  const attachments = Number(count ?? 0);
  // Zero is refused as well: such a packet would wait for its last attachment for ever.
  if (count && !(attachments && attachments <= maxAttachments)) throw malformed('more than maxAttachments, or none');
  const id = Number(digits);
  if (digits ? !Number.isSafeInteger(id) : type === ACK) throw malformed('invalid id');
  const places: (Place | undefined)[] = Array<undefined>(attachments).fill(undefined);
  const data = decodeData(type, text.slice(length), inspect, count ? locate(places) : undefined);
  if (places.includes(undefined)) throw malformed('attachment without placeholder');
  const packet: Packet = { type, nsp };
  if (data !== undefined) packet.data = data;
  if (digits) packet.id = id;
  return count ? { ...packet, missing: places as Place[] } : packet;
}

export interface DecoderEvents {
  decoded: (packet: Packet) => void;
}

/** Puts a stream of messages together to packets and emits each as `decoded`. One for each connection. */
export class Decoder extends Emitter<Record<never, never>, Record<never, never>, DecoderEvents> {
  private unfinished: PartialPacket | undefined;

  /**
   * Takes the next message.
   *
   * @throws Error for what is no packet, or not the attachment that is due; the connection is then of no more use
   */
  add(message: unknown): void {
    const { unfinished } = this;
    let whole: Packet | undefined;
    if (typeof message !== 'string') {
      if (!unfinished || !isBinary(message)) throw malformed('got binary data when not reconstructing a packet');
      whole = attach(unfinished, message);
    } else if (unfinished) throw malformed('got plaintext data when reconstructing a packet');
    else {
      const packet = decodeText(message);
      if ('missing' in packet) this.unfinished = packet;
      else whole = packet;
    }
    if (!whole) return;
    this.unfinished = undefined;
    this.emitReserved('decoded', whole);
  }

  /** Forgets a packet that waits for attachments. */
  destroy(): void {
    this.unfinished = undefined;
  }
}
