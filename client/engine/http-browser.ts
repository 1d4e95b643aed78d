/** Requests in a browser: by `fetch`, whose answers are read as they arrive. */
import type { Environment } from './environment.ts';

export const request: Environment['request'] = ({ url, body, lasting, options }, sink) => {
  const control = new AbortController();
  const run = async (): Promise<void> => {
    let status = 0;
    try {
      const answer = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        body: body ?? null,
        headers: options.extraHeaders ?? {},
        credentials: options.withCredentials ? 'include' : 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        keepalive: lasting === true,
        signal: control.signal,
      });
      const decoder = new TextDecoder();
      // React Native has no streams: there the body comes whole.
      const reader = answer.body?.getReader();
      status = answer.status;
      if (!reader) sink.chunk(await answer.text(), status);
      for (let piece; reader && (piece = await reader.read()).value;)
        sink.chunk(decoder.decode(piece.value, { stream: true }), status);
    } catch (error) {
      if (!control.signal.aborted) sink.done(0, error);
      return;
    }
    if (!control.signal.aborted) sink.done(status);
  };
  void run();
  return () => control.abort();
};
