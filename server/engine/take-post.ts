/**
 * The POSTs of a session: packets on the way up, for polling and streaming alike.
 *
 * A plain peer may have one at a time. Those of our own ends say from which number they count, so a repeated one delivers
 * nothing twice, and one that comes too early is refused with 409.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { readCount } from '../../shared/engine/count.ts';
import type { Lane } from '../../shared/engine/transport.ts';
import { readBody } from './body.ts';
import type { BodyFault } from './body.ts';
import type { Codec, PacketSource } from './codec.ts';
import { handOn } from './hand-on.ts';
import { jsonpIndex, payloadOfForm } from './jsonp.ts';
import type { Delivery, Line } from './line.ts';
import { errors, refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { queryOf, turnOf } from './request.ts';
import { codecFor } from './revisions.ts';

/** How many POSTs a peer of our own may have on the way at once: one, and retries of it that proxies made. */
const MAX_POSTS_AT_ONCE = 4;

/** What a peer of our own says as it goes for good: nothing of it will follow that could fill a gap. */
const GOODBYE = Buffer.from('1');

/** A POST of `line`, whose session the request's checks found it to be; `refuse` answers it in the negative. */
export interface Post {
  readonly line: Line;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  refuse(why: Refusal): void;
}

export function takePost(post: Post): void {
  const { line, request, refuse } = post;
  const { core, host } = line;
  line.heard();
  if (!(isBinary(request) ? codecOf(post).hasBinaryBodies : isPlainText(request))) {
    refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_CONTENT_TYPE' }));
    return endPlain(line, 'invalid content');
  }
  if (line.posts >= (core.resumable ? MAX_POSTS_AT_ONCE : 1)) {
    refuse(refusal(errors.BAD_REQUEST, { name: 'POST_OVERLAP' }));
    return endPlain(line, 'data request overlap from client');
  }
  line.posts++;
  // What the peer would answer a ping with waits behind a large body.
  const heard = (): void => line.heard();
  readBody(request, host.settings.maxHttpBufferSize, heard, (body, fault) => {
    line.posts--;
    if (body !== undefined) return takeBody(post, body);
    refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_BODY', fault }, statusOf(fault)));
    if (fault === 'truncated') endPlain(line, 'data request connection closed prematurely');
  });
}

function takeBody(post: Post, body: Buffer): void {
  const { line, request, response, refuse } = post;
  const { core, host } = line;
  host.counts.bytes.received += body.length;
  if (!isBinary(request) && !isUtf8(body)) {
    refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_BODY', fault: 'not UTF-8' }));
    return core.end('malformed', 'a body that is not UTF-8');
  }
  const lane = laneOf(line, request);
  if (lane === undefined) return refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_COUNT' }));
  if (core.resumable && lane.next > core.seen + 1) {
    if (body.equals(GOODBYE)) {
      line.leaveSoon();
      return host.answers.post(response, host.answers.laterHeaders(request));
    }
    return refuse(refusal(errors.BAD_REQUEST, { name: 'GAP', from: lane.next, seen: core.seen }, 409));
  }
  let delivery: Delivery = 'taken';
  handOn(
    packetsOf(post, body),
    (packet) => {
      // A `5` names what was seen when it was sent: about a probe that is given up it would lead back to there.
      if (packet.type === 'upgrade' && core.resumable && line.attempts.isLate(turnOf(request))) return true;
      delivery = line.deliver(packet, lane);
      return delivery === 'taken';
    },
    () => {
      if (delivery !== 'bad') host.answers.post(response, host.answers.laterHeaders(request));
      else refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_PAYLOAD' }));
    },
  );
}

/** Where the messages of this POST are in the stream; undefined where a peer of our own doesn't say. */
function laneOf(line: Line, request: IncomingMessage): Lane | undefined {
  if (!line.core.resumable) return { next: 1 };
  const from = readCount(queryOf(request)['from']);
  return from === undefined || from === 0 ? undefined : { next: from };
}

function statusOf(fault: BodyFault | undefined): number {
  return fault === 'too-big' ? 413 : 400;
}

function codecOf({ line, request }: Post): Codec {
  return codecFor(line.session.protocol, request);
}

function packetsOf(post: Post, body: Buffer): PacketSource {
  const { line, request } = post;
  if (isBinary(request)) return codecOf(post).packetsIn(body);
  const text = body.toString();
  const isForm = line.host.settings.allowEIO3 && jsonpIndex(request) !== undefined;
  return codecOf(post).packetsIn(isForm ? payloadOfForm(text) : text);
}

function isBinary({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/octet-stream') === true;
}

/** Text in UTF-8, as it is. */
function isPlainText({ headers }: IncomingMessage): boolean {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return false;
  const type = headers['content-type']?.toLowerCase() ?? '';
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/.exec(type)?.[1];
  return charset === undefined || charset === 'utf-8' || charset === 'utf8';
}

/** Ends the session of a plain peer, which lost what it sent; one of our own sends it again. */
function endPlain(line: Line, detail: string): void {
  if (!line.core.resumable) line.core.end('transport-error', detail);
}
