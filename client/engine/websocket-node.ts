/** WebSocket in Node: our own. */
import type { Agent } from 'node:http';
import { HandshakeError, type MessageReceiver, WebSocket } from '../websocket/index.ts';
import { headersOf } from './cookies-node.ts';
import type { Environment, WebSocketLike } from './environment.ts';
import { tlsOf } from './tls-node.ts';

/** What refuses it may ask to be left alone for a while: its event says so where the answer to a poll does. */
class EngineWebSocket extends WebSocket {
  protected override toEvent(...given: Parameters<WebSocket['toEvent']>): ReturnType<WebSocket['toEvent']> {
    const event = super.toEvent(...given);
    const [, [error]] = given;
    return error instanceof HandshakeError ? Object.assign(event, { retryAfter: error.retryAfter }) : event;
  }
}

export const connect: Environment['connect'] = (url, options, receiver) => {
  const { agent, perMessageDeflate, protocols } = options;
  const ws = new EngineWebSocket(url, protocols, {
    ...tlsOf(options),
    headers: headersOf(options),
    // Who waits for it knows how long, as in a browser.
    handshakeTimeout: 0,
    perMessageDeflate,
    agent: typeof agent === 'object' ? (agent as Agent) : undefined,
  });
  // Of a WebSocket whose `binaryType` is `arraybuffer`, as here.
  ws.receiveBy(receiver as MessageReceiver);
  if (options.autoUnref) ws.once('upgrade', (answer) => answer.socket.unref());
  // Its events are those of the DOM, where the type says less than we give.
  return ws as unknown as WebSocketLike;
};
