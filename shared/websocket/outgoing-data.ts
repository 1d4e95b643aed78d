/** What an application may hand to `send`, `ping` and `pong`, and the bytes or the text that it stands for. */
import { types } from 'node:util';

/** What can be sent. A number is sent as its digits. */
export type SendData = string | number | ArrayBufferView | ArrayBuffer | SharedArrayBuffer | Blob;

/** What is sent at once: text, or bytes. */
export type Sendable = string | Uint8Array;

/**
 * Exactly the bytes that `data` shows, or its text; a Blob has to be read first.
 *
 * Views are not copied. A view of memory that can change under us is: `SharedArrayBuffer`, and buffers that can be resized.
 *
 * @throws TypeError for everything else, rather than sending what nobody meant
 */
export function outgoing(data: unknown): Sendable | Blob {
  if (typeof data === 'string') return data;
  // What nearly everyone sends, and nothing more is to be asked about it.
  if (data instanceof Uint8Array && isSettled(data.buffer)) return data;
  if (typeof data === 'number') return String(data);
  if (ArrayBuffer.isView(data)) return bytesOf(data.buffer, data.byteOffset, data.byteLength);
  if (types.isAnyArrayBuffer(data)) return bytesOf(data, 0, data.byteLength);
  if (data instanceof Blob) return data;
  throw new TypeError(
    `can't send a value of type ${data === null ? 'null' : typeof data}: give a string, a Buffer, an ArrayBuffer, a view or a Blob`,
  );
}

/** {@link outgoing} where there is no waiting: a Blob is refused, too. */
export function outgoingNow(data: unknown): Sendable {
  const value = outgoing(data);
  if (value instanceof Blob) throw new TypeError("a Blob can't be sent here: read it first, by its arrayBuffer()");
  return value;
}

/** {@link outgoingNow} as bytes, for control frames; nothing stands for none. */
export function outgoingBytes(data: unknown): Uint8Array {
  const value = data === undefined ? '' : outgoingNow(data);
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function bytesOf(buffer: ArrayBufferLike, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(buffer, start, length);
  return isSettled(buffer) ? bytes : bytes.slice();
}

/** Whether nobody else can change its bytes or its length. `resizable` is younger than Node 20's types. */
function isSettled(buffer: ArrayBufferLike & { readonly resizable?: boolean }): boolean {
  return buffer instanceof ArrayBuffer && buffer.resizable !== true;
}
