import type { Connection } from '../../shared/websocket/connection.ts';
import { WebSocketBase } from '../../shared/websocket/web-socket-base.ts';

/** A WebSocket that a server accepted: open from birth. */
export class ServerWebSocket extends WebSocketBase {
  constructor(connection: Connection, protocol: string) {
    super();
    this.protocol = protocol;
    this.extensions = connection.extensions;
    this.attach(connection);
  }

  /** Empty: a server's socket was not connected by a URL. */
  get url(): string {
    return '';
  }

  protected override abandonOpening(): void {
    // There is no opening left to give up.
  }
}
