/**
 * The server's session core: it sends control objects, a message may pass the queue where it would stay there for nothing,
 * and what waits leaves before it closes.
 */
import type { Packet, PacketOptions, RawData } from '../../shared/engine/packet.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import type { Control } from '../../shared/engine/session.ts';
import { packetOf } from '../../shared/engine/outbox.ts';
import { SessionCore } from '../../shared/engine/session.ts';
import type { Transport } from '../../shared/engine/transport.ts';

export class PassingCore extends SessionCore {
  private whyClosing: ReasonCode = 'closed-here';

  /** Messages that a transport has taken, each once however often it was sent again. {@link passed} ones only with resume. */
  get sent(): number {
    return this.outbox.sent;
  }

  /** Bytes that are kept, sent or waiting. */
  get keptBytes(): number {
    return this.outbox.bytes;
  }

  /** A copy of the messages that no transport has taken yet. */
  waitingPackets(): readonly Packet[] {
    const { kept, next, confirmed } = this.outbox;
    return kept.slice(next - confirmed - 1).map(packetOf);
  }

  /** Sends a control object. Only between our own ends; to others it is left out. */
  sendControl(control: Control): void {
    if (this.resume) this.sendAhead({ type: 'noop', data: JSON.stringify(control) });
  }

  /** Whether a message that is sent now would leave at once and alone, if the transport is writable. */
  get isClear(): boolean {
    const { outbox } = this;
    return this.stateName === 'open' && !this.flushing && !outbox.hasWork && !outbox.isAwaited;
  }

  /**
   * The owner is about to hand a message to the transport by itself, while {@link isClear}: it counts as one that was sent.
   * Without resume there is nothing to be kept for, and nothing happens.
   */
  passed(data: RawData, options?: PacketOptions): void {
    const { outbox, resume } = this;
    if (resume === undefined) return;
    outbox.push(data, options);
    outbox.sent = outbox.last;
    outbox.next = outbox.last + 1;
    outbox.keepWithin(resume.maxPackets, resume.maxBytes);
  }

  /** Ends the session from here. What waits leaves first where a transport can take it; `discard` drops it. */
  close(why: ReasonCode = 'closed-here', discard = false): void {
    if (discard || !this.transport || !this.waiting) return this.end(why);
    if (this.stateName === 'closing') return;
    this.stateName = 'closing';
    this.whyClosing = why;
    this.flush();
  }

  override flush(): void {
    super.flush();
    if (this.stateName === 'closing' && !this.waiting && !this.flushing) this.end(this.whyClosing);
  }

  /** While it closes, nothing is worth coming back for. */
  override lose(transport: Transport, why: ReasonCode, detail = ''): void {
    if (this.stateName === 'closing' && transport === this.transport) this.end(this.whyClosing, detail);
    else super.lose(transport, why, detail);
  }
}
