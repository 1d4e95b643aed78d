import type { ServerResponse } from 'node:http';

import type { Flushable } from '../../shared/websocket/turn.ts';

/**
 * An answer that is complete, and leaves together with others. Written one after the other they find their peers awake: a polling
 * cycle with 50 clients takes 0.86 of the time (test/bench).
 */
export class PendingAnswer implements Flushable {
  private readonly response: ServerResponse;
  private readonly headers: string[];
  private readonly body: string | Buffer;

  constructor(response: ServerResponse, headers: string[], body: string | Buffer) {
    this.response = response;
    this.headers = headers;
    this.body = body;
  }

  flush(): void {
    const { response } = this;
    // Somebody may have answered in our place, or the peer hung up.
    if (!response.headersSent && !response.destroyed) response.writeHead(200, this.headers).end(this.body);
  }
}
