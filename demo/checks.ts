/**
 * What comes from outside, checked. Each check returns a value of the promised shape, or `undefined` where there is none
 * to be had: a handler that forgets to look does not compile.
 */
import { limits } from './limits.ts';
import { roomName } from './room-name.ts';
import type { Draft, Forbidden, ImageFacts, Seen } from './events.ts';

/** Controls, and the marks that turn the direction of the text around them. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

const ID = /^[\w-]{16,40}$/;

/** A name for people to read: one line, without tricks. */
export function checkName(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.length > 4 * limits.nameLength) return undefined;
  const name = given.normalize('NFC').replace(INVISIBLE, '').replace(/\s+/gu, ' ').trim();
  return name !== '' && name.length <= limits.nameLength ? name : undefined;
}

export function checkHue(given: unknown): number | undefined {
  return typeof given === 'number' && Number.isInteger(given) && given >= 0 && given < 360 ? given : undefined;
}

export function checkRoom(given: unknown): string | undefined {
  return typeof given === 'string' ? roomName(given) : undefined;
}

/** An id that a page made: a message's, a tab's, or a person's key. */
export function checkId(given: unknown): string | undefined {
  return typeof given === 'string' && ID.test(given) ? given : undefined;
}

/** A transport that a tab may forbid itself. Polling is not among them: without it nothing is left. */
export function checkForbidden(given: unknown): Forbidden | undefined {
  return given === 'websocket' || given === 'streaming' ? given : undefined;
}

export function checkSeen(given: unknown): Seen | undefined {
  if (!isRecord(given)) return undefined;
  const { epoch, seq } = given;
  return typeof epoch === 'string' && isWhole(seq, 0, Number.MAX_SAFE_INTEGER) ? { epoch, seq } : undefined;
}

/** A message with its image, if it has one. It must have one or the other. */
export function checkDraft(
  given: unknown,
  image: unknown,
): { draft: Draft; image: Buffer<ArrayBuffer> | undefined } | undefined {
  if (!isRecord(given)) return undefined;
  const id = checkId(given['id']);
  const room = checkRoom(given['room']);
  const text = checkText(given['text']);
  if (id === undefined || room === undefined || text === undefined) return undefined;
  if (image === null) return text === '' ? undefined : { draft: { id, room, text }, image: undefined };

  const facts = checkFacts(given['image']);
  if (facts === undefined || !isImage(image)) return undefined;
  return { draft: { id, room, text, image: facts }, image };
}

function checkText(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.length > limits.textLength) return undefined;
  return given.replace(INVISIBLE, '').trim();
}

function checkFacts(given: unknown): ImageFacts | undefined {
  if (!isRecord(given)) return undefined;
  const { width, height } = given;
  return isWhole(width, 1, 20_000) && isWhole(height, 1, 20_000) ? { width, height } : undefined;
}

/** First bytes of what browsers show as a picture and never run, as SVG would be. */
const SIGNATURES = [
  /^\x89PNG\r\n\x1a\n/, // PNG
  /^\xff\xd8\xff/, // JPEG
  /^GIF8[79]a/,
  /^RIFF[^]{4}WEBP/,
];

function isImage(given: unknown): given is Buffer<ArrayBuffer> {
  if (!Buffer.isBuffer(given) || given.length > limits.imageBytes) return false;
  const first = given.toString('latin1', 0, 12);
  return SIGNATURES.some((signature) => signature.test(first));
}

function isWhole(given: unknown, least: number, most: number): given is number {
  return typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most;
}

function isRecord(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null;
}
