/** What long-polling and streaming share: the way down is the answer to a GET. The way up, the POSTs, needs no transport. */
import type { ServerResponse } from 'node:http';

import type { Answers, HeaderList } from './answer.ts';
import type { Codec } from './codec.ts';
import { Transport } from './transport.ts';
import type { TransportOwner } from './transport.ts';

export abstract class HttpTransport extends Transport {
  protected readonly answers: Answers;
  /** The GET that waits, or whose answer goes on. */
  protected response: ServerResponse | undefined = undefined;
  /** What the application adds to the first answer, until that is given. */
  private initialHeaders: HeaderList | undefined;

  constructor(sid: string, codec: Codec, owner: TransportOwner, answers: Answers, initialHeaders?: HeaderList) {
    super(sid, codec, owner);
    this.answers = answers;
    this.initialHeaders = initialHeaders;
  }

  /** Whether a GET is here. */
  get isTaken(): boolean {
    return this.response !== undefined;
  }

  /** Takes a GET. The caller flushes the session afterwards. @returns false where one is here already */
  take(response: ServerResponse): boolean {
    if (this.isTaken) return false;
    this.response = response;
    response.on('close', () => {
      if (this.response !== response) return;
      this.letGo();
      this.fail('transport-error', `${this.name === 'polling' ? 'poll' : this.name} connection closed prematurely`);
    });
    return true;
  }

  /** Ends the answer to the GET that is here; the peer may come with another one. */
  abstract release(): void;

  override terminate(): void {
    this.letGo()?.destroy();
    this.close();
  }

  protected doClose(): void {
    this.release();
  }

  protected letGo(): ServerResponse | undefined {
    const { response } = this;
    this.response = undefined;
    return response;
  }

  protected takeAddedHeaders(response: ServerResponse): HeaderList {
    const added = this.initialHeaders ?? this.answers.laterHeaders(response.req);
    this.initialHeaders = undefined;
    return added;
  }
}
