/** What a FrameReader tells, written down. */
import { FrameReader } from '../../shared/websocket/frame-reader.ts';
import type { FrameReaderOptions } from '../../shared/websocket/frame-reader.ts';

export type FrameEvent =
  | { readonly message: string; readonly isBinary: boolean }
  | { readonly compressed: string; readonly isBinary: boolean }
  | { readonly ping: string }
  | { readonly pong: string }
  | { readonly close: number; readonly reason: string }
  | { readonly fail: number };

/** Reads the chunks one after the other. Binary is shown as latin1, text as it is. */
export function framesRead(chunks: readonly Buffer[], options: Partial<FrameReaderOptions> = {}): FrameEvent[] {
  const events: FrameEvent[] = [];
  const reader = new FrameReader(
    {
      message: (data, isBinary) =>
        void events.push({ message: typeof data === 'string' ? data : data.toString('latin1'), isBinary }),
      compressed: (data, isBinary) => void events.push({ compressed: data.toString('latin1'), isBinary }),
      ping: (payload) => void events.push({ ping: payload.toString('latin1') }),
      pong: (payload) => void events.push({ pong: payload.toString('latin1') }),
      close: (code, reason) => void events.push({ close: code, reason }),
      fail: (fail) => void events.push({ fail }),
    },
    { role: 'server', maxMessageBytes: 1_000_000, maxFragments: 0, ...options },
  );
  for (const chunk of chunks) reader.read(chunk);
  return events;
}
