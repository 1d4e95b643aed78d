/** The pictures that the page holds, as URLs for `<img>`: those that came with a message, and older ones on demand. */
import { ANSWER_WITHIN_MS, type ChatSocket } from './connection.ts';
import type { Bytes } from '../events.ts';

/** At the bound the oldest go; they can be had again. */
const MOST_HELD = 120;

export class Pictures {
  private readonly socket: ChatSocket;
  private readonly urls = new Map<string, string>();

  constructor(socket: ChatSocket) {
    this.socket = socket;
  }

  hold(room: string, id: string, bytes: Bytes): string {
    const key = `${room}/${id}`;
    const held = this.urls.get(key);
    if (held !== undefined) return held;
    const url = URL.createObjectURL(new Blob([bytes]));
    this.urls.set(key, url);
    for (const [oldest, oldestUrl] of this.urls) {
      if (this.urls.size <= MOST_HELD) break;
      URL.revokeObjectURL(oldestUrl);
      this.urls.delete(oldest);
    }
    return url;
  }

  /** @throws Error with a message for people, where the picture can't be had */
  async fetch(room: string, id: string): Promise<string> {
    const held = this.urls.get(`${room}/${id}`);
    if (held !== undefined) return held;
    const answer = await this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck('image', room, id);
    if (!answer.ok) throw new Error(answer.why);
    return this.hold(room, id, answer.bytes);
  }
}
