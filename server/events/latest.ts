/**
 * Values of which only the newest counts: while one of a key is on its way, those that follow wait, and only the last of
 * them is sent. So what is queued for a slow receiver is bounded by the number of keys.
 */
import type { EventParams, EventsMap } from '../../shared/emitter.ts';
import type { EventNamesWithoutAck } from '../../shared/events/acknowledgements.ts';
import { refuseReserved } from './reserved.ts';

/** Emits events of which only the newest counts. */
export interface LatestEmitter<EmitEvents extends EventsMap> {
  /** @returns always true */
  emit<Ev extends EventNamesWithoutAck<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
}

/** Sends an event, and calls `done` once it was handed to the transport. Returns false where it can't be sent at all. */
export type SendLatest = (event: unknown[], done: () => void) => boolean;

export class LatestValues {
  private readonly send: SendLatest;
  /** For each key that has one on its way: the newest that waits behind it, if any does. */
  private readonly waiting: Map<string, unknown[] | undefined> = new Map();

  constructor(send: SendLatest) {
    this.send = send;
  }

  emitter<EmitEvents extends EventsMap>(key: string): LatestEmitter<EmitEvents> {
    return {
      emit: (...event: [unknown, ...unknown[]]) => {
        refuseReserved(event[0]);
        this.emit(key, event);
        return true;
      },
    };
  }

  private emit(key: string, event: unknown[]): void {
    if (this.waiting.has(key)) {
      this.waiting.set(key, event);
      return;
    }
    this.waiting.set(key, undefined);
    if (!this.send(event, () => this.sent(key))) this.waiting.delete(key);
  }

  private sent(key: string): void {
    const next = this.waiting.get(key);
    this.waiting.delete(key);
    if (next !== undefined) this.emit(key, next);
  }
}
