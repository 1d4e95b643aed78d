/**
 * All that the engine's client asks of the world around it: requests, WebSockets, time, chance, and the page.
 *
 * What differs between browsers and Node is chosen by the conditions of package.json's `imports`; the simulation hands in
 * a world of its own.
 */
import type { Clock } from '../../shared/clock.ts';
import type { RawData } from '../../shared/engine/packet.ts';
import { request } from '#client/http';
import { watchPage } from '#client/environment';
import { connect } from '#client/websocket';
import { clockFor } from './clock.ts';
import type { SocketOptions } from './options.ts';

/** Options as they reach a transport; `socket` stands for what belongs to one connection, its cookies say. */
export interface ConnectOptions extends SocketOptions {
  readonly socket: object;
}

/** A request to be made. Redirects are not followed. */
export interface HttpRequest {
  readonly url: string;
  /** Makes it a POST. */
  readonly body?: string | undefined;
  /** It shall reach the server even though the page is going away. */
  readonly lasting: boolean | undefined;
  readonly options: ConnectOptions;
}

/** What comes of a request. */
export interface HttpSink {
  /** A piece of the answer's body, as it arrives; letters are never split. */
  chunk(text: string, status: number): void;
  /**
   * The end, with the answer's status; 0 and an error where there was no answer or it was cut short.
   *
   * @param retryAfter - the answer's header of that name, where there is one
   */
  done(status: number, error?: unknown, retryAfter?: string | null): void;
}

/** What we need of a WebSocket's events. */
export interface WebSocketEvent {
  readonly error?: { readonly status?: number };
}

/** Takes the messages of a WebSocket. */
export interface WebSocketReceiver {
  onData(data: RawData): void;
  /** A piece of a message has come, and its rest has not. Browsers don't tell. */
  onPart(): void;
}

/** What we need of a WebSocket. */
export interface WebSocketLike {
  /** 1 while it is open. */
  readonly readyState: number;
  binaryType: string;
  addEventListener(type: 'open' | 'error' | 'close', listener: (event: WebSocketEvent) => void): void;
  /** @param options - `compress`; browsers decide themselves */
  send(data: string | ArrayBuffer, options?: { readonly compress?: boolean }): void;
  /** Node: a text with the ASCII character of code `lead` before it, which need not be put together first. */
  sendTyped?(lead: number, text: string, compress?: boolean): void;
  close(): void;
}

/** What the page tells: it woke or the network changed, it goes where it may come back from, it goes for good. */
export type PageHint = 'wake' | 'hide' | 'leave';

/** What was learned from one session for the next ones. */
export interface Memory {
  /** Whether the last session carried by a WebSocket worked. */
  priorWebsocketSuccess: boolean;
  /** By host and choice of transports: the one that proved itself, with which to begin to climb. */
  readonly proven: Map<string, string>;
}

export interface Environment {
  readonly memory: Memory;
  readonly clock: Clock;
  /** From 0 to 1, as `Math.random`. */
  random(): number;
  /** @returns a function that aborts it; the sink hears nothing more then */
  request(request: HttpRequest, sink: HttpSink): () => void;
  connect(url: string, options: ConnectOptions, receiver: WebSocketReceiver): WebSocketLike;
  /** @returns a function that ends the watch */
  watchPage(hint: (what: PageHint) => void, options: SocketOptions): () => void;
}

/** Of this process or page. */
export const memory: Memory = { priorWebsocketSuccess: false, proven: new Map() };

/** The world as it is. */
export function environmentFor(options: SocketOptions): Environment {
  return { memory, clock: clockFor(options), random: Math.random, request, connect, watchPage };
}
