import { PollingTransport } from './polling.ts';
import { WebSocketTransport } from './websocket.ts';

/** The transports by name. */
export const transports = { polling: PollingTransport, websocket: WebSocketTransport } as const;
