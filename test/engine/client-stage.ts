/** Servers and clients of one test, gone with it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions, type Socket as Session } from 'engine.io';
import { onTestFinished } from 'vitest';
import { Socket, type SocketOptions } from '../../client/engine/index.ts';
import { attach, type ServerOptions as OwnOptions, type Session as OwnSession } from '../../server/engine/index.ts';

/** An HTTP server on a free port. */
export async function listen(listener?: RequestListener) {
  const http = createServer(listener);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

/** The official server, and what it was asked. */
export async function serveOfficial(options: Partial<ServerOptions> = {}) {
  const asked: IncomingMessage[] = [];
  const engine = new Server(options);
  const { http, url } = await listen();
  engine.attach(http);
  // After `attach`, which takes over the listeners that are there.
  http.on('request', (request) => asked.push(request));
  http.on('upgrade', (request) => asked.push(request));
  onTestFinished(() => void engine.close());
  const sessions: Session[] = [];
  engine.on('connection', (session: Session) => sessions.push(session));
  return { engine, http, url, asked, sessions };
}

export function connect(url: string, options: SocketOptions = {}): Socket {
  const client = new Socket(url, options);
  onTestFinished(() => void client.close());
  return client;
}

/** Resolves with what the event's listeners are called with. */
export function heard<Args extends unknown[] = unknown[]>(on: object, event: string): Promise<Args> {
  return new Promise((resolve) => {
    (on as { once(event: string, listener: (...args: Args) => void): unknown }).once(event, (...args) => resolve(args));
  });
}

/** Resolves with the first `count` messages, bytes as arrays of numbers. */
export function messages(from: Socket, count: number): Promise<unknown[]> {
  const got: unknown[] = [];
  return new Promise((resolve) => {
    from.on('message', (data) => {
      got.push(typeof data === 'string' ? data : [...new Uint8Array(data as ArrayBuffer)]);
      if (got.length === count) resolve(got);
    });
  });
}

/** The query of a request. */
export function queryOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(new URL(request.url!, 'http://any').searchParams);
}

/** Our own server, which echoes. */
export async function serve(options: OwnOptions = {}) {
  const { http, url } = await listen();
  const engine = attach(http, options);
  const sessions: OwnSession[] = [];
  engine.on('connection', (session: OwnSession) => {
    sessions.push(session);
    session.on('message', (data: string) => session.send(data));
  });
  onTestFinished(() => void engine.close());
  return { engine, http, url, port: Number(new URL(url).port), sessions };
}

/** Whole numbers from 0, as texts. */
export const countTo = (end: number): string[] => Array.from({ length: end }, (_, index) => String(index));
