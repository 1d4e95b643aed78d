/** The WebSocket of a Node client. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import debug from 'debug';

import type { MessageReceiver } from '../../shared/websocket/announcer.ts';
import { CloseCode } from '../../shared/websocket/close-code.ts';
import { Connection } from '../../shared/websocket/connection.ts';
import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { resolveDeflate } from '../../shared/websocket/deflate-options.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { WebSocketBase } from '../../shared/websocket/web-socket-base.ts';
import { parseAddress, parseProtocols } from './address.ts';
import type { Address } from './address.ts';
import type { Agreed, Asked } from './check-answer.ts';
import { clientLimits } from './client-options.ts';
import type { ClientOptions } from './client-options.ts';
import { dial } from './dial.ts';
import type { Dialling, DialSink } from './dial.ts';
import { HandshakeError } from './handshake-error.ts';
import { redirectOptions, redirectTarget } from './redirect.ts';

const log = debug('throughline:websocket:client');

const DEFAULT_MAX_REDIRECTS = 10;

/**
 * A WebSocket to a server. Beside the events of every WebSocket: `upgrade` (answer), `unexpected-response` (request, answer:
 * whoever listens deals with it), `redirect` (url, request).
 */
export class WebSocket extends WebSocketBase {
  private address: Address;
  private readonly asked: Omit<Asked, 'key'>;
  private readonly options: ClientOptions;
  private readonly limits: Limits;
  private redirects = 0;
  private isUnrefed = false;
  private dialling: Dialling | undefined = undefined;

  /** A server's sockets are WebSockets too, as users of `ws` expect, though they come about in another way. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this === WebSocket) return value instanceof WebSocketBase;
    return Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /**
   * Begins to connect.
   *
   * @param protocols subprotocols to ask for, in order of preference
   * @throws DOMException `SyntaxError` for a URL or a subprotocol that can be none
   * @throws OptionError for an option that can't be
   * @throws TypeError for a header that can't be sent
   */
  constructor(
    url: string | URL,
    protocols?: string | readonly string[] | ClientOptions | null,
    options: ClientOptions = {},
  ) {
    super();
    const hasNoProtocols = typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols);
    // The check above leaves these two.
    const asked = hasNoProtocols ? undefined : (protocols as string | readonly string[] | null | undefined);
    this.options = hasNoProtocols ? (protocols as ClientOptions) : options;
    this.address = parseAddress(url);
    this.asked = {
      protocols: parseProtocols(asked ?? undefined),
      deflate: resolveDeflate(this.options.perMessageDeflate, true),
    };
    this.limits = clientLimits(this.options);
    this.dial(this.options);
  }

  /** Takes the messages from now on, until there is a connection, without an event for each. @internal */
  receiveBy(receiver: MessageReceiver): void {
    this.announcer.receiver = receiver;
  }

  /** As `send`, for a text with the ASCII character of code `lead` before it. Does nothing unless open. @internal */
  sendTyped(lead: number, text: string, compress?: boolean): void {
    this.connection?.sendTyped(lead, text, compress);
  }

  override unref(): void {
    this.setRef(false);
  }

  override ref(): void {
    this.setRef(true);
  }

  get url(): string {
    return this.address.url;
  }

  protected override abandonOpening(why: string): void {
    const error = new HandshakeError('ERR_HANDSHAKE', why);
    this.dialling?.abandon(error);
    // Where a listener of `unexpected-response` took the request over, dialling has nothing more to tell.
    this.fail(error);
  }

  private dial(options: ClientOptions): void {
    const sink: DialSink = {
      upgraded: (answer) => this.announcer.guard(() => this.emit('upgrade', answer)),
      opened: (socket, head, agreed) => this.open(socket, head, agreed),
      answered: (request, answer) => this.redirect(request, answer, options) || this.hand(request, answer),
      failed: (error) => this.fail(error),
    };
    this.dialling = dial(this.address, this.asked, options, this.limits, sink);
    const { request } = this.dialling;
    if (this.isUnrefed) this.unref();
    if (this.redirects > 0) this.emit('redirect', this.url, request);
    if (options.finishRequest === undefined) request.end();
    else options.finishRequest(request, this);
  }

  private open(socket: Duplex, head: Buffer, agreed: Agreed): void {
    this.dialling = undefined;
    this.protocol = agreed.protocol;
    const { autoPong } = this.options;
    const textAsBytes = this.announcer.receiver === undefined;
    const settings = connectionSettings({ role: 'client', limits: this.limits, textAsBytes, autoPong });
    const connection = new Connection(socket, settings, { head, deflate: agreed.deflate });
    this.extensions = connection.extensions;
    this.attach(connection);
    if (this.isUnrefed) connection.setRef(false);
    log('open, subprotocol %j', agreed.protocol);
    connection.guard(() => this.emit('open'));
  }

  /** Holds for the socket that connects, and for the one that is open. */
  private setRef(isRef: boolean): void {
    this.isUnrefed = !isRef;
    const name = isRef ? 'ref' : 'unref';
    const request = this.dialling?.request;
    if (this.connection !== undefined) this.connection.setRef(isRef);
    else if (request?.socket) request.socket[name]();
    else request?.once('socket', (socket) => socket[name]());
  }

  /** Follows a redirect, where that was asked for. */
  private redirect(request: ClientRequest, answer: IncomingMessage, options: ClientOptions): boolean {
    const target = options.followRedirects === true ? redirectTarget(answer, this.address) : undefined;
    if (target === undefined) return false;
    request.destroy();
    try {
      const from = this.address;
      this.address = parseAddress(target);
      if (++this.redirects > (options.maxRedirects ?? DEFAULT_MAX_REDIRECTS))
        throw new HandshakeError('ERR_HANDSHAKE', 'Maximum redirects exceeded', answer.statusCode);
      this.dial(redirectOptions(options, from, this.address));
    } catch (error) {
      // The server's own words made the address: what is wrong with it is no misuse by the application.
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  private hand(request: ClientRequest, answer: IncomingMessage): boolean {
    let isDealtWith = false;
    // Where the listener throws, nobody can say how far it came: the opening fails.
    this.announcer.guard(() => (isDealtWith = this.emit('unexpected-response', request, answer)));
    return isDealtWith;
  }

  private fail(error: Error): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    log('did not open: %s', error.message);
    process.nextTick(() => {
      this.announcer.failed(error);
      this.announcer.closed(CloseCode.Abnormal, '', false);
    });
  }
}
