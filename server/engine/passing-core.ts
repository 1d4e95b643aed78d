/** The server's session core: it sends control objects, and a message may pass the queue where it would stay there for nothing. */
import type { Packet, PacketOptions, RawData } from '../../shared/engine/packet.ts';
import type { Control } from '../../shared/engine/session.ts';
import { packetOf } from '../../shared/engine/outbox.ts';
import { SessionCore } from '../../shared/engine/session.ts';

export class PassingCore extends SessionCore {
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

  /** The owner is about to hand a message to the transport by itself, while {@link isClear}: it counts as one that was sent. */
  passed(data: RawData, options?: PacketOptions): void {
    const { outbox, resume } = this;
    if (resume === undefined) return;
    outbox.push(data, options);
    outbox.sent = outbox.last;
    outbox.next = outbox.last + 1;
    outbox.keepWithin(resume.maxPackets, resume.maxBytes);
  }
}
