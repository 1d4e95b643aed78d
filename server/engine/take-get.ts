/**
 * The GETs of a session: on polling each waits for what there is to say, on streaming it stays.
 *
 * A plain peer may have one at a time, and only on the transport that carries its session. A peer of our own says with each
 * what it has seen, attaches whatever transport it likes, and its newest GET wins.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { readCount } from '../../shared/engine/count.ts';
import { askApplication } from './admission.ts';
import { HttpTransport } from './http-transport.ts';
import type { Line } from './line.ts';
import { PollingTransport } from './polling.ts';
import { errors, notNow, refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { queryOf, turnOf } from './request.ts';
import { codecFor } from './revisions.ts';
import { StreamingTransport } from './streaming.ts';

/** A GET of `line`, whose session the request's checks found it to be; `refuse` answers it in the negative. */
export interface Get {
  readonly line: Line;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  refuse(why: Refusal): void;
}

export function takeGet(get: Get): void {
  get.line.heard();
  if (!get.line.core.resumable) takePlain(get);
  else if (isProbe(get.request)) probeStream(get);
  else if (!takeTurn(get)) get.refuse(refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
  else takeCounted(get);
}

/** Whether it only looks if a stream comes through. It attaches nothing, so it may be overtaken. */
function isProbe(request: IncomingMessage): boolean {
  const { transport, seen } = queryOf(request);
  return transport === 'streaming' && seen === undefined;
}

/** A new transport for GETs of that name. */
export function newHttpTransport(name: unknown, ...given: ConstructorParameters<typeof HttpTransport>): HttpTransport {
  return name === 'streaming' ? new StreamingTransport(...given) : new PollingTransport(...given);
}

function takePlain({ line, response, refuse }: Get): void {
  const { transport } = line;
  if (transport instanceof HttpTransport && transport.take(response)) return answerWhenReady(line);
  refuse(refusal(errors.BAD_REQUEST, { name: 'GET_OVERLAP' }));
  line.core.end('transport-error', 'overlap from client');
}

function takeCounted(get: Get): void {
  const { line, request } = get;
  const { transport, seen, attach } = queryOf(request);
  const count = readCount(seen);
  if (count === undefined) return refuseCount(get);
  const carrier = line.core.transport;
  if (attach === undefined && isOvertaken(transport, carrier?.name)) return letGo(get);
  // A GET that is still here was given up by the peer, or by the network: then it comes anew, whatever it says.
  const follows = attach === undefined && carrier instanceof PollingTransport && !carrier.isTaken;
  if (follows && transport === 'polling') return goOn(get, carrier, count);
  askApplication(request, line.host.settings, (refused) => {
    if (refused !== undefined) return get.refuse(refused);
    // The application may have taken its time.
    if (!takeTurn(get)) return get.refuse(refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
    if (attach !== undefined) line.attempts.begins(turnOf(request));
    goOn(get, newHttpTransport(transport, line.id, codecFor(4, request), line, line.host.answers), count);
  });
}

/** Whether the session has moved on from the transport of a GET that only follows another one: up, to a better transport. */
function isOvertaken(transport: unknown, carrier: string | undefined): boolean {
  return transport !== carrier && (carrier === 'websocket' || (transport === 'polling' && carrier !== undefined));
}

/** It follows another GET, but the session has moved: the peer's `5` overtook it. Answered with nothing, as polls are then. */
function letGo({ line, request, response }: Get): void {
  const left = newHttpTransport(queryOf(request)['transport'], line.id, codecFor(4, request), line, line.host.answers);
  left.take(response);
  left.release();
}

function goOn(get: Get, transport: HttpTransport, seen: number): void {
  if (get.response.destroyed) return;
  if (!get.line.attach(transport, seen, 'request')) return tellEnd(get);
  transport.take(get.response);
  answerWhenReady(get.line);
}

/** The peer looks whether a stream comes through; the session stays where it is. */
function probeStream({ line, request, response, refuse }: Get): void {
  if (line.host.isDraining) return refuse(notNow('DRAINING'));
  if (!line.host.settings.allowUpgrades) return refuse(refusal(errors.BAD_REQUEST, { name: 'NO_UPGRADES' }));
  if (!line.attempts.begins(turnOf(request))) return refuse(refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
  const transport = new StreamingTransport(line.id, codecFor(4, request), line, line.host.answers);
  transport.take(response);
  line.attempts.beginProbe(transport).answer();
}

/** What the peer has not seen is no longer kept, and the session has ended for that: it is told so. Or its count was none. */
function tellEnd(get: Get): void {
  const { line, response } = get;
  const words = line.ending === 'journal-full' && line.host.farewells.toPoll(line.id);
  if (words) line.host.answers.farewell(response, words);
  else refuseCount(get);
}

function refuseCount({ line, refuse }: Get): void {
  refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_COUNT' }));
  line.core.end('count-impossible', 'seen is no count');
}

function answerWhenReady(line: Line): void {
  if (line.isUpgrading) line.attempts.releaseSoon();
  line.core.flush();
}

/** False where a later request has overtaken it. */
function takeTurn({ line, request }: Get): boolean {
  return line.attempts.takeTurn(turnOf(request));
}
