/** What outlives a reload: the rooms that one is in, texts not yet sent, and in the address the room that is shown. */
import { roomName } from '../room-name.ts';
import { tabMemory } from './memory.ts';
import type { Draft } from '../events.ts';
import type { Unsent } from './outbox.ts';

/** The room that the address names after its `#`, if it is the name of one. */
export function roomInAddress(): string | undefined {
  try {
    return roomName(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return undefined; // a lone % is no room
  }
}

export function keepRooms(names: Iterable<string>): void {
  tabMemory.write('rooms', [...names]);
}

export function recallRooms(): string[] {
  return asArray(tabMemory.read('rooms'))
    .map((name) => (typeof name === 'string' ? roomName(name) : undefined))
    .filter((name) => name !== undefined);
}

/** Texts only: pictures would not fit. */
export function keepUnsent(waiting: readonly Unsent[]): void {
  const texts = waiting.filter(({ image }) => image === null);
  tabMemory.write(
    'unsent',
    texts.map(({ draft }) => draft),
  );
}

export function recallUnsent(): Draft[] {
  return asArray(tabMemory.read('unsent')).filter(isDraft);
}

/** A look at what the page itself needs; the server checks the rest. */
function isDraft(given: unknown): given is Draft {
  if (typeof given !== 'object' || given === null) return false;
  const { id, room, text } = given as Record<string, unknown>;
  return typeof id === 'string' && typeof room === 'string' && typeof text === 'string';
}

function asArray(given: unknown): unknown[] {
  return Array.isArray(given) ? given : [];
}
