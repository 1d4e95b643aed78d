/** WebSocket: a message carries a packet. */
import type { Packet } from '../../shared/engine/packet.ts';
import { sendPacket } from '#client/codec';
import { afterTurn } from '#client/environment';
import type { WebSocketLike } from './environment.ts';
import { Transport } from './transport.ts';

export class WebSocketTransport extends Transport {
  /** There is none before opening. */
  ws: WebSocketLike | undefined;

  get name(): string {
    return 'websocket';
  }

  uri(query?: object): string {
    return this.createUri('ws', query);
  }

  /** @internal */
  onPart(): void {
    this.emitReserved('heard', true);
  }

  /** @internal */
  override farewell(next: number): boolean | void {
    // Firefox closes a page's WebSockets before it tells the page that it goes; who listens to them is told later still.
    return this.ws!.readyState > 1 || super.farewell(next);
  }

  protected doOpen(): void {
    let ws: WebSocketLike;
    try {
      ws = this.ws = this.socket.environment.connect(this.uri(this.incoming()), this.opts, this);
    } catch (error) {
      // An address or a subprotocol that can't be.
      return afterTurn(() => this.onError('websocket error', error));
    }
    ws.binaryType = 'arraybuffer';
    ws.addEventListener('open', () => this.onOpen());
    // In Node the handshake's error tells the status, where there was an answer.
    ws.addEventListener('error', (event) => this.onError('websocket error', event.error?.status ?? event, event));
    ws.addEventListener('close', (context) => this.onClose({ description: 'websocket connection closed', context }));
  }

  protected doClose(): void {
    this.ws?.close();
  }

  protected write(packets: readonly Packet[]): void {
    this.writable = false;
    for (const packet of packets) sendPacket(this.ws!, packet, this.supportsBinary);
    // What is sent until then leaves together.
    afterTurn(() => this.onDrain());
  }
}
