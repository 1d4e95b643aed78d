/**
 * Long-polling, the way down: a GET that waits until there is something to say. The way up, the POSTs, need no transport;
 * `post.ts` reads them.
 */
import type { ServerResponse } from 'node:http';

import type { Packet } from '../../shared/engine/packet.ts';
import type { Answers, HeaderList } from './answer.ts';
import { writePayload } from './payload.ts';

import { Transport } from './transport.ts';
import type { TransportOwner } from './transport.ts';

const RELEASE: readonly Packet[] = [{ type: 'noop' }];

export class PollingTransport extends Transport {
  static readonly upgradesTo: readonly string[] = ['websocket', 'streaming'];
  readonly name = 'polling';
  readonly maxBatchBytes = Infinity;
  private readonly answers: Answers;
  /** The GET that waits. */
  private waiting: ServerResponse | undefined;
  /** The headers of the first answer, until it is given. */
  private initialHeaders: HeaderList | undefined;

  constructor(sid: string, protocol: number, owner: TransportOwner, answers: Answers, initialHeaders?: HeaderList) {
    super(sid, protocol, owner);
    this.answers = answers;
    this.initialHeaders = initialHeaders;
  }

  get writable(): boolean {
    return this.waiting !== undefined;
  }

  /** Takes a GET. The caller flushes the session afterwards. @returns false where one waits already */
  poll(response: ServerResponse): boolean {
    if (this.waiting !== undefined) return false;
    this.waiting = response;
    response.on('close', () => {
      if (this.waiting !== response) return;
      this.waiting = undefined;
      this.fail('transport-error', 'poll connection closed prematurely');
    });
    return true;
  }

  /** Answers the GET that waits with a noop. */
  release(): void {
    if (this.waiting !== undefined) this.send(RELEASE);
  }

  protected doSend(packets: readonly Packet[]): void {
    const response = this.waiting!;
    this.waiting = undefined;
    const added = this.initialHeaders ?? this.answers.laterHeaders(response.req);
    this.initialHeaders = undefined;
    this.answers.poll(response, writePayload(packets), packets.some(mayCompress), added);
  }

  protected doClose(): void {
    this.release();
  }
}

function mayCompress(packet: Packet): boolean {
  return packet.options?.compress !== false;
}
