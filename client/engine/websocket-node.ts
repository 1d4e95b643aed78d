/** WebSocket in Node: our own. */
import type { Agent } from 'node:http';
import { type MessageReceiver, WebSocket } from '../websocket/index.ts';
import { headersOf } from './cookies-node.ts';
import type { Environment, WebSocketLike } from './environment.ts';
import { tlsOf } from './tls-node.ts';

export const connect: Environment['connect'] = (url, options, receiver) => {
  const { agent, perMessageDeflate, protocols } = options;
  const ws = new WebSocket(url, protocols, {
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
