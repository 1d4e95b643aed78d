/** Whether a request for a WebSocket is let in: what the application says about paths, origins and clients. */
import type { TLSSocket } from 'node:tls';

import debug from 'debug';

import { warnOf } from '../../shared/websocket/announcer.ts';
import { isRefusal } from './bid.ts';
import type { Bid, Offers, Refusal } from './bid.ts';
import { isOriginAllowed } from './origins.ts';
import type { VerifyAnswer, WebSocketServerOptions } from './server-options.ts';

const log = debug('throughline:websocket:admission');

/** What becomes of a bid: one of these, once. */
export interface AdmissionSink {
  admitted(offers: Offers): void;
  refused(refusal: Refusal): void;
}

/**
 * Decides about `bid`. Where a function of the application's throws, this one request bears it with 500, and the error is told
 * as a warning.
 */
export function admit(bid: Bid, isOurs: () => boolean, options: WebSocketServerOptions, sink: AdmissionSink): void {
  const { offers } = bid;
  if (isRefusal(offers)) return sink.refused(offers);
  const attempt = (ask: () => void): void => {
    try {
      ask();
    } catch (error) {
      warnOf(error);
      sink.refused({ status: 500 });
    }
  };
  attempt(() => {
    if (!isOurs()) sink.refused({ status: 400 });
    else verify(bid, options, (refusal) => attempt(() => (refusal ? sink.refused(refusal) : sink.admitted(offers))));
  });
}

function verify({ request }: Bid, options: WebSocketServerOptions, decided: (refusal?: Refusal) => void): void {
  const { origins, verifyClient } = options;
  if ((origins !== undefined || verifyClient === undefined) && !isOriginAllowed(request, origins)) {
    log('a page of another origin is refused. Set origins to let it in');
    return decided({ status: 403, body: 'This origin may not connect.' });
  }
  if (verifyClient === undefined) return decided();
  let isAnswered = false;
  const answer: VerifyAnswer = (isAllowed, status = 401, body, headers) => {
    if (isAnswered) return;
    isAnswered = true;
    if (isAllowed) decided();
    else decided({ status, headers, ...(body === undefined ? {} : { body }) });
  };
  const secure = (request.socket as Partial<TLSSocket>).encrypted === true;
  const info = { origin: request.headers.origin ?? '', secure, req: request };
  if (verifyClient.length >= 2) verifyClient(info, answer);
  else answer(verifyClient(info, answer) === true);
}
