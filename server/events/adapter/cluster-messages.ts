/**
 * What the servers of a group say to each other, as `socket.io-adapter` 2.5 has it, and the checks on what comes in: the
 * bus may carry messages that are malformed, or from an older version. Those are ignored.
 */
import { isPacketValid } from '../../../shared/events/packet.ts';
import type { Packet } from '../../../shared/events/packet.ts';
import type { BroadcastFlags, BroadcastOptions } from './types.ts';

/** Each server's own id. */
export type ServerId = string;

/** Where a message stands on the bus, for buses that can tell. */
export type Offset = string;

/** What a message is for. */
export const MessageType = {
  INITIAL_HEARTBEAT: 1,
  HEARTBEAT: 2,
  BROADCAST: 3,
  SOCKETS_JOIN: 4,
  SOCKETS_LEAVE: 5,
  DISCONNECT_SOCKETS: 6,
  FETCH_SOCKETS: 7,
  FETCH_SOCKETS_RESPONSE: 8,
  SERVER_SIDE_EMIT: 9,
  SERVER_SIDE_EMIT_RESPONSE: 10,
  BROADCAST_CLIENT_COUNT: 11,
  BROADCAST_ACK: 12,
  ADAPTER_CLOSE: 13,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

type Types = typeof MessageType;

/** {@link BroadcastOptions} as they travel: sets don't. */
export interface PlainOptions {
  rooms: string[];
  except: string[];
  flags: BroadcastFlags;
}

type ClusterMessageBody =
  | { type: Types['INITIAL_HEARTBEAT'] | Types['HEARTBEAT'] | Types['ADAPTER_CLOSE'] }
  | { type: Types['BROADCAST']; data: { opts: PlainOptions; packet: unknown; requestId?: string } }
  | { type: Types['SOCKETS_JOIN'] | Types['SOCKETS_LEAVE']; data: { opts: PlainOptions; rooms: string[] } }
  | { type: Types['DISCONNECT_SOCKETS']; data: { opts: PlainOptions; close?: boolean } }
  | { type: Types['FETCH_SOCKETS']; data: { opts: PlainOptions; requestId: string } }
  // What an event carries is the application's.
  // oxlint-disable-next-line no-explicit-any
  | { type: Types['SERVER_SIDE_EMIT']; data: { requestId?: string; packet: any[] } };

type ClusterResponseBody =
  | { type: Types['FETCH_SOCKETS_RESPONSE']; data: { requestId: string; sockets: unknown[] } }
  | { type: Types['SERVER_SIDE_EMIT_RESPONSE']; data: { requestId: string; packet: unknown } }
  | { type: Types['BROADCAST_CLIENT_COUNT']; data: { requestId: string; clientCount: number } }
  | { type: Types['BROADCAST_ACK']; data: { requestId: string; packet: unknown } };

/** To all other servers. */
export type ClusterMessage = { uid: ServerId; nsp: string } & ClusterMessageBody;

/** To the server that asked. */
export type ClusterResponse = { uid: ServerId; nsp: string } & ClusterResponseBody;

/** Without what the sender adds. */
export type Unsigned<T> = T extends unknown ? Omit<T, 'nsp' | 'uid'> : never;

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isTextOrNothing = (value: unknown): boolean => isText(value) || value === undefined;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function isPlainOptions(value: unknown): boolean {
  return isObject(value) && isTexts(value['rooms']) && isTexts(value['except']) && isObject(value['flags'] ?? {});
}

/** For each type, what its data must look like. */
const checks: { readonly [Type in MessageType]?: (data: Record<string, unknown>) => boolean } = {
  [MessageType.BROADCAST]: ({ opts, packet, requestId }) =>
    isPlainOptions(opts) && isObject(packet) && isBroadcastPacket(packet) && isTextOrNothing(requestId),
  [MessageType.SOCKETS_JOIN]: ({ opts, rooms }) => isPlainOptions(opts) && isTexts(rooms),
  [MessageType.SOCKETS_LEAVE]: ({ opts, rooms }) => isPlainOptions(opts) && isTexts(rooms),
  [MessageType.DISCONNECT_SOCKETS]: ({ opts }) => isPlainOptions(opts),
  [MessageType.FETCH_SOCKETS]: ({ opts, requestId }) => isPlainOptions(opts) && isText(requestId),
  [MessageType.SERVER_SIDE_EMIT]: ({ packet, requestId }) =>
    Array.isArray(packet) && isText(packet[0]) && isTextOrNothing(requestId),
  [MessageType.FETCH_SOCKETS_RESPONSE]: ({ requestId, sockets }) =>
    isText(requestId) && Array.isArray(sockets) && sockets.every((one) => isObject(one) && isText(one['id'])),
  [MessageType.SERVER_SIDE_EMIT_RESPONSE]: ({ requestId }) => isText(requestId),
  [MessageType.BROADCAST_CLIENT_COUNT]: ({ requestId, clientCount }) =>
    isText(requestId) && Number.isSafeInteger(clientCount) && (clientCount as number) >= 0,
  [MessageType.BROADCAST_ACK]: ({ requestId }) => isText(requestId),
};

/** The sender may leave the namespace to the message around it. */
function isBroadcastPacket(packet: Record<string, unknown>): boolean {
  return isPacketValid({ nsp: '', ...packet } as unknown as Packet);
}

const withoutData: ReadonlySet<unknown> = new Set([
  MessageType.INITIAL_HEARTBEAT,
  MessageType.HEARTBEAT,
  MessageType.ADAPTER_CLOSE,
]);

/** Whether what came off the bus is a message or a response that we understand. */
export function isWellFormed(message: unknown): boolean {
  if (!isObject(message) || !isText(message['uid'])) return false;
  const { type, data } = message;
  if (withoutData.has(type)) return true;
  return (
    typeof type === 'number' && Object.hasOwn(checks, type) && isObject(data) && checks[type as MessageType]!(data)
  );
}

export function encodeOptions({ rooms, except, flags }: BroadcastOptions): PlainOptions {
  return { rooms: [...rooms], except: [...(except ?? [])], flags: flags ?? {} };
}

export function decodeOptions({ rooms, except, flags }: PlainOptions): BroadcastOptions {
  return { rooms: new Set(rooms), except: new Set(except), flags: flags ?? {} };
}
