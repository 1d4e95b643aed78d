/** The bits of a frame (RFC 6455 §5.2) and who may set them. */

/** Who we are on a connection. A client masks what it sends, a server must not (§5.1). */
export type Role = 'server' | 'client';

/** RFC 6455 §5.2. 3 to 7 and 11 to 15 are reserved. */
export const Opcode = {
  Continuation: 0,
  Text: 1,
  Binary: 2,
  Close: 8,
  Ping: 9,
  Pong: 10,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** First byte of a frame. */
export const FIN = 0x80;
export const RSV1 = 0x40;
export const RSV2 = 0x20;
export const RSV3 = 0x10;
export const OPCODE = 0x0f;

/** Second byte of a frame. */
export const MASK = 0x80;
export const LENGTH = 0x7f;

/** Values of the second byte that say: the length follows, in two bytes or in eight. */
export const LENGTH_16 = 126;
export const LENGTH_64 = 127;

/** Most bytes in the payload of a control frame (§5.5), and in one whose length needs no bytes of its own. */
export const MAX_CONTROL_BYTES = 125;

/** Opcodes from here on are control frames (§5.5). */
export const FIRST_CONTROL = 8;
