/** The browser's own WebSocket. */
import type { RawData } from '../../shared/engine/packet.ts';
import type { Environment, WebSocketLike } from './environment.ts';

export const connect: Environment['connect'] = (url, { protocols }, receiver) =>
  // The DOM's type would only take its own two names as `binaryType`.
  Object.assign(new WebSocket(url, protocols || []), {
    onmessage: ({ data }: MessageEvent) => receiver.onData(data as RawData),
  }) as WebSocketLike;
