/** The packets of Engine.IO 4. Their bytes come from `engine.io-parser`. */

/** What a message may carry once it is on the wire: text, or bytes. */
export type RawData = string | ArrayBuffer | ArrayBufferView;

/** Engine.IO 4's packet types, by the names that its users know. */
export type PacketType = 'open' | 'close' | 'ping' | 'pong' | 'message' | 'upgrade' | 'noop' | 'error';

/** How a message is to be sent. */
export interface PacketOptions {
  /** Whether the transport may compress it. Default true. */
  readonly compress?: boolean;
  /** The whole packet as ready WebSocket frames (server, uncompressed): a broadcast is framed once. */
  readonly wsPreEncodedFrame?: Uint8Array | readonly Uint8Array[];
}

/** One packet of a session. */
export interface Packet {
  readonly type: PacketType;
  readonly data?: RawData;
  readonly options?: PacketOptions | undefined;
}

/** The ways to carry a session. */
export type TransportName = 'polling' | 'websocket' | 'streaming';
