/** Reads the body of a POST, up to a limit. */
import type { IncomingMessage } from 'node:http';

import { PayloadCollector } from '../../shared/websocket/payload-collector.ts';

/** Why there is no body: it is too large, or it ended before it was whole. */
export type BodyFault = 'too-big' | 'truncated';

/**
 * Calls `done` once, with the whole body or with why there is none, and `heard` for each piece.
 *
 * A body that announces its size is refused before any of it is read, a chunked one where it passes the limit. What has come
 * is joined as it comes: a body in chunks of a byte would else cost two hundred times its size.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  heard: () => void,
  done: (body: Buffer | undefined, fault?: BodyFault) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return done(undefined, 'too-big');
  // Mostly there is one chunk, and it is the body.
  let first: Buffer | undefined;
  let joined: PayloadCollector | undefined;
  let size = 0;
  let isSettled = false;
  const settle = (body: Buffer | undefined, fault?: BodyFault): void => {
    if (isSettled) return;
    isSettled = true;
    done(body, fault);
  };
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    heard();
    if (size > maxBytes) settle(undefined, 'too-big');
    else if (size === chunk.length) first = chunk;
    else {
      joined ??= joinedFrom(first!);
      joined.push(chunk, 0, chunk.length, maxBytes);
    }
  });
  request.on('end', () => settle(joined?.take() ?? first ?? Buffer.alloc(0)));
  request.on('close', () => settle(undefined, 'truncated'));
}

function joinedFrom(first: Buffer): PayloadCollector {
  const joined = new PayloadCollector();
  joined.push(first, 0, first.length, Infinity);
  return joined;
}
