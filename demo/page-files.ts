/** The page's files, from a fixed list: no path from outside ever reaches the disk. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'main.js.map': 'application/json',
  'icon.svg': 'image/svg+xml',
};

/** What the page may do: load its own files, talk to this server, show pictures that it was sent. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

interface File {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** Reads the files once, and answers requests for them; what is not on the list is a 404. */
export async function servePage(folder: URL): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  const files = new Map<string, File>();
  for (const [name, type] of Object.entries(TYPES)) {
    const body = await readFile(new URL(name, folder));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    files.set(name === 'index.html' ? '/' : `/${name}`, { body, type, etag });
  }
  return (request, response) => answer(files.get((request.url ?? '').split('?', 1)[0] ?? ''), request, response);
}

function answer(file: File | undefined, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (file === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found\n');
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', file.etag);
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304).end();
    return;
  }
  // To a HEAD, Node sends the head alone.
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.body.length }).end(file.body);
}
