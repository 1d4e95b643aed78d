/** Requests in a browser: by `fetch`, whose answers are read as they arrive, or by `XMLHttpRequest` where it can't do that. */
import type { Environment } from './environment.ts';

type Request = Environment['request'];

const methodOf = (body: string | undefined): string => (body === undefined ? 'GET' : 'POST');

const byFetch: Request = ({ url, body, lasting = false, options }, sink) => {
  const control = new AbortController();
  const { signal } = control;
  const run = async (): Promise<void> => {
    const answer = await fetch(url, {
      method: methodOf(body),
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
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let text; (text = (await reader.read()).value) !== undefined;) sink.chunk(text, status);
    if (!signal.aborted) sink.done(status, undefined, headers.get('retry-after'));
  };
  run().catch((error) => signal.aborted || sink.done(0, error));
  return () => control.abort();
};

/** Older browsers, React Native, and pages that are only simulated. Redirects can't be forbidden, but are found out. */
const byXhr: Request = ({ url, body, options }, sink) => {
  const xhr = new XMLHttpRequest();
  let taken = 0;
  const take = (): boolean => {
    const { responseText, responseURL, status } = xhr;
    if (responseURL && !responseURL.startsWith(url.split('?', 1)[0]!)) return false;
    if (responseText.length > taken) sink.chunk(responseText.slice(taken), status);
    taken = responseText.length;
    return true;
  };
  const fail = (error?: unknown): void => sink.done(0, error);
  xhr.open(methodOf(body), url);
  xhr.withCredentials = !!options.withCredentials;
  for (const [name, value] of Object.entries(options.extraHeaders ?? {})) xhr.setRequestHeader(name, value);
  xhr.onprogress = take;
  xhr.onload = () =>
    take() ? sink.done(xhr.status, undefined, xhr.getResponseHeader('retry-after')) : fail('redirected');
  xhr.onerror = fail;
  xhr.send(body);
  return () => {
    xhr.onprogress = xhr.onload = xhr.onerror = null;
    xhr.abort();
  };
};

/** Whether an answer can be read as text while it arrives. */
const streams =
  typeof TextDecoderStream === 'function' && typeof Response === 'function' && 'body' in Response.prototype;

export const request: Request = streams ? byFetch : byXhr;
