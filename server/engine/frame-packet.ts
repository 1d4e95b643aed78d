import { frameMessage } from '../../shared/websocket/frame-writer.ts';

/**
 * The ready WebSocket frame of a text message's packet, for `options.wsPreEncodedFrame`: a message to many is framed once.
 *
 * The bytes go to all of them and must not be changed.
 */
export function framePacket(text: string): Buffer {
  return frameMessage(`4${text}`);
}
