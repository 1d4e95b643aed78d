/** Streaming: a poll whose answer does not end. Each packet is followed by `\x1e` and handed on as it arrives. */
import { Polling } from './polling.ts';

const SEPARATOR = '\x1e';
/** Of a stream in the form of `text/event-stream`: each event holds a packet, as a string of JSON. */
const EVENT = /^data: (.*)$/gm;

export class Streaming extends Polling {
  override get name(): string {
    return 'streaming';
  }

  /** To open a stream is to ask; its first packet is the answer. */
  override probe(): void {}

  /** @internal */
  protected override incoming(): object {
    return { ...super.incoming(), sse: this.opts.eventStream ? 1 : undefined };
  }

  protected override take(text: string): string {
    const { eventStream } = this.opts;
    const end = text.lastIndexOf(eventStream ? '\n\n' : SEPARATOR);
    const whole = text.slice(0, Math.max(0, end));
    const payload = eventStream ? Array.from(whole.matchAll(EVENT), packetOf).join(SEPARATOR) : whole;
    // A proxy's comments bring none.
    if (payload) this.onPayload(payload);
    return text.slice(end + 1);
  }

  /** Streams end when they have grown long. A rest was cut short and comes again with the next one. */
  protected override finish(): void {}
}

/** Of what is no JSON no packet can be made either, and it ends the transport. */
function packetOf([, json]: RegExpMatchArray): string {
  try {
    return String(JSON.parse(json!));
  } catch {
    return 'malformed';
  }
}
