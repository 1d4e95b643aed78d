/** Requests by `fetch`, whose answers are read as they arrive. */
import type { Environment } from './environment.ts';

export const requestByFetch: Environment['request'] = ({ url, body, lasting, options }, sink) => {
  const control = new AbortController();
  const { signal } = control;
  const run = async (): Promise<void> => {
    const answer = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      body,
      headers: options.extraHeaders,
      credentials: options.withCredentials ? 'include' : 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      keepalive: lasting,
      signal,
      // TypeScript would have options left out that are undefined; to a browser it is the same.
    } as RequestInit);
    const { status, headers } = answer;
    const reader = answer.body!.getReader();
    const decoder = new TextDecoder();
    for (let piece; !(piece = await reader.read()).done;) {
      sink.chunk(decoder.decode(piece.value, { stream: true }), status);
    }
    if (!signal.aborted) sink.done(status, undefined, headers.get('retry-after'));
  };
  run().catch((error) => signal.aborted || sink.done(0, error));
  return () => control.abort();
};
