/**
 * UTF-8 checked as it arrives (RFC 6455 §8.1): any cut gives the same verdict, and a bad byte is known at that byte, not at
 * the end of its message.
 */
import { isUtf8 } from 'node:buffer';

/** Below this length stepping through costs less than the call to `isUtf8` with its view. */
const STEP_BELOW = 32;

export class Utf8Checker {
  /** Bytes that the letter begun still lacks. */
  private missing = 0;
  /** What the next byte of that letter may be. Its first continuation is narrower: no overlong forms, surrogates, or above U+10FFFF. */
  private least = 0x80;
  private most = 0xbf;

  /** False as soon as `bytes` from `start` up to `end` can't go on with what came before. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (this.missing > 0 && at < end) if (!this.step(bytes[at++]!)) return false;
    if (end - at >= STEP_BELOW) {
      const whole = wholeLettersEnd(bytes, at, end);
      if (!isUtf8(bytes.subarray(at, whole))) return false;
      at = whole;
    }
    while (at < end) if (!this.step(bytes[at++]!)) return false;
    return true;
  }

  /** Whether no letter is left half: asked at the end of a message. Makes ready for the next one. */
  finish(): boolean {
    const complete = this.missing === 0;
    this.missing = 0;
    this.least = 0x80;
    this.most = 0xbf;
    return complete;
  }

  private step(byte: number): boolean {
    if (this.missing > 0) {
      if (byte < this.least || byte > this.most) return false;
      this.least = 0x80;
      this.most = 0xbf;
      this.missing--;
      return true;
    }
    if (byte < 0x80) return true;
    this.missing = bytesAfter(byte);
    if (byte === 0xe0) this.least = 0xa0;
    else if (byte === 0xed) this.most = 0x9f;
    else if (byte === 0xf0) this.least = 0x90;
    else if (byte === 0xf4) this.most = 0x8f;
    return this.missing > 0;
  }
}

/** How many bytes follow `lead` (RFC 3629 §4): 0 for a byte that can't lead. */
function bytesAfter(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 1;
  return lead < 0xf0 ? 2 : 3;
}

/** The end of the last letter that isn't cut by `end`. Bytes that are no UTF-8 count as whole, for `isUtf8` to refuse. */
function wholeLettersEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back++) {
    const byte = bytes[end - back]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return bytesAfter(byte) >= back ? end - back : end;
  }
  return end;
}
