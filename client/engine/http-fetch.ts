/** Requests by `fetch`, whose answers are read as they arrive. */
import type { Environment, HttpSink } from './environment.ts';

/** What the sink is told at the end. */
type End = Parameters<HttpSink['done']>;

export const requestByFetch: Environment['request'] = ({ url, body, lasting, options }, sink) => {
  const control = new AbortController();
  const { signal } = control;
  const run = async (): Promise<End> => {
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
    return [status, undefined, headers.get('retry-after')];
  };
  void run()
    .catch((error): End => [0, error])
    .then((end) => signal.aborted || sink.done(...end));
  return () => control.abort();
};
