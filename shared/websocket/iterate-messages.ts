/** A WebSocket's messages as an async iterator: reading stops while the loop is behind, so nothing piles up. */
import type { EventEmitter } from 'node:events';

import type { RawData } from './announcer.ts';

/** A text is a string, a binary what `binaryType` says. */
export type Message = string | RawData;

/** A loop that is further behind than this pauses the connection. */
const MOST_WAITING = 16;

interface MessageSource extends EventEmitter {
  readonly isPaused: boolean;
  readonly readyState: number;
  readonly CLOSED: number;
  pause(): void;
  resume(): void;
}

/**
 * Yields each message from now on. Ends with the connection; throws what ended it where that was an error. Leaving the loop
 * early leaves the connection open.
 */
export async function* iterateMessages(socket: MessageSource): AsyncGenerator<Message, void, void> {
  const waiting: Message[] = [];
  let isDone = socket.readyState === socket.CLOSED;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const onMessage = (data: RawData, isBinary: boolean): void => {
    waiting.push(isBinary ? data : String(data));
    if (waiting.length > MOST_WAITING) socket.pause();
    wake?.();
  };
  const onError = (error: Error): void => void (failure = error);
  const onClose = (): void => {
    isDone = true;
    wake?.();
  };
  socket.on('message', onMessage).on('error', onError).on('close', onClose);
  try {
    while (true) {
      for (const message of waiting.splice(0)) yield message;
      if (waiting.length > 0) continue;
      if (isDone) break;
      if (socket.isPaused) socket.resume();
      await new Promise<void>((resolve) => void (wake = resolve));
      wake = undefined;
    }
    if (failure !== undefined) throw failure;
  } finally {
    socket.off('message', onMessage).off('error', onError).off('close', onClose);
    if (socket.isPaused) socket.resume();
  }
}
