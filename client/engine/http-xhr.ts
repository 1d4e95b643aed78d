/** Requests by `XMLHttpRequest`. Redirects can't be forbidden, but are found out. */
import type { Environment } from './environment.ts';

export const requestByXhr: Environment['request'] = ({ url, body, options }, sink) => {
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
  xhr.open(body === undefined ? 'GET' : 'POST', url);
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
