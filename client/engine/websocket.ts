/** WebSocket: a message carries a packet. */
import type { Packet } from '../../shared/engine/packet.ts';
import { sendPacket } from '#client/codec';
import { afterTurn } from '#client/environment';
import type { WebSocketEvent, WebSocketLike } from './environment.ts';
import { Transport } from './transport.ts';

export class WebSocketTransport extends Transport {
  /** There is none before opening, and none any more once closed. */
  ws: WebSocketLike | undefined;

  get name(): string {
    return 'websocket';
  }

  uri(query?: object): string {
    return this.createUri('ws', query);
  }

  /** @internal */
  override farewell(next: number): boolean | void {
    // Firefox closes a page's WebSockets before it tells the page that it goes; who listens to them is told later still.
    return this.ws!.readyState > 1 || super.farewell(next);
  }

  protected doOpen(): void {
    let ws: WebSocketLike;
    try {
      ws = this.ws = this.opts.environment.connect(this.uri(this.incoming()), this.opts, this);
    } catch (error) {
      // An address or a subprotocol that can't be.
      return afterTurn(() => this.onError('websocket error', error));
    }
    const listen = (type: 'open' | 'error' | 'close', hear: (event: WebSocketEvent) => void): void =>
      ws.addEventListener(type, (event) => {
        if (this.ws === ws) hear(event);
      });
    ws.binaryType = 'arraybuffer';
    listen('open', () => this.onOpen());
    // In Node the handshake's error tells the status, where there was an answer.
    listen('error', (event) => this.onError('websocket error', event.error?.status ?? event, event));
    listen('close', (event) => this.onClose({ description: 'websocket connection closed', context: event }));
  }

  protected doClose(): void {
    const { ws } = this;
    this.ws = undefined;
    ws?.close();
  }

  protected write(packets: readonly Packet[]): void {
    this.writable = false;
    for (const packet of packets) sendPacket(this.ws!, packet, this.supportsBinary);
    // What is sent until then leaves together.
    afterTurn(() => this.onDrain());
  }
}
