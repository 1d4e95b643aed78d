/** A packet of the engine in few words. What is secret in it is shortened: whoever has a whole session id has the session. */

export interface PacketText {
  /** What it is, on the highest floor that knows it: `ping`, `event`, `ack`, `binary`. */
  readonly kind: string;
  /** Is it the engine's own business, and not the application's? */
  readonly isEngine: boolean;
  /** Bytes, with the digit of its type, before a transport wraps it. */
  readonly size: number;
  readonly preview: string;
}

const MOST_SHOWN = 120;

/** Socket.IO's types, by their digit. */
const EVENTS = ['connect', 'disconnect', 'event', 'ack', 'connect error', 'binary event', 'binary ack'] as const;

const SECRETS = /"(sid|pid|key)":"([^"]{0,6})[^"]*"/g;

const utf8 = new TextEncoder();

export function packetText(type: string, data: unknown): PacketText {
  if (typeof data === 'string') {
    const size = 1 + utf8.encode(data).length;
    const preview = shorten(data.slice(0, 4 * MOST_SHOWN).replace(SECRETS, '"$1":"$2…"'));
    const kind = type === 'message' ? EVENTS[Number(data[0])] : undefined;
    return { kind: kind ?? engineKind(type, data), isEngine: kind === undefined, size, preview };
  }
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const first = [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    return { kind: 'binary', isEngine: false, size: bytes.length, preview: bytes.length > 16 ? `${first} …` : first };
  }
  // The open packet is handed on parsed; an empty packet has no data at all.
  if (typeof data === 'object' && data !== null) return packetText(type, JSON.stringify(data));
  return { kind: type, isEngine: true, size: 1, preview: '' };
}

/** Between Throughline's own ends a noop may carry how many messages were seen, or an object of control. */
function engineKind(type: string, data: string): string {
  if (type !== 'noop' || data === '') return type;
  return data.startsWith('{') ? 'control' : 'seen';
}

/** `1,234 B` below ten thousand, `12.3 kB` above. */
export function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${bytes.toLocaleString('en')} B`;
  return bytes < 10_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function shorten(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)} …` : text;
}
