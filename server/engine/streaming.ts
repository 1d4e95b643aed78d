/**
 * Streaming: a GET whose answer does not end. Each packet is followed by `\x1e` and leaves at once.
 *
 * A peer may ask for it as `text/event-stream`: then each packet is an event, written as a string of JSON.
 *
 * A stream that has grown long or old ends by itself, and the peer's next GET goes on; the session doesn't notice.
 */
import type { ServerResponse } from 'node:http';

import type { Timer } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { HttpTransport } from './http-transport.ts';
import { queryOf } from './request.ts';
import { SEPARATOR } from './revision-4.ts';

/** Browsers without `fetch` streams keep all of an answer in memory: it ends before that hurts (UTF-16 units). */
const MOST_UNITS = 1_000_000;

/** So that a stream isn't cut by what limits the age of requests on the way (ms). */
const MOST_MS = 300_000;

/** Most bytes of one batch; what the network doesn't take meanwhile waits in the session. */
const BATCH_BYTES = 65_536;

export class StreamingTransport extends HttpTransport {
  static override readonly upgradesTo: readonly string[] = ['websocket'];
  readonly name = 'streaming';
  readonly maxBatchBytes = BATCH_BYTES;
  private units = 0;
  private age: Timer | undefined = undefined;
  private isEventStream = false;

  get writable(): boolean {
    const { response } = this;
    // Responses over HTTP/2 don't say when they need a drain, but how much they hold.
    return response !== undefined && response.writableNeedDrain !== true && response.writableLength < BATCH_BYTES;
  }

  override get bufferedAmount(): number {
    return this.response?.writableLength ?? 0;
  }

  override take(response: ServerResponse): boolean {
    if (!super.take(response)) return false;
    this.units = 0;
    this.age = this.owner.clock.after(MOST_MS, () => this.release());
    this.isEventStream = queryOf(response.req)['sse'] === '1';
    this.answers.stream(response, this.isEventStream, this.takeAddedHeaders(response));
    response.on('drain', () => this.owner.readied(this));
    return true;
  }

  release(): void {
    this.letGo()?.end();
  }

  protected doSend(packets: readonly Packet[]): void {
    let text = '';
    for (const packet of packets) {
      const payload = this.codec.writePayload([packet]) as string;
      text += this.isEventStream ? `data: ${JSON.stringify(payload)}\n\n` : `${payload}${SEPARATOR}`;
    }
    this.response?.write(text);
    this.owner.counts.bytes.sent += Buffer.byteLength(text);
    this.units += text.length;
    if (this.units >= MOST_UNITS) this.release();
  }

  protected override letGo(): ServerResponse | undefined {
    this.age?.cancel();
    return super.letGo();
  }
}
