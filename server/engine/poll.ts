/**
 * The GETs of a session on long-polling: each waits for what there is to say.
 *
 * A plain peer may have one at a time, and only while polling carries its session. A peer of our own attaches with each:
 * it says what it has seen, and the newest GET wins.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { readCount } from '../../shared/engine/count.ts';
import type { Line } from './line.ts';
import { PollingTransport } from './polling.ts';
import { errors, refusal } from './refusal.ts';
import { queryOf } from './request.ts';

/** Takes a GET of `line`, whose session the request's checks found it to be. */
export function takePoll(line: Line, request: IncomingMessage, response: ServerResponse): void {
  line.heard();
  if (line.core.resumable) takeCountedPoll(line, request, response);
  else takePlainPoll(line, response);
}

function takePlainPoll(line: Line, response: ServerResponse): void {
  const { transport, host } = line;
  if (!(transport instanceof PollingTransport)) return;
  if (transport.poll(response)) return answerWhenReady(line);
  host.answers.refuse(response, refusal(errors.BAD_REQUEST, { name: 'POLL_OVERLAP' }));
  line.core.end('transport-error', 'overlap from client');
}

function takeCountedPoll(line: Line, request: IncomingMessage, response: ServerResponse): void {
  const { answers } = line.host;
  const turn = readCount(queryOf(request)['turn']);
  if (turn === undefined || turn < line.turn)
    return answers.refuse(response, refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
  const seen = readCount(queryOf(request)['seen']);
  if (seen === undefined) {
    answers.refuse(response, refusal(errors.BAD_REQUEST, { name: 'BAD_COUNT' }));
    return line.core.end('count-impossible', 'seen is no count');
  }
  line.turn = turn;
  const carrier = line.core.transport;
  const follows = carrier instanceof PollingTransport && queryOf(request)['attach'] === undefined;
  const transport = follows ? carrier : new PollingTransport(line.id, line.session.protocol, line, answers);
  // The peer has given up a GET that still waits here, or the network has.
  transport.release();
  if (!line.attach(transport, seen, 'poll'))
    return answers.refuse(response, refusal(errors.BAD_REQUEST, { name: 'BAD_COUNT' }));
  transport.poll(response);
  answerWhenReady(line);
}

function answerWhenReady(line: Line): void {
  if (line.isUpgrading) line.releaseSoon();
  line.core.flush();
}
