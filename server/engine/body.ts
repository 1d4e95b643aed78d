/** Reads the body of a POST, up to a limit. */
import type { IncomingMessage } from 'node:http';

/** Why there is no body: it is too large, it ended before it was whole, or its length is not what the header says. */
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
  const settle = (body: Buffer | undefined, fault?: BodyFault): void => {
    request.off('data', onData);
    request.off('end', onEnd);
    request.off('close', onClose);
    done(body, fault);
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBytes) return settle(undefined, 'too-big');
    chunks.push(chunk);
  };
  const onEnd = (): void => settle(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  const onClose = (): void => settle(undefined, 'truncated');
  request.on('data', onData);
  request.on('end', onEnd);
  request.on('close', onClose);
}
