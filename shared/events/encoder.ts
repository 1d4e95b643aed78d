/** Packets to the wire: one text, then the attachments that it speaks of. */
import { TO_BINARY, detach } from './attachments.ts';
import type { Replacer } from './attachments.ts';
import { ACK, BINARY_EVENT, EVENT } from './packet.ts';
import type { Packet } from './packet.ts';

/** Stateless: one encoder serves a whole server. */
export class Encoder {
  /**
   * Whether there is binary in an event or acknowledgement is found out here; its packet need not say.
   *
   * @returns a text, behind it each attachment as it was given
   * @throws TypeError or RangeError for data that JSON can't say, such as circular
   */
  // As Socket.IO's parsers declare it: adapters hand the parts on.
  // oxlint-disable-next-line no-explicit-any
  encode({ type, nsp, id, data }: Packet): any[] {
    let kind: number = type < BINARY_EVENT ? type : type - TO_BINARY;
    const parts: unknown[] = [];
    const replacer = (kind === EVENT || kind === ACK) && this.mayHoldBinary(data) ? detach(parts) : undefined;
    const json = (data ?? undefined) === undefined ? '' : this.stringify(data, replacer);
    let count = '';
    if (parts.length) {
      kind += TO_BINARY;
      count = `${parts.length}-`;
    }
    const namespace = nsp && nsp !== '/' ? `${nsp},` : '';
    return [`${kind}${count}${namespace}${id ?? ''}${json}`, ...parts];
  }

  /** Whether to look for binary while the data is written, which then takes longer. */
  protected mayHoldBinary(data: unknown[]): boolean {
    return data.some((value) => typeof value === 'object');
  }

  /** Data to JSON. An encoder that knows a faster way to the same text may take it. */
  protected stringify(data: unknown, replacer?: Replacer): string {
    return JSON.stringify(data, replacer);
  }
}
