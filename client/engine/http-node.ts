/** Requests in Node: by `node:http` and `node:https`, over connections that are kept and used again. */
import http from 'node:http';
import https from 'node:https';
import { headersOf, keepCookies } from './cookies-node.ts';
import type { Environment } from './environment.ts';
import { tlsOf } from './tls-node.ts';

const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };

export const request: Environment['request'] = ({ url, body, options }, sink) => {
  const secure = url.startsWith('https:');
  let over = false;
  let running: http.ClientRequest;

  const end = (status: number, error?: unknown, retryAfter?: string): void => {
    if (over) return;
    over = true;
    sink.done(status, error, retryAfter);
  };
  const run = (): void => {
    running = (secure ? https : http).request(url, {
      ...tlsOf(options),
      agent: typeof options.agent === 'object' ? (options.agent as http.Agent) : secure ? agents.https : agents.http,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: '*/*',
        ...(body !== undefined && {
          'content-type': 'text/plain;charset=UTF-8',
          'content-length': String(Buffer.byteLength(body)),
        }),
        ...headersOf(options),
      },
    });
    if (options.autoUnref) running.on('socket', (socket) => socket.unref());
    running.on('error', (error: NodeJS.ErrnoException) => {
      if (over) return;
      // A kept connection had ended just when we used it again; nobody has seen the request (RFC 9112 §9.3.1). When the
      // network was cut they all have, so each of them may fail in turn before a new one is made.
      if (running.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '')) run();
      else end(0, error);
    });
    running.on('response', (answer) => {
      const status = answer.statusCode!;
      keepCookies(options, answer.headers['set-cookie']);
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        if (!over) sink.chunk(text, status);
      });
      answer.on('end', () => end(status, undefined, answer.headers['retry-after']));
      // Without an end before: cut short.
      answer.on('error', (error) => end(0, error));
      answer.on('close', () => end(0, new Error('aborted')));
    });
    running.end(body);
  };
  try {
    run();
  } catch (error) {
    // A header or an address that Node refuses to send.
    queueMicrotask(() => end(0, error));
  }
  return () => {
    over = true;
    running?.destroy();
  };
};
