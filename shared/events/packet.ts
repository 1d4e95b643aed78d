/**
 * The packets of Socket.IO 5: their kinds, and which data each may carry.
 *
 * Checked here once for every parser, ours and the application's: nothing behind this module looks at a packet's form again.
 */

/** Revision of the Socket.IO protocol. */
export const protocol = 5;

// One by one as well: a bundler puts the numbers of these in their place, and knows no way to do so with an object's.
export const CONNECT = 0;
export const DISCONNECT = 1;
export const EVENT = 2;
export const ACK = 3;
export const CONNECT_ERROR = 4;
/** An event with attachments; on the wire only, decoded it is an EVENT. */
export const BINARY_EVENT = 5;
/** An acknowledgement with attachments; on the wire only, decoded it is an ACK. */
export const BINARY_ACK = 6;

/** What a packet is for. */
export const PacketType = { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK } as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** One packet, as parsers and adapters pass it around. */
export interface Packet {
  type: PacketType;
  /** The namespace, with its slash. */
  nsp: string;
  /** `[name, ...args]` of an event, `args` of an acknowledgement, an object or nothing else. */
  // Adapters of Socket.IO's ecosystem read and build packets; `unknown` would refuse their code.
  // oxlint-disable-next-line no-explicit-any
  data?: any;
  /** The event that wants an acknowledgement, or the one that this acknowledges. */
  id?: number;
  /** How many attachments follow on the wire. */
  attachments?: number;
}

/** Names that a socket emits by itself: from the other end they would be lies. */
export const RESERVED_EVENTS: ReadonlySet<unknown> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

/** Whether `data` may come with a packet of this type. */
export function isDataValid(type: unknown, data: unknown): boolean {
  if (Array.isArray(data)) {
    const [name] = data as unknown[];
    return type === EVENT ? typeof name === 'string' && !RESERVED_EVENTS.has(name) : type === ACK;
  }
  if (data === undefined) return type === CONNECT || type === DISCONNECT;
  if (typeof data === 'string') return type === CONNECT_ERROR;
  return typeof data === 'object' && data !== null && (type === CONNECT || type === CONNECT_ERROR);
}

/** Whether a packet that a parser of the application's own decoded is one. */
export function isPacketValid(packet: Packet): boolean {
  const { type, nsp, id, data } = packet;
  const isIdValid = Number.isSafeInteger(id) ? id! >= 0 : id === undefined && type !== ACK;
  return typeof nsp === 'string' && isIdValid && isDataValid(type, data);
}
