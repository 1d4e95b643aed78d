/** Reads the body of a POST, up to a limit. */
import type { IncomingMessage } from 'node:http';

/** Why there is no body: it is too large, or it ended before it was whole. */
export type BodyFault = 'too-big' | 'truncated';

/**
 * Calls `done` once, with the whole body or with why there is none.
 *
 * A body that announces its size is refused before any of it is read, a chunked one where it passes the limit.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer | undefined, fault?: BodyFault) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return done(undefined, 'too-big');
  const chunks: Buffer[] = [];
  let size = 0;
  let isSettled = false;
  const settle = (body: Buffer | undefined, fault?: BodyFault): void => {
    if (isSettled) return;
    isSettled = true;
    done(body, fault);
  };
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) settle(undefined, 'too-big');
    else chunks.push(chunk);
  });
  request.on('end', () => settle(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
  request.on('close', () => settle(undefined, 'truncated'));
}
