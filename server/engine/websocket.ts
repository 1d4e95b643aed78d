/** A session on a WebSocket: each packet is one message. */
import { LARGE_BYTES } from '../../shared/engine/heartbeat.ts';
import type { Packet, PacketOptions, RawData } from '../../shared/engine/packet.ts';
import type { Control } from '../../shared/engine/session.ts';
import { CloseCode } from '../../shared/websocket/close-code.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import { ConnectionError } from '../../shared/websocket/connection-error.ts';
import type { Connection, ConnectionSink } from '../../shared/websocket/connection.ts';
import type { Codec } from './codec.ts';
import { Transport } from './transport.ts';
import type { TransportOwner } from './transport.ts';

const MESSAGE = 0x34;

/** With more than this on its way, further messages wait in the session, where they are seen and bounded. */
export const HIGH_WATER_BYTES = 262_144;

/** What a transport needs of its connection. */
type Wire = Pick<
  Connection,
  | 'isOpen'
  | 'isClosed'
  | 'bufferedAmount'
  | 'bytesRead'
  | 'bytesWritten'
  | 'sendTyped'
  | 'sendText'
  | 'sendBinary'
  | 'sendFrames'
  | 'close'
  | 'terminate'
>;

/** In the place of one that is gone: a suspended session may outlive it by a while, and is not to hold its buffers. */
const ENDED: Wire = {
  isOpen: false,
  isClosed: true,
  bufferedAmount: 0,
  bytesRead: 0,
  bytesWritten: 0,
  sendTyped() {},
  sendText() {},
  sendBinary() {},
  sendFrames() {},
  close() {},
  terminate() {},
};

export class WebSocketTransport extends Transport implements ConnectionSink {
  private connection: Wire;

  /** Must be called in the tick in which the connection was made. */
  constructor(sid: string, codec: Codec, owner: TransportOwner, connection: Connection) {
    super(sid, codec, owner);
    this.connection = connection;
    connection.sink = this;
  }

  // Getters, for a field would be one in each of thousands.
  get name(): 'websocket' {
    return 'websocket';
  }

  get maxBatchBytes(): number {
    return HIGH_WATER_BYTES;
  }

  get writable(): boolean {
    return this.connection.isOpen && this.connection.bufferedAmount <= HIGH_WATER_BYTES;
  }

  override get bufferedAmount(): number {
    return this.connection.bufferedAmount;
  }

  override get bytesRead(): number {
    return this.connection.bytesRead;
  }

  override get bytesWritten(): number {
    return this.connection.bytesWritten;
  }

  override get isLingering(): boolean {
    return !this.connection.isClosed;
  }

  terminate(): void {
    this.connection.terminate();
    this.close();
  }

  message(data: string | Buffer, isBinary: boolean): void {
    // Most are texts, which are the same in all revisions.
    if (!isBinary && (data as string).charCodeAt(0) === MESSAGE) this.owner.messageFrom(this, data.slice(1));
    else this.owner.packetFrom(this, this.codec.read(data));
  }

  partial(): void {
    this.owner.heard();
  }

  drain(): void {
    this.owner.readied(this);
  }

  /** What the network does to a connection closes it; an error is what the peer did wrong, as with Engine.IO. */
  failed(error: Error): void {
    if (error instanceof ConnectionError) this.fail(reasonOf(error), error.message);
    else this.fail('transport-closed', error.message);
  }

  closed(code: number, _reason: string, _wasClean: boolean, error?: Error): void {
    this.owner.counts.wireClosed(this);
    this.connection = ENDED;
    if (error !== undefined) this.failed(error);
    else this.fail('transport-closed', `code ${code}`);
  }

  /** As its base class has it, and no packet is made up for it. */
  override pass(data: RawData, options: PacketOptions | undefined): void {
    this.sendMessage(data, options);
    if (this.isHeard) this.emit('drain');
  }

  protected doSend(packets: readonly Packet[]): void {
    for (const packet of packets) this.sendOne(packet);
  }

  protected doClose(): void {
    if (this.isLingering) this.owner.counts.lingering.add(this);
    this.connection.close(this.owner.isDraining ? CloseCode.GoingAway : undefined);
  }

  private sendOne(packet: Packet): void {
    const { type, data = '', options } = packet;
    if (type === 'message') this.sendMessage(data, options);
    else this.sendWritten(packet);
  }

  private sendMessage(data: RawData, options: PacketOptions | undefined): void {
    const { connection } = this;
    const size = typeof data === 'string' ? data.length : data.byteLength;
    if (size > LARGE_BYTES && this.owner.isOurs) this.announce(size);
    const frames = options?.wsPreEncodedFrame;
    if (frames instanceof Uint8Array) connection.sendFrames(frames);
    else if (frames !== undefined) for (const frame of frames) connection.sendFrames(frame);
    else if (typeof data === 'string') connection.sendTyped(MESSAGE, data, options?.compress);
    else this.sendWritten({ type: 'message', data }, options?.compress);
  }

  /** A browser doesn't see a message arrive, and would take the line for dead meanwhile. */
  private announce(large: number): void {
    this.sendWritten({ type: 'noop', data: JSON.stringify({ large } satisfies Control) });
  }

  private sendWritten(packet: Packet, compress?: boolean): void {
    const written = this.codec.write(packet);
    if (typeof written === 'string') this.connection.sendText(written, compress);
    else this.connection.sendBinary(written, compress);
  }
}

/** What the peer sends again would end every other transport just so. */
function reasonOf({ closeCode }: ConnectionError): ReasonCode {
  if (closeCode === CloseCode.TooBig) return 'too-big';
  return closeCode === CloseCode.PolicyViolation ? 'slow-consumer' : 'transport-error';
}
