/** Streaming: a poll whose answer does not end. Each packet is followed by `\x1e` and handed on as it arrives. */
import { parseJson } from '../../shared/json.ts';
import { Polling } from './polling.ts';

const SEPARATOR = '\x1e';
/** Of a stream in the form of `text/event-stream`: each event holds a packet, as a string of JSON in one line. */
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

  protected override take(rest: string, chunk: string): string {
    const isEvents = this.opts.eventStream;
    // Not in the rest as well: of a long packet that comes in many pieces it would be looked through as often.
    const end = chunk.lastIndexOf(isEvents ? '\n' : SEPARATOR);
    if (end < 0) return rest + chunk;
    rest += chunk.slice(0, end);
    if (isEvents) rest = Array.from(rest.matchAll(EVENT), packetOf).join(SEPARATOR);
    // A proxy's comments bring none.
    if (rest) this.onPayload(rest);
    return chunk.slice(end + 1);
  }

  /** Streams end when they have grown long. A rest was cut short and comes again with the next one. */
  protected override finish(): void {}
}

/** Of what is no JSON no packet can be made either, and it ends the transport. */
function packetOf([, json]: RegExpMatchArray): string {
  return String(parseJson(json!));
}
