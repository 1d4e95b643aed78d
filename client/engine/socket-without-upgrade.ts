/** A session that stays on the transport on which it opened. */
import type { SocketOptions } from './options.ts';
import { Socket } from './socket.ts';

export class SocketWithoutUpgrade extends Socket {
  constructor(uri?: string | SocketOptions | null, options?: SocketOptions) {
    const isUri = typeof uri === 'string';
    super(isUri ? uri : undefined, { ...(isUri ? options : (uri ?? options)), upgrade: false });
  }
}
