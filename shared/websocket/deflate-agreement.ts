/**
 * What both ends agree on for permessage-deflate (RFC 7692 §5, §7.1): a client makes an offer, a server picks one and answers,
 * and the client looks whether the answer fits what it offered.
 */
import { LEAST_WINDOW_BITS, MOST_WINDOW_BITS } from './deflate-options.ts';
import type { DeflateSettings } from './deflate-options.ts';
import type { Extension } from './extension-header.ts';

export const EXTENSION_NAME = 'permessage-deflate';

/** What holds for one connection. */
export interface DeflateAgreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

/** The parameters of an offer or an answer. Absent ones are undefined; `client_max_window_bits` may come without a value. */
interface Parameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | true | undefined;
}

/** The server's choice: the first offer that it can accept, or none. */
export function chooseOffer(
  offers: readonly Extension[],
  settings: DeflateSettings,
): { readonly agreement: DeflateAgreement; readonly answer: Extension } | undefined {
  for (const offer of offers) {
    if (offer.name !== EXTENSION_NAME) continue;
    const asked = readParameters(offer);
    if (asked === undefined || !isAcceptable(asked, settings)) continue;
    return acceptOffer(asked, settings);
  }
  return undefined;
}

function isAcceptable(asked: Parameters, settings: DeflateSettings): boolean {
  if (asked.serverNoContextTakeover && settings.serverNoContextTakeover === false) return false;
  if (asked.serverMaxWindowBits !== undefined && settings.serverMaxWindowBits === false) return false;
  // §7.1.2.2: a window of ours for the client can be set only where it says that it could.
  return typeof settings.clientMaxWindowBits !== 'number' || asked.clientMaxWindowBits !== undefined;
}

function acceptOffer(
  asked: Parameters,
  settings: DeflateSettings,
): { readonly agreement: DeflateAgreement; readonly answer: Extension } {
  const serverBits = Math.min(
    asked.serverMaxWindowBits ?? MOST_WINDOW_BITS,
    settings.serverMaxWindowBits || MOST_WINDOW_BITS,
  );
  const mostClientBits = typeof asked.clientMaxWindowBits === 'number' ? asked.clientMaxWindowBits : MOST_WINDOW_BITS;
  const wantedClientBits =
    typeof settings.clientMaxWindowBits === 'number' ? settings.clientMaxWindowBits : MOST_WINDOW_BITS;
  const agreement = {
    serverNoContextTakeover: asked.serverNoContextTakeover || settings.serverNoContextTakeover === true,
    // The client's hint that it won't need our window is taken (§7.1.1.2), unless the application declines.
    clientNoContextTakeover:
      settings.clientNoContextTakeover === true ||
      (asked.clientNoContextTakeover && settings.clientNoContextTakeover !== false),
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: Math.min(mostClientBits, wantedClientBits),
  };
  return { agreement, answer: describe(agreement, asked.serverMaxWindowBits !== undefined) };
}

/** The answer says what differs from the defaults, and always a server window that was asked about (§7.1.2.1). */
function describe(agreement: DeflateAgreement, saysServerBits: boolean): Extension {
  const parameters: [string, string | true][] = [];
  if (agreement.serverNoContextTakeover) parameters.push(['server_no_context_takeover', true]);
  if (agreement.clientNoContextTakeover) parameters.push(['client_no_context_takeover', true]);
  if (saysServerBits || agreement.serverMaxWindowBits < MOST_WINDOW_BITS)
    parameters.push(['server_max_window_bits', String(agreement.serverMaxWindowBits)]);
  if (agreement.clientMaxWindowBits < MOST_WINDOW_BITS)
    parameters.push(['client_max_window_bits', String(agreement.clientMaxWindowBits)]);
  return { name: EXTENSION_NAME, parameters };
}

/** The client's one offer. */
export function makeOffer(settings: DeflateSettings): Extension {
  const parameters: [string, string | true][] = [];
  if (settings.serverNoContextTakeover === true) parameters.push(['server_no_context_takeover', true]);
  if (settings.clientNoContextTakeover === true) parameters.push(['client_no_context_takeover', true]);
  if (typeof settings.serverMaxWindowBits === 'number')
    parameters.push(['server_max_window_bits', String(settings.serverMaxWindowBits)]);
  if (typeof settings.clientMaxWindowBits === 'number')
    parameters.push(['client_max_window_bits', String(settings.clientMaxWindowBits)]);
  else if (settings.clientMaxWindowBits !== false) parameters.push(['client_max_window_bits', true]);
  return { name: EXTENSION_NAME, parameters };
}

/** What a server's answer means to the client that offered by `settings`, or a sentence that says why it can't be. */
export function readAnswer(answer: Extension, settings: DeflateSettings): DeflateAgreement | string {
  const told = readParameters(answer);
  if (told === undefined) return 'the answer has parameters that permessage-deflate has not';
  // §7.1.1.1, §7.1.2.1: a server that accepts an offer accepts these two of it.
  if (settings.serverNoContextTakeover === true && !told.serverNoContextTakeover)
    return 'the answer lacks server_no_context_takeover';
  const serverBits = told.serverMaxWindowBits;
  if (typeof settings.serverMaxWindowBits === 'number') {
    if (serverBits === undefined) return 'the answer lacks server_max_window_bits';
    if (serverBits > settings.serverMaxWindowBits) return 'server_max_window_bits is more than was asked for';
  }
  const clientBits = told.clientMaxWindowBits;
  if (clientBits === true) return 'client_max_window_bits has no value';
  if (clientBits !== undefined) {
    if (settings.clientMaxWindowBits === false) return 'client_max_window_bits was not offered';
    if (typeof settings.clientMaxWindowBits === 'number' && clientBits > settings.clientMaxWindowBits)
      return 'client_max_window_bits is more than was offered';
  }
  const ownBits = typeof settings.clientMaxWindowBits === 'number' ? settings.clientMaxWindowBits : MOST_WINDOW_BITS;
  return {
    serverNoContextTakeover: told.serverNoContextTakeover,
    clientNoContextTakeover: told.clientNoContextTakeover || settings.clientNoContextTakeover === true,
    serverMaxWindowBits: serverBits ?? MOST_WINDOW_BITS,
    clientMaxWindowBits: clientBits ?? ownBits,
  };
}

/** Undefined for a parameter that is unknown, stands twice, or has a value it can't have (§7.1): the whole is declined. */
function readParameters({ parameters }: Extension): Parameters | undefined {
  const seen = new Map<string, string | true>();
  for (const [name, value] of parameters) {
    if (seen.has(name) || !isParameter(name, value)) return undefined;
    seen.set(name, value);
  }
  const clientBits = seen.get('client_max_window_bits');
  const serverBits = seen.get('server_max_window_bits');
  return {
    serverNoContextTakeover: seen.has('server_no_context_takeover'),
    clientNoContextTakeover: seen.has('client_no_context_takeover'),
    serverMaxWindowBits: serverBits === undefined ? undefined : Number(serverBits),
    clientMaxWindowBits: clientBits === undefined || clientBits === true ? clientBits : Number(clientBits),
  };
}

function isParameter(name: string, value: string | true): boolean {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === true;
    case 'client_max_window_bits':
      return value === true || isWindowBits(value);
    case 'server_max_window_bits':
      return value !== true && isWindowBits(value);
    default:
      return false;
  }
}

/** §7.1.2.1: a decimal without leading zeros. */
function isWindowBits(value: string): boolean {
  return /^[1-9][0-9]?$/.test(value) && Number(value) >= LEAST_WINDOW_BITS && Number(value) <= MOST_WINDOW_BITS;
}
