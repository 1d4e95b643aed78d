/** Tells every inspector which limits were hit since the server started, by anybody, and how often. */
import { subscribe } from 'node:diagnostics_channel';
import type { ChatServer } from './conversation.ts';

/** Told at most once in so many ms, however many hit one. */
const TELL_AFTER_MS = 150;

export function watchLimits(io: ChatServer): void {
  let telling: NodeJS.Timeout | undefined;
  subscribe('throughline:limit', () => {
    telling ??= setTimeout(() => {
      telling = undefined;
      io.emit('limits', hitsOf(io));
    }, TELL_AFTER_MS).unref();
  });
  io.on('connection', (socket) => socket.emit('limits', hitsOf(io)));
}

function hitsOf(io: ChatServer): Record<string, number> {
  const { limitHits, events } = io.metrics();
  return Object.fromEntries(Object.entries({ ...limitHits, ...events.limitHits }).filter(([, times]) => times > 0));
}
