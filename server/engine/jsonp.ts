/**
 * JSONP, for pages that may not read what another site answers: an answer is a script that hands the payload to a function
 * of the page, and a POST is a form. Part of what `allowEIO3` allows, and of nothing else.
 */
import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';

import { queryOf } from './request.ts';

/** The number of the page's function that the answer is for; undefined where the request is none of JSONP. */
export function jsonpIndex(request: IncomingMessage): string | undefined {
  const { j } = queryOf(request);
  return typeof j === 'string' && /^\d{1,9}$/.test(j) ? j : undefined;
}

/**
 * The script that hands over a payload.
 *
 * A comment goes first, so that nobody makes the answer out to be a file of another kind; what would end a script in a page
 * or a line in older browsers is escaped.
 */
export function jsonpScript(index: string, payload: string): string {
  const text = JSON.stringify(payload)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return `/**/___eio[${index}](${text});`;
}

/**
 * The payload in a form's body: its field `d`.
 *
 * Forms change line ends, so the client writes a line end as backslash and n, and those two, where the payload has them, with
 * one backslash more.
 */
export function payloadOfForm(body: string): string {
  const { d } = parse(body);
  if (typeof d !== 'string') return '';
  return d
    .replace(/(\\)?\\n/g, (found, isEscaped) => (isEscaped === undefined ? '\n' : found))
    .replaceAll('\\\\n', '\\n');
}
