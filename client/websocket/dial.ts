/**
 * The client's side of the opening handshake: one request, and what comes of it, told once.
 *
 * Through `http.request`, so that agents (proxies), certificates, unix sockets and all of its options work. The answer's
 * head is bounded by `maxHeaderBytes`, the whole by `handshakeTimeoutMs`.
 */
import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';

import type { CloseCode } from '../../shared/websocket/close-code.ts';
import { makeOffer } from '../../shared/websocket/deflate-agreement.ts';
import { formatExtension } from '../../shared/websocket/extension-header.ts';
import { Opcode } from '../../shared/websocket/frame.ts';
import { FrameWriter } from '../../shared/websocket/frame-writer.ts';
import { VERSION } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { endGently } from '../../shared/websocket/linger.ts';
import { randomMask } from '../../shared/websocket/mask-source.ts';
import type { Address } from './address.ts';
import { checkAnswer } from './check-answer.ts';
import type { Agreed, Asked } from './check-answer.ts';
import { passedOn } from './client-options.ts';
import type { ClientOptions } from './client-options.ts';
import { HandshakeError } from './handshake-error.ts';
import { connectPlain } from './plain-socket.ts';

/** Answers of 1xx before the one that counts (RFC 9110 §15.2): a server that sends them without end is given up. */
const MOST_INTERIM_ANSWERS = 16;

/** What comes of dialling: one of these, once. */
export interface DialSink {
  /** A 101 came, right or wrong: `opened` or `failed` follows. */
  upgraded(answer: IncomingMessage): void;
  opened(socket: Duplex, head: Buffer, agreed: Agreed): void;
  /** An answer other than 101. @returns whether it was dealt with; otherwise `failed` follows */
  answered(request: ClientRequest, answer: IncomingMessage): boolean;
  failed(error: Error): void;
}

/** A call under way. */
export interface Dialling {
  readonly request: ClientRequest;
  /** Gives up. The sink hears `failed`, unless it has heard its one thing already. */
  abandon(error: Error): void;
}

/**
 * Calls `address`.
 *
 * @throws TypeError where a header can't be sent
 */
export function dial(
  address: Address,
  asked: Omit<Asked, 'key'>,
  options: ClientOptions,
  limits: Limits,
  sink: DialSink,
): Dialling {
  const key = randomBytes(16).toString('base64');
  const send = address.isSecure ? httpsRequest : httpRequest;
  const request = send(requestOptions(address, { ...asked, key }, options, limits));
  let isSettled = false;
  let timer: NodeJS.Timeout | undefined;

  const settle = (): boolean => {
    if (isSettled) return false;
    isSettled = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (error: Error): void => {
    if (!settle()) return;
    request.destroy();
    sink.failed(error);
  };

  request.on('error', fail);
  request.on('upgrade', (answer, socket, head) => {
    socket.on('error', fail);
    sink.upgraded(answer);
    const agreed = checkAnswer(answer, { ...asked, key });
    if ('why' in agreed) {
      if (agreed.closeCode === undefined) socket.destroy();
      else endGently(socket, closeFrame(agreed.closeCode), limits);
      fail(new HandshakeError('ERR_HANDSHAKE', agreed.why, 101));
    } else if (settle()) {
      socket.off('error', fail);
      sink.opened(socket, head, agreed);
    } else socket.destroy();
  });
  let interim = 0;
  request.on('information', () => {
    if (++interim > MOST_INTERIM_ANSWERS)
      fail(new HandshakeError('ERR_HANDSHAKE', 'the server answers only for the time being'));
  });
  request.on('response', (answer) => {
    if (isSettled) return;
    if (sink.answered(request, answer)) return void settle();
    const status = answer.statusCode ?? 0;
    const { 'retry-after': retryAfter } = answer.headers;
    fail(new HandshakeError('ERR_REFUSED', `Unexpected server response: ${status}`, status, retryAfter));
  });
  if (limits.handshakeTimeoutMs > 0) {
    const late = new HandshakeError(
      'ERR_TIMEOUT',
      `Opening handshake has timed out after ${limits.handshakeTimeoutMs} ms`,
    );
    timer = setTimeout(fail, limits.handshakeTimeoutMs, late);
  }
  return { request, abandon: fail };
}

function closeFrame(code: CloseCode): Buffer {
  const writer = new FrameWriter(randomMask);
  writer.frame(Opcode.Close, Buffer.of(code >> 8, code & 0xff));
  return Buffer.concat(writer.take());
}

function requestOptions(
  address: Address,
  { key, protocols, deflate }: Asked,
  options: ClientOptions,
  limits: Limits,
): RequestOptions {
  const { headers = {}, auth, ...passed } = passedOn(options) as ClientOptions;
  const own: Record<string, string | number | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) own[name] = value;
  if (options.origin !== undefined) own['Origin'] = options.origin;
  if (protocols.length > 0) own['Sec-WebSocket-Protocol'] = protocols.join(',');
  if (deflate !== undefined) own['Sec-WebSocket-Extensions'] = formatExtension(makeOffer(deflate));
  const ownWay = options.agent || address.isSecure ? undefined : connectPlain;
  const createConnection = options.createConnection ?? ownWay;
  return {
    ...passed,
    ...(address.socketPath === undefined
      ? { host: address.host, port: address.port }
      : { socketPath: address.socketPath }),
    ...(address.auth === undefined && auth === undefined ? {} : { auth: auth ?? address.auth }),
    method: 'GET',
    path: address.path,
    // Without an agent, Node asks for a way to connect only where nothing is said about agents.
    agent: options.agent || (createConnection === undefined ? false : undefined),
    createConnection,
    maxHeaderSize: limits.maxHeaderBytes,
    headers: {
      ...own,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': VERSION,
      'Sec-WebSocket-Key': key,
    },
  };
}
