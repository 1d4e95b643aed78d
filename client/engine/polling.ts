/** HTTP long-polling: a GET waits for packets, a POST brings them; of each there is one at a time. */
import type { Timer } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { decodePayload, encodePayload } from '#client/codec';
import { Transport } from './transport.ts';

/** How long the POST may take that ends a session: nobody waits for it any more (ms). */
const FAREWELL_MS = 5_000;

/** A network that takes less than that of a POST has lost it (UTF-16 units a ms). */
const LEAST_RATE = 4;

/** Room in a POST for the counts that leave ahead of messages. */
const AHEAD_BYTES = 64;

/** What is kept of a refusal, or of the answer to a POST, to be looked at (UTF-16 units). */
const KEPT_UNITS = 1_000;

export class Polling extends Transport {
  /** Abort the GET and the POST under way. */
  private getting: (() => void) | undefined;
  private posting: (() => void) | undefined;
  private onPause: (() => void) | undefined;
  /** The POST under way says that the session is over. */
  declare private leaving: boolean | undefined;

  get name(): string {
    return 'polling';
  }

  /** @internal */
  override get maxBatchBytes(): number {
    return this.socket.maxPayload - AHEAD_BYTES;
  }

  override pause(onPause: () => void): void {
    this.onPause = onPause;
    // A later count on this way could overtake the one by which the session moves, which then could not be true any more.
    this.writable = false;
    // With resume nothing that is on its way can get lost: no need to wait for it.
    if (this.counts) return onPause();
    this.readyState = 'pausing';
    this.settlePause();
  }

  uri(query?: object): string {
    return this.createUri('http', query);
  }

  /** @internal */
  override farewell(next: number): void {
    this.leaving = true;
    this.writable = false;
    this.post('1', next);
  }

  protected doOpen(): void {
    // Its messages have numbers: they need not wait until the session is here.
    this.writable = this.joins === 'attach';
    this.poll();
  }

  protected doClose(): void {
    // A session that can't resume ends with its transport, and the server is to hear it.
    if (this.writable && !this.counts) this.farewell(1);
    // A GET that breaks off before the server has read our goodbye is an error to it.
    if (this.leaving && this.posting) return;
    this.getting?.();
    this.posting?.();
  }

  protected write(packets: readonly Packet[], from?: number): void {
    this.writable = false;
    // Its body may take a while to be made.
    this.posting = () => {};
    this.leaving = packets.at(-1)?.type === 'close';
    // The parser's own type has nothing readonly; it changes nothing.
    encodePayload(packets as Parameters<typeof encodePayload>[0], (body) => this.post(body, from));
  }

  /** Hands on what of a body that is still arriving is complete, and returns the rest: all of it, unless it is a stream. */
  protected take(rest: string, chunk: string): string {
    return rest + chunk;
  }

  /** The body has ended, and this of it was not handed on yet. */
  protected finish(rest: string): void {
    this.onPayload(rest);
  }

  protected onPayload(payload: string): void {
    for (const packet of decodePayload(payload, this.socket.binaryType)) {
      if (this.readyState === 'opening') {
        this.onOpen();
        this.writable = !this.posting;
      }
      // To a server that says so itself there is no goodbye.
      if (packet.type === 'close') this.writable = false;
      this.onPacket(packet as Packet);
    }
  }

  private poll(): void {
    let text = '';
    this.emitReserved('poll');
    this.getting = this.roundTrip(
      this.incoming(),
      () => {
        this.getting = undefined;
        this.finish(text);
        this.emitReserved('pollComplete');
        if (this.onPause) this.settlePause();
        // While it is tried, an answer that has ended without the session moving here says that it won't.
        else if (this.socket.transport !== this) this.onClose();
        else if (this.readyState === 'open') this.poll();
      },
      (chunk) => {
        // Of a POST's answer nothing follows for the way down.
        this.emitReserved('heard', text !== '');
        text = this.take(text, chunk);
      },
    );
  }

  private post(body: string, from?: number): void {
    const query = this.counts ? { from, turn: this.counts.turn() } : {};
    const done = (answer: string): void => {
      this.posting = undefined;
      // The session is over, and here as well it is said why.
      if (answer[0] === '6') this.onPayload(answer);
      // First: what it asks leaves with what waits.
      this.counts?.taken();
      if (!this.onPause) this.onDrain();
      this.settlePause();
    };
    this.posting = this.roundTrip(query, done, undefined, body);
  }

  private settlePause(): void {
    if (this.readyState !== 'pausing' || this.getting || this.posting) return;
    this.readyState = 'paused';
    this.onPause?.();
  }

  /** @returns a function that aborts it */
  private roundTrip(
    query: object,
    done: (answer: string) => void,
    take?: (text: string) => void,
    body?: string,
  ): () => void {
    const { opts, socket } = this;
    const { clock, request } = socket.environment;
    // An answer that got lost without a word would hold all messages back, though a stream goes on bringing some.
    const patienceMs = this.counts && body && this.counts.patienceMs + body.length / LEAST_RATE;
    const limitMs = this.leaving ? FAREWELL_MS : opts.requestTimeout || patienceMs;
    let timer: Timer | undefined;
    /** What of an answer is not handed on as it arrives. */
    let answer = '';
    const end = (status: number, error?: unknown, retryAfter?: string | null): void => {
      timer?.cancel();
      // The goodbye has arrived: the server has no use for a GET any more.
      if (this.readyState === 'closed') this.getting?.();
      else if (status === 200) done(answer);
      else
        this.onError(`xhr ${take ? 'poll' : 'post'} error`, status || error, {
          status,
          responseText: answer,
          retryAfter,
        });
    };
    const abort = request(
      { url: this.uri(query), options: opts, body, lasting: this.leaving },
      {
        chunk: (text, status) => {
          if (take && status === 200) take(text);
          else if (answer.length < KEPT_UNITS) answer += text;
        },
        done: end,
      },
    );
    const stop = (): void => {
      timer?.cancel();
      abort();
    };
    if (limitMs) {
      timer = clock.after(limitMs, () => {
        abort();
        end(0, 'timeout');
      });
    }
    return stop;
  }
}
