/** Long-polling: a GET waits until there is something to say. */
import type { Packet } from '../../shared/engine/packet.ts';
import { HttpTransport } from './http-transport.ts';

const RELEASE: readonly Packet[] = [{ type: 'noop' }];

/** Most bytes of one answer, unless a single message is larger. What is left comes with the next. */
const BATCH_BYTES = 1_048_576;

/** The same of the first one, with which a peer opens a session or comes back to it: on a slow line too it is there in time. */
const FIRST_BYTES = 16_384;

export class PollingTransport extends HttpTransport {
  static override readonly upgradesTo: readonly string[] = ['websocket', 'streaming'];
  readonly name = 'polling';
  maxBatchBytes = FIRST_BYTES;

  get writable(): boolean {
    return this.isTaken;
  }

  release(): void {
    if (this.isTaken) this.send(RELEASE);
  }

  protected doSend(packets: readonly Packet[]): void {
    const response = this.letGo();
    if (response === undefined) return;
    this.maxBatchBytes = BATCH_BYTES;
    this.answers.poll(
      response,
      this.codec.writePayload(packets),
      { mayCompress: packets.some(mayCompress), isLast: packets.at(-1)?.type === 'close' },
      this.takeAddedHeaders(response),
    );
  }
}

function mayCompress(packet: Packet): boolean {
  return packet.options?.compress !== false;
}
