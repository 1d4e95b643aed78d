/** Whether a request for a WebSocket is let in: what the application says about origins and clients. */
import type { TLSSocket } from 'node:tls';

import debug from 'debug';

import { warnOf } from '../../shared/websocket/announcer.ts';
import type { Bid, Refusal } from './bid.ts';
import { isOriginAllowed } from './origins.ts';
import type { VerifyAnswer, WebSocketServerOptions } from './server-options.ts';

const log = debug('throughline:websocket:admission');

/** How a bid is to be answered; `later` where a function of the application's takes its time. */
export type Verdict = 'accept' | 'later' | Refusal;

/**
 * Decides about `bid`.
 *
 * @param decided told the verdict where it was `later`
 * @throws what a function of the application's throws
 */
export function judge({ request }: Bid, options: WebSocketServerOptions, decided: (verdict: Verdict) => void): Verdict {
  const { origins, verifyClient } = options;
  if ((origins !== undefined || verifyClient === undefined) && !isOriginAllowed(request, origins)) {
    log('a page of another origin is refused. Set origins to let it in');
    return { status: 403, body: 'This origin may not connect.' };
  }
  if (verifyClient === undefined) return 'accept';
  const secure = (request.socket as Partial<TLSSocket>).encrypted === true;
  const info = { origin: request.headers.origin ?? '', secure, req: request };
  if (verifyClient.length < 2) {
    const isAllowed = verifyClient(info, ignoreAnswer);
    if (!(isAllowed instanceof Promise)) return byResult(isAllowed);
    isAllowed.then(
      (result) => decided(byResult(result)),
      (error: unknown) => {
        warnOf(error);
        decided({ status: 500 });
      },
    );
    return 'later';
  }
  let isAnswered = false;
  verifyClient(info, (isAllowed, status = 401, body, headers) => {
    if (isAnswered) return;
    isAnswered = true;
    decided(isAllowed ? 'accept' : { status, headers, ...(body === undefined ? {} : { body }) });
  });
  return 'later';
}

function byResult(isAllowed: unknown): Verdict {
  return isAllowed ? 'accept' : { status: 401 };
}

/** Whoever asks for no second argument answers by its result. */
const ignoreAnswer: VerifyAnswer = () => {};
