/**
 * Requests in a browser: by `fetch`, or where its answers can't be read as they arrive by `XMLHttpRequest`: in older browsers,
 * in React Native, and on pages that are only simulated. The small scripts do with `fetch`: see the build.
 */
import { requestByFetch } from './http-fetch.ts';
import { requestByXhr } from './http-xhr.ts';

const isStreaming = typeof Response === 'function' && 'body' in Response.prototype;

export const request = isStreaming ? requestByFetch : requestByXhr;
