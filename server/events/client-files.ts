/**
 * Serves the client's script under the server's path: from a fixed list of names, so that no request can name a file.
 *
 * The files are those of our build. They are read when first asked for and kept, each with its tag and its compressed forms.
 */
import { access, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, deflate, gzip } from 'node:zlib';

import createDebug from 'debug';

import { preferredEncoding } from '../engine/accept-encoding.ts';

const debug = createDebug('throughline:events:client-files');

/** The files of the build. */
const BUILT = ['throughline.js', 'throughline.min.js', 'throughline.esm.min.js', 'throughline.msgpack.min.js'];

/** Each name, to the file that it gives. Pages written for Socket.IO ask by its names. */
const files = new Map<string, string>();
for (const built of BUILT) {
  for (const end of ['', '.map']) {
    files.set(built + end, built + end);
    files.set(built.replace('throughline', 'socket.io') + end, built + end);
  }
}

/** In the order in which we'd rather send them. */
const encodings = new Map<string, (data: Buffer) => Promise<Buffer>>([
  ['br', promisify<Buffer, Buffer>(brotliCompress)],
  ['gzip', promisify<Buffer, Buffer>(gzip)],
  ['deflate', promisify<Buffer, Buffer>(deflate)],
]);

/** A file in all the forms that were asked for so far. */
interface Loaded {
  readonly plain: Buffer;
  readonly etag: string;
  readonly packed: Map<string, Promise<Buffer>>;
}

const loaded = new Map<string, Promise<Loaded>>();

/** Answers requests for the client's files, and leaves all others alone. */
export class ClientFiles {
  private readonly prefix: string;

  /** @param path - without a slash at its end */
  constructor(path: string) {
    this.prefix = `${path}/`;
  }

  /** @returns whether the request was for one of the files; then it is answered */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (!path.startsWith(this.prefix) || request.headers.upgrade !== undefined) return false;
    const file = files.get(path.slice(this.prefix.length));
    if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    this.answer(file, request, response).catch((error: unknown) => {
      debug('%s not served: %s', file, error);
      if (!response.headersSent)
        response.writeHead(404, {
          'Content-Type': 'text/plain',
          'Cache-Control': 'no-store',
          'X-Content-Type-Options': 'nosniff',
        });
      response.end();
    });
    return true;
  }

  private async answer(file: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let entry = loaded.get(file);
    if (entry === undefined) {
      entry = load(file);
      loaded.set(file, entry);
      // Not there yet may be there later.
      entry.catch(() => loaded.delete(file));
    }
    const { plain, etag, packed } = await entry;
    const headers: Record<string, string | number> = {
      'Cache-Control': 'public, max-age=0',
      'Content-Type': `application/${file.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`,
      ETag: etag,
      // `cors` may have said that it varies by origin.
      Vary: [response.getHeader('Vary') ?? [], 'Accept-Encoding'].flat().join(', '),
      'X-Content-Type-Options': 'nosniff',
    };
    if (isKnown(request.headers['if-none-match'], etag)) {
      response.writeHead(304, headers).end();
      return;
    }
    let body = plain;
    const encoding = preferredEncoding(request.headers['accept-encoding'], [...encodings.keys()]);
    if (encoding !== undefined) {
      const pending = packed.get(encoding) ?? encodings.get(encoding)!(plain);
      packed.set(encoding, pending);
      body = await pending;
      headers['Content-Encoding'] = encoding;
    }
    headers['Content-Length'] = body.length;
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : body);
  }
}

async function load(file: string): Promise<Loaded> {
  const plain = await readFile(new URL(file, await folder()));
  return { plain, etag: `"${await version()}"`, packed: new Map() };
}

/** The package's: the scripts change with it, and with nothing else. As Socket.IO's server has it in the tag. */
async function version(): Promise<string> {
  const manifest = await readFile(new URL('../package.json', await folder()), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Where the build is: above the built server, or beside the sources when those are run. */
async function folder(): Promise<URL> {
  const built = new URL('../', import.meta.url);
  return access(new URL(BUILT[0]!, built)).then(
    () => built,
    () => new URL('../../dist/', import.meta.url),
  );
}

/** RFC 9110 §13.1.2, with weak comparison. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
