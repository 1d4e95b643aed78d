import { describe, expect, it } from 'vitest';

import { chooseOffer, makeOffer, readAnswer } from '../../shared/websocket/deflate-agreement.ts';
import { resolveDeflate } from '../../shared/websocket/deflate-options.ts';
import type { DeflateOptions } from '../../shared/websocket/deflate-options.ts';
import { formatExtension, parseExtensions } from '../../shared/websocket/extension-header.ts';

/** What a server answers to a header, or undefined where it declines. */
function answerTo(header: string, options: DeflateOptions = {}): string | undefined {
  const chosen = chooseOffer(parseExtensions(header)!, resolveDeflate(options, true)!);
  return chosen && formatExtension(chosen.answer);
}

const PMD = 'permessage-deflate';

describe('a server', () => {
  it.each<[string, string, DeflateOptions, string]>([
    ['takes a plain offer', PMD, {}, PMD],
    ['takes what the client may set', `${PMD}; client_max_window_bits`, {}, PMD],
    [
      'takes every parameter',
      `${PMD}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11`,
      {},
      `${PMD}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11`,
    ],
    ['takes 8 bits', `${PMD}; server_max_window_bits=8`, {}, `${PMD}; server_max_window_bits=8`],
    ['says 15 bits where it was asked', `${PMD}; server_max_window_bits=15`, {}, `${PMD}; server_max_window_bits=15`],
    ['takes a quoted value', `${PMD}; server_max_window_bits="10"`, {}, `${PMD}; server_max_window_bits=10`],
    [
      'takes the first offer that it can',
      `${PMD}; unknown, x-other, ${PMD}; server_no_context_takeover, ${PMD}`,
      {},
      `${PMD}; server_no_context_takeover`,
    ],
    [
      'names its own wishes',
      `${PMD}; client_max_window_bits`,
      { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 12, clientMaxWindowBits: 9 },
      `${PMD}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=9`,
    ],
    [
      'asks for the smaller window of two',
      `${PMD}; server_max_window_bits=14; client_max_window_bits=10`,
      { serverMaxWindowBits: 12, clientMaxWindowBits: 12 },
      `${PMD}; server_max_window_bits=12; client_max_window_bits=10`,
    ],
    ['may keep the client its context', `${PMD}; client_no_context_takeover`, { clientNoContextTakeover: false }, PMD],
  ])('%s', (_what, header, options, expected) => {
    expect(answerTo(header, options)).toBe(expected);
  });

  it.each<[string, string, DeflateOptions?]>([
    ['another extension', 'x-webkit-deflate-frame'],
    ['an unknown parameter', `${PMD}; other`],
    ["a name of Object.prototype's", `${PMD}; constructor`],
    ['a parameter twice', `${PMD}; server_no_context_takeover; server_no_context_takeover`],
    ['bits twice', `${PMD}; server_max_window_bits=10; server_max_window_bits=10`],
    ['a value where there is none', `${PMD}; server_no_context_takeover=1`],
    ['no value where there is one', `${PMD}; server_max_window_bits`],
    ...['0', '7', '16', '99', '09', '015', '-8', '8.0', '1e1', 'ten'].flatMap((bits): [string, string][] => [
      [`${bits} bits for the server`, `${PMD}; server_max_window_bits=${bits}`],
      [`${bits} bits for the client`, `${PMD}; client_max_window_bits=${bits}`],
    ]),
    [
      'a window that the application refuses to set',
      `${PMD}; server_max_window_bits=10`,
      { serverMaxWindowBits: false },
    ],
    [
      'to compress each message alone, where the application refuses',
      `${PMD}; server_no_context_takeover`,
      { serverNoContextTakeover: false },
    ],
    ['a client whose window can not be set, where the application needs it', PMD, { clientMaxWindowBits: 10 }],
  ])('declines %s', (_what, header, options) => {
    expect(answerTo(header, options)).toBeUndefined();
  });
});

describe('a client', () => {
  it.each<[DeflateOptions, string]>([
    [{}, `${PMD}; client_max_window_bits`],
    [{ clientMaxWindowBits: true }, `${PMD}; client_max_window_bits`],
    [{ clientMaxWindowBits: false }, PMD],
    [
      { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      `${PMD}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10`,
    ],
  ])('with %j offers %s', (options, expected) => {
    expect(formatExtension(makeOffer(resolveDeflate(options, true)!))).toBe(expected);
  });

  it.each<[string, DeflateOptions]>([
    [PMD, {}],
    [`${PMD}; server_no_context_takeover; client_no_context_takeover`, {}],
    [`${PMD}; client_max_window_bits=8; server_max_window_bits=8`, {}],
    [`${PMD}; client_max_window_bits=10`, { clientMaxWindowBits: 10 }],
    [`${PMD}; server_max_window_bits=9`, { serverMaxWindowBits: 10 }],
    [`${PMD}; server_no_context_takeover`, { serverNoContextTakeover: true }],
  ])('takes %s for an answer', (answer, options) => {
    expect(readAnswer(parseExtensions(answer)![0]!, resolveDeflate(options, true)!)).toBeTypeOf('object');
  });

  it.each<[string, DeflateOptions]>([
    [`${PMD}; other`, {}],
    [`${PMD}; constructor`, {}],
    [`${PMD}; client_max_window_bits`, {}],
    [`${PMD}; server_max_window_bits`, {}],
    [`${PMD}; server_no_context_takeover=true`, {}],
    [`${PMD}; server_no_context_takeover; server_no_context_takeover`, {}],
    ...['0', '7', '16', '99', '09'].flatMap((bits): [string, DeflateOptions][] => [
      [`${PMD}; server_max_window_bits=${bits}`, {}],
      [`${PMD}; client_max_window_bits=${bits}`, {}],
    ]),
    [PMD, { serverNoContextTakeover: true }],
    [PMD, { serverMaxWindowBits: 10 }],
    [`${PMD}; server_max_window_bits=11`, { serverMaxWindowBits: 10 }],
    [`${PMD}; client_max_window_bits=11`, { clientMaxWindowBits: 10 }],
    [`${PMD}; client_max_window_bits=10`, { clientMaxWindowBits: false }],
  ])('does not take %s for an answer to %j', (answer, options) => {
    expect(readAnswer(parseExtensions(answer)![0]!, resolveDeflate(options, true)!)).toBeTypeOf('string');
  });
});
