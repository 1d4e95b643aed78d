/** The browser's own WebSocket. */
import type { Environment, WebSocketLike } from './environment.ts';

export const connect: Environment['connect'] = (url, { protocols }) =>
  // The DOM's type would only take its own two names as `binaryType`.
  (protocols ? new WebSocket(url, protocols) : new WebSocket(url)) as WebSocketLike;
