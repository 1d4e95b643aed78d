/** Requests in a browser: by `fetch`, whose answers are read as they arrive, or by `XMLHttpRequest` where it can't do that. */
import type { Environment } from './environment.ts';

type Request = Environment['request'];

const byFetch: Request = ({ url, body, lasting, options }, sink) => {
  const control = new AbortController();
  const run = async (): Promise<void> => {
    let status = 0;
    let failure: unknown;
    let retryAfter: string | null | undefined;
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
      const reader = answer.body!.getReader();
      for (let piece; (piece = await reader.read()).value;)
        sink.chunk(decoder.decode(piece.value, { stream: true }), answer.status);
      ({ status } = answer);
      retryAfter = answer.headers.get('retry-after');
    } catch (error) {
      failure = error;
    }
    if (!control.signal.aborted) sink.done(status, failure, retryAfter);
  };
  void run();
  return () => control.abort();
};

const pathOf = (url: string): string | undefined => url.split('?')[0];

/** Older browsers, React Native, and pages that are only simulated. Redirects can't be forbidden, but are found out. */
const byXhr: Request = ({ url, body, options }, sink) => {
  const xhr = new XMLHttpRequest();
  let taken = 0;
  const wasRedirected = (): boolean => !!xhr.responseURL && pathOf(xhr.responseURL) !== pathOf(url);
  const take = (): void => {
    const { responseText, status } = xhr;
    if (wasRedirected()) return;
    if (responseText.length > taken) sink.chunk(responseText.slice(taken), status);
    taken = responseText.length;
  };
  xhr.open(body === undefined ? 'GET' : 'POST', url);
  xhr.withCredentials = options.withCredentials === true;
  if (body !== undefined) xhr.setRequestHeader('content-type', 'text/plain;charset=UTF-8');
  for (const [name, value] of Object.entries(options.extraHeaders ?? {})) xhr.setRequestHeader(name, value);
  xhr.onprogress = take;
  xhr.onload = () => {
    take();
    if (wasRedirected()) sink.done(0, 'redirected');
    else sink.done(xhr.status, undefined, xhr.getResponseHeader('retry-after'));
  };
  xhr.onerror = (error) => sink.done(0, error);
  xhr.send(body ?? null);
  return () => {
    xhr.onprogress = xhr.onload = xhr.onerror = null;
    xhr.abort();
  };
};

/** Whether an answer can be read while it arrives. */
const streams = typeof Response === 'function' && 'body' in Response.prototype;

export const request: Request = streams ? byFetch : byXhr;
