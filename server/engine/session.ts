/**
 * A session as the application sees it: messages in, messages out, and its end. What it runs on is the line's.
 *
 * Named `Socket` in Engine.IO, and exported under that name as well.
 */
import type { IncomingMessage } from 'node:http';

import type { PacketOptions, RawData } from '../../shared/engine/packet.ts';
import type { EndedBy, ReasonCode } from '../../shared/engine/reason.ts';
import type { Line } from './line.ts';
import { QuietEmitter } from './quiet-emitter.ts';
import { messageOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import type { Transport } from './transport.ts';

/** What ended a session, beside Engine.IO's own word for it. */
export interface CloseDetails {
  readonly code: ReasonCode;
  readonly by: EndedBy;
  /** Whether trying again helps. */
  readonly again: boolean;
  /** What exactly happened, for people. */
  readonly message: string;
}

/** Takes a session's messages and its end directly, without events. */
export interface Receiver {
  message(data: string | Buffer): void;
  closed(reason: string, details: CloseDetails): void;
}

/** Called when the message was handed to a transport. */
export type SendCallback = (transport: Transport) => void;

/**
 * Events: `message(data)` and `data(data)`, `packet(packet)`, `packetCreate(packet)`, `flush(packets)`, `drain`, `heartbeat`,
 * `upgrading(transport)`, `upgrade(transport)`, `close(reason, details)`, `error(error)` when a listener threw. Between our own ends also
 * `suspend(code)`, `resume(suspendedMs, replayed)` and `transport(transport, why)`.
 */
export class Session extends QuietEmitter {
  readonly remoteAddress: string;
  /** The revision of Engine.IO that the peer speaks. */
  readonly protocol: number;
  /** Where set, it gets all messages and the end; events are emitted beside it. */
  receiver: Receiver | undefined = undefined;
  private readonly line: Line;
  private readonly opening: AnyRequest;

  constructor(line: Line, request: AnyRequest, protocol: number) {
    super();
    this.line = line;
    this.opening = request;
    this.remoteAddress = request.socket.remoteAddress ?? '';
    this.protocol = protocol;
  }

  /** The request that opened it. */
  get request(): IncomingMessage {
    return messageOf(this.opening);
  }

  /** Secret: whoever has it can take the session over. */
  get id(): string {
    return this.line.id;
  }

  /** A suspended session is open: it takes messages, and keeps them for the peer's return. */
  get readyState(): 'opening' | 'open' | 'closing' | 'closed' {
    const name = this.line.core.stateName;
    return name === 'suspended' ? 'open' : name;
  }

  /** {@inheritDoc Session.readyState} Some read it by this name of Engine.IO's field. */
  get _readyState(): 'opening' | 'open' | 'closing' | 'closed' {
    return this.readyState;
  }

  /** Whether it waits for its peer to come back. */
  get suspended(): boolean {
    return this.line.core.stateName === 'suspended';
  }

  /** What carries it, or carried it last. */
  get transport(): Transport {
    return this.line.transport;
  }

  /** Whether another transport is being tried. */
  get upgrading(): boolean {
    return this.line.isUpgrading;
  }

  /** Whether it has moved from its first transport to a better one. */
  get upgraded(): boolean {
    return this.line.hasUpgraded;
  }

  /** A copy of what waits to be sent. */
  get writeBuffer(): readonly { readonly type: string; readonly data?: RawData }[] {
    return this.line.core.waitingPackets();
  }

  /** Bytes of messages that are kept: waiting to be sent, or sent and not yet confirmed. */
  get bufferedAmount(): number {
    return this.line.core.keptBytes;
  }

  /** How many messages the peer has not confirmed. */
  get unconfirmed(): number {
    return this.line.core.unconfirmed;
  }

  /** Resolves once the peer has seen all that was sent so far: true, or false where the session ended before. */
  flushed(): Promise<boolean> {
    return new Promise((resolve) => this.line.core.whenFlushed(resolve));
  }

  /** Sends a message; dropped silently once the session is closing. */
  send(data: RawData, options?: PacketOptions | SendCallback | null, done?: SendCallback): this {
    if (typeof options === 'function') this.line.send(data, undefined, options);
    else this.line.send(data, options ?? undefined, done);
    return this;
  }

  /** {@inheritDoc Session.send} */
  write(data: RawData, options?: PacketOptions | SendCallback | null, done?: SendCallback): this {
    return this.send(data, options, done);
  }

  /** Ends it. What waits leaves first, unless `discard`. */
  close(discard = false): this {
    this.line.core.close('closed-here', discard);
    return this;
  }
}
