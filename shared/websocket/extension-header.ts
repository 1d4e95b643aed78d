/**
 * `Sec-WebSocket-Extensions` (RFC 6455 §9.1): read in one pass, in time linear in its length, and written.
 */
import { isToken } from './handshake.ts';

/** One extension as a header names it. A parameter without a value is `true`. */
export interface Extension {
  readonly name: string;
  /** In the header's order; a name may stand twice, for whoever knows the extension to refuse. */
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

const none: readonly Extension[] = [];

/** More extensions, or parameters of one, than anybody means. */
const MOST_PARTS = 128;

/** Returns undefined where the header breaks the grammar, or goes on and on. */
export function parseExtensions(header: string | undefined): readonly Extension[] | undefined {
  if (header === undefined) return none;
  const extensions: Extension[] = [];
  const elements = splitOutsideQuotes(header, ',');
  if (elements.length > MOST_PARTS) return undefined;
  for (const element of elements) {
    const [name = '', ...parts] = splitOutsideQuotes(element, ';');
    if (!isToken(name) || parts.length > MOST_PARTS) return undefined;
    const parameters: [string, string | true][] = [];
    for (const part of parts) {
      const parameter = parseParameter(part);
      if (parameter === undefined) return undefined;
      parameters.push(parameter);
    }
    extensions.push({ name, parameters });
  }
  return extensions;
}

export function formatExtension({ name, parameters }: Extension): string {
  return [name, ...parameters.map(([key, value]) => (value === true ? key : `${key}=${value}`))].join('; ');
}

function parseParameter(part: string): [string, string | true] | undefined {
  const equals = part.indexOf('=');
  if (equals < 0) return isToken(part) ? [part, true] : undefined;
  const name = part.slice(0, equals).trimEnd();
  const given = part.slice(equals + 1).trimStart();
  // §9.1: a quoted value has to be a token once it is unquoted.
  const value = given.startsWith('"') ? unquote(given) : given;
  return isToken(name) && value !== undefined && isToken(value) ? [name, value] : undefined;
}

/** Undefined where the closing quote is missing or something follows it. */
function unquote(given: string): string | undefined {
  let value = '';
  for (let at = 1; at < given.length; at++) {
    if (given[at] === '"') return at === given.length - 1 ? value : undefined;
    if (given[at] === '\\') at++;
    value += given[at] ?? '';
  }
  return undefined;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length && parts.length <= MOST_PARTS; at++) {
    const letter = text[at];
    if (isQuoted && letter === '\\') at++;
    else if (letter === '"') isQuoted = !isQuoted;
    else if (letter === separator && !isQuoted) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
