/** Packets to the wire: one text, then the attachments that it speaks of. */
import { TO_BINARY, detach } from './attachments.ts';
import type { Replacer } from './attachments.ts';
import { ACK, BINARY_EVENT, EVENT } from './packet.ts';
import type { Packet, PacketType } from './packet.ts';
import { isBinary, walk } from './walk.ts';

/** Stateless: one encoder serves a whole server. */
export class Encoder {
  private readonly replacer: Replacer | undefined;

  /** @param replacer - handed to `JSON.stringify` */
  constructor(replacer?: Replacer) {
    this.replacer = replacer;
  }

  /**
   * Whether there is binary in an event or acknowledgement is found out here; its packet need not say.
   *
   * @returns a text, behind it each attachment as it was given
   * @throws ThroughlineError `ERR_ARGUMENT` for circular data and such as nests too deep
   * @throws TypeError for data that JSON can't say
   */
  // As Socket.IO's parsers declare it: adapters hand the parts on.
  // oxlint-disable-next-line no-explicit-any
  encode(packet: Packet): any[] {
    const { data, nsp, id } = packet;
    let { type } = packet;
    let replacer = this.replacer;
    const parts: unknown[] = [];
    if (type >= BINARY_EVENT) type = (type - TO_BINARY) as PacketType;
    if ((type === EVENT || type === ACK) && walk(data, isBinary)) {
      replacer = detach(parts, replacer);
      type = (type + TO_BINARY) as PacketType;
    }
    const json = (data ?? undefined) === undefined ? '' : this.stringify(data, replacer);
    const count = parts.length ? `${parts.length}-` : '';
    const namespace = nsp && nsp !== '/' ? `${nsp},` : '';
    return [`${type}${count}${namespace}${id ?? ''}${json}`, ...parts];
  }
  /** Data to JSON. An encoder that knows a faster way to the same text may take it. */
  protected stringify(data: unknown, replacer?: Replacer): string {
    return JSON.stringify(data, replacer);
  }
}
