/** Streaming: a poll whose answer does not end. Each packet is followed by `\x1e` and handed on as it arrives. */
import { Polling } from './polling.ts';

const SEPARATOR = '\x1e';

export class Streaming extends Polling {
  override get name(): string {
    return 'streaming';
  }

  /** To open a stream is to ask; its first packet is the answer. */
  override probe(): void {}

  protected override take(text: string): string {
    const end = text.lastIndexOf(SEPARATOR);
    if (end >= 0) this.onPayload(text.slice(0, end));
    return text.slice(end + 1);
  }

  /** Streams end when they have grown long. A rest was cut short and comes again with the next one. */
  protected override finish(): void {}
}
