/** Session ids: secrets of 128 random bits. */
import { randomId } from './random-id.ts';

const ID_BYTES = 16;

/** @param node - name of the server that holds the session, or empty */
export function newSessionId(node: string): string {
  const id = randomId(ID_BYTES);
  return node === '' ? id : `${id}.${node}`;
}

/** What a log may say of an id. */
export function shortId(id: string): string {
  return id.slice(0, 6);
}
