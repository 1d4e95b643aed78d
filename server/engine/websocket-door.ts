/** Answers upgrades: with a transport, with a few last words, or with a refusal. */
import type { Duplex } from 'node:stream';

import type { Packet } from '../../shared/engine/packet.ts';
import type { Connection } from '../../shared/websocket/connection.ts';
import type { ConnectionSink } from '../../shared/websocket/connection-sink.ts';
import { resolveDeflate } from '../../shared/websocket/deflate-options.ts';
import type { DeflateSettings } from '../../shared/websocket/deflate-options.ts';
import { resolveLimits } from '../../shared/websocket/limits.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { acceptUpgrade, headerOf, refuseUpgrade } from '../websocket/index.ts';
import type { AcceptOptions } from '../websocket/index.ts';
import type { HeaderList } from './answer.ts';
import type { Line } from './line.ts';
import type { Settings } from './options.ts';
import { refusalBody } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { AnyRequest } from './request.ts';
import { codecFor } from './revisions.ts';
import { HIGH_WATER_BYTES, WebSocketTransport } from './websocket.ts';

/** What Node hands over with an upgrade. */
export interface Knock {
  readonly request: AnyRequest;
  readonly socket: Duplex;
  /** What came behind the request's head. */
  readonly head: Buffer;
}

export class WebSocketDoor {
  private readonly limits: Limits;
  private readonly deflate: DeflateSettings | undefined;

  constructor({ maxHttpBufferSize, perMessageDeflate, ...settings }: Settings) {
    this.limits = resolveLimits({
      maxMessageBytes: Math.min(maxHttpBufferSize, 2 ** 31 - 1),
      highWaterBytes: HIGH_WATER_BYTES,
      // What a session has handed over already is a message or two, but they may be large.
      maxQueuedBytes: settings.maxQueuedBytes,
      stalledQueueBytes: settings.stalledQueueBytes,
      stalledTimeoutMs: settings.stalledTimeout,
    });
    this.deflate = resolveDeflate(perMessageDeflate, false);
  }

  /** Until the connection listens for itself, a reset would be an error that nobody heard. */
  hold({ socket }: Knock): void {
    socket.on('error', ignoreReset);
  }

  /**
   * @returns undefined where the request is none for a WebSocket, and is answered so, or its peer is gone
   */
  accept(knock: Knock, added: HeaderList, line: Line): WebSocketTransport | undefined {
    const connection = this.open(knock, {
      limits: this.limits,
      deflate: this.deflate,
      protocol: firstProtocol(knock.request),
      headers: added.length === 0 ? undefined : addTo(added),
    });
    if (connection === undefined) return undefined;
    return new WebSocketTransport(line.id, codecFor(line.session.protocol, knock.request), line, connection);
  }

  /**
   * Lets a peer in only to tell it something. Browsers show a page nothing of a refused upgrade, so one that comes back to
   * a session that is gone would try until its window has passed.
   */
  tell(knock: Knock, packets: readonly Packet[]): void {
    const connection = this.open(knock, { limits: this.limits });
    if (connection === undefined) return;
    connection.sink = deafSink;
    const codec = codecFor(4, knock.request);
    for (const packet of packets) connection.sendText(String(codec.write(packet)));
    connection.close();
  }

  refuse({ socket }: Knock, why: Refusal): void {
    socket.off('error', ignoreReset);
    const headers = {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Vary: 'Origin',
      'Retry-After': why.retryAfter?.toString(),
    };
    refuseUpgrade(socket, { status: why.status, headers, body: refusalBody(why) }, this.limits);
  }

  /** Makes it a WebSocket; undefined where it is none or the peer is gone. */
  private open({ request, socket, head }: Knock, options: AcceptOptions): Connection | undefined {
    if (!socket.readable || !socket.writable) {
      // It hung up while the application made up its mind, which nothing would tell any more.
      socket.destroy();
      return undefined;
    }
    socket.off('error', ignoreReset);
    return acceptUpgrade(request, socket, head, options);
  }
}

/** Adds headers to the lines of an answer. */
function addTo(added: HeaderList): (lines: string[]) => void {
  return (lines) => {
    for (let at = 0; at < added.length; at += 2) lines.push(`${added[at]}: ${added[at + 1]}`);
  };
}

/** For a connection that is only told something, and closed. */
const deafSink: ConnectionSink = { message() {}, drain() {}, closed() {} };

/** A client that asks for subprotocols fails where none is chosen. What they mean is between it and the application. */
function firstProtocol(request: AnyRequest): string | undefined {
  return headerOf(request, 'sec-websocket-protocol')?.split(',', 1)[0]?.trim();
}

function ignoreReset(): void {}
