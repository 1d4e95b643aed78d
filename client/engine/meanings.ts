/** What became of a way to carry the session, in sentences. The small script refers to `throughline.js` instead: see the build. */

/** What each outcome means, in a sentence. */
const meanings = {
  opened: 'The session opened here.',
  climbed: 'This way is open at both ends, and better.',
  resumed: 'The session goes on here, and nothing was lost.',
  lost: 'It was lost, and the session waits for another way.',
  refused: 'The server or a proxy said no: see the status.',
  unreachable: 'Nobody answered: no network, or a firewall.',
  failed: 'It was refused, or nobody answered: browsers do not say which.',
  unanswered: 'No answer in time: something in between swallows it.',
  silent: 'It connected, but nothing came through.',
  buffered: 'A proxy holds the answer back until it ends.',
  ended: 'It ended before it could be used.',
} as const;

/** Why a way was taken, failed or was given up. */
export type RungReason = keyof typeof meanings;

export function meaningOf(why: RungReason): string {
  return meanings[why];
}
