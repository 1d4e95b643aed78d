/** What all transports of the server have in common. */
import type { Clock } from '../../shared/clock.ts';
import type { Packet, PacketOptions, RawData, TransportName } from '../../shared/engine/packet.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import type { Transport as Carrier } from '../../shared/engine/transport.ts';
import type { Codec } from './codec.ts';
import type { Counts } from './counts.ts';
import { QuietEmitter } from './quiet-emitter.ts';

/** What a transport tells the line that it belongs to. */
export interface TransportOwner {
  readonly clock: Clock;
  readonly counts: Counts;
  /** Whether this server is about to stop: peers are told that they find another. */
  readonly isDraining: boolean;
  /** Whether the peer is one of our own, which knows our control objects. */
  readonly isOurs: boolean;
  packetFrom(transport: Transport, packet: Packet): void;
  /** Short for a packet of that type, on the way that is walked most. */
  messageFrom(transport: Transport, data: RawData): void;
  /** A piece of a packet came whose rest is still to come: a sign of life. */
  heard(): void;
  /** Packets have left. */
  flushed(transport: Transport, packets: readonly Packet[]): void;
  /** It is about to be closed here. */
  closing(transport: Transport): void;
  /** It became writable. */
  readied(transport: Transport): void;
  /** It ended. */
  gone(transport: Transport, why: ReasonCode, detail: string): void;
}

/**
 * One way to carry a session. Emits `drain` when packets have left, and `close` at its end.
 *
 * To the application it is there to be looked at; what is to be sent goes through the session.
 */
export abstract class Transport extends QuietEmitter implements Carrier {
  /** The names of those that a session may move to from it. */
  static readonly upgradesTo: readonly string[] = [];
  abstract readonly name: TransportName;
  /** Whether packets can leave now. */
  abstract readonly writable: boolean;
  abstract readonly maxBatchBytes: number;
  /** Its session's id. */
  readonly sid: string;
  protected readonly codec: Codec;
  protected readonly owner: TransportOwner;
  private state: 'open' | 'closed' = 'open';

  constructor(sid: string, codec: Codec, owner: TransportOwner) {
    super();
    this.sid = sid;
    this.codec = codec;
    this.owner = owner;
  }

  /** The revision of Engine.IO that the peer speaks. */
  get protocol(): number {
    return this.codec.revision;
  }

  /** Whether bytes travel as they are, and not as base64. */
  get supportsBinary(): boolean {
    return this.codec.isBinary;
  }

  /** The clock of its session. */
  get clock(): Clock {
    return this.owner.clock;
  }

  get readyState(): 'open' | 'closed' {
    return this.state;
  }

  /** Bytes handed over that the network has not taken, as far as one can see. */
  get bufferedAmount(): number {
    return 0;
  }

  /** Bytes that came on a connection of its own, until it is gone. */
  get bytesRead(): number {
    return 0;
  }

  /** The same of bytes that left. */
  get bytesWritten(): number {
    return 0;
  }

  /** Whether its last bytes, or the peer's answer to them, are still on their way. */
  get isLingering(): boolean {
    return false;
  }

  send(packets: readonly Packet[]): void {
    this.doSend(packets);
    // Only now: a listener may close the session.
    this.owner.flushed(this, packets);
    if (this.isHeard) this.emit('drain');
  }

  /** Sends one message that nobody is to hear of on its way. Called only while writable. */
  pass(data: RawData, options: PacketOptions | undefined): void {
    this.doSend([options === undefined ? { type: 'message', data } : { type: 'message', data, options }]);
    if (this.isHeard) this.emit('drain');
  }

  /** Ends it. Where it still carries its session, that has lost it: the application may close it, as in Engine.IO. */
  close(done?: () => void): void {
    if (this.state === 'open') this.owner.closing(this);
    this.fail('transport-closed', 'closed here');
    done?.();
  }

  /** Ends it without waiting for the peer. */
  abstract terminate(): void;

  /** Ends it, and tells its owner why. */
  protected fail(why: ReasonCode, detail: string): void {
    if (!this.settle()) return;
    this.doClose();
    this.owner.gone(this, why, detail);
    this.emit('close');
  }

  protected abstract doSend(packets: readonly Packet[]): void;

  /** Lets go of what it holds. Called once. */
  protected abstract doClose(): void;

  private settle(): boolean {
    if (this.state === 'closed') return false;
    this.state = 'closed';
    return true;
  }
}
