/** WebSocket in Node: our own. */
import { WebSocket } from 'ws';
import { headersOf } from './cookies-node.ts';
import type { Environment, WebSocketLike } from './environment.ts';
import { tlsOf } from './tls-node.ts';

export const connect: Environment['connect'] = (url, options) => {
  const { protocols, agent, perMessageDeflate } = options;
  return new WebSocket(url, protocols ?? [], {
    ...tlsOf(options),
    headers: headersOf(options),
    perMessageDeflate: perMessageDeflate ?? false,
    ...(typeof agent === 'object' && { agent }),
  } as never) as unknown as WebSocketLike;
};
