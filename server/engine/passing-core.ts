/** The server's session core: a message may pass the queue where it would stay there for nothing. */
import type { PacketOptions, RawData } from '../../shared/engine/packet.ts';
import { SessionCore } from '../../shared/engine/session.ts';

export class PassingCore extends SessionCore {
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
    outbox.trim(resume.maxPackets, resume.maxBytes);
  }
}
