import { limits } from './limits.ts';

const ROOM = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}_-]*$/u;

/** A room's name in the one form in which it is compared and linked: `Book Club` is `book-club`. */
export function roomName(given: string): string | undefined {
  if (given.length > 4 * limits.roomLength) return undefined;
  const room = given.normalize('NFKC').trim().toLowerCase().replace(/\s+/gu, '-');
  return room.length <= limits.roomLength && ROOM.test(room) ? room : undefined;
}

/** What to say to someone whose name for a room was none. */
export const ROOM_NAME_ADVICE = `A room’s name has letters, digits and hyphens, at most ${limits.roomLength} of them.`;
