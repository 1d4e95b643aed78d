import { PollingTransport } from './polling.ts';
import { StreamingTransport } from './streaming.ts';
import { WebSocketTransport } from './websocket.ts';

/** The transports by name. */
export const transports = {
  polling: PollingTransport,
  websocket: WebSocketTransport,
  streaming: StreamingTransport,
} as const;
