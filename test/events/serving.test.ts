import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { manifest } from '../house/checkout.ts';
import { requires } from '../requirement.ts';
import { serve } from './raw-peer.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks for exactly that path: `fetch` would tidy it up. */
function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asking.on('error', reject);
    asking.end();
  });
}

const dist = new URL('../../dist/', import.meta.url);
const isBuilt = requires('the build', fileURLToPath(new URL('throughline.min.js', dist)), 'npm run build');

describe.runIf(isBuilt)('the client’s script', () => {
  const built = (file: string): Promise<Buffer> => readFile(new URL(file, dist));

  it.each([
    ['socket.io.js', 'throughline.js'],
    ['socket.io.min.js', 'throughline.min.js'],
    ['socket.io.esm.min.js', 'throughline.esm.min.js'],
    ['socket.io.js.map', 'throughline.js.map'],
    ['socket.io.min.js.map', 'throughline.min.js.map'],
    ['socket.io.msgpack.min.js', 'throughline.msgpack.min.js'],
    ['socket.io.msgpack.min.js.map', 'throughline.msgpack.min.js.map'],
    ['throughline.js', 'throughline.js'],
    ['throughline.min.js', 'throughline.min.js'],
    ['throughline.esm.min.js', 'throughline.esm.min.js'],
    ['throughline.min.js.map', 'throughline.min.js.map'],
    ['socket.io.js?v=1', 'throughline.js'],
  ])('is served as %s', async (name, file) => {
    const { port } = await serve();
    const { status, headers, body } = await ask(port, `/socket.io/${name}`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(`application/${file.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      vary: expect.stringContaining('Accept-Encoding'),
    });
    expect(headers['content-length']).toBe(String(body.length));
    expect(body.equals(await built(file))).toBe(true);
  });

  it('varies by origin where cors does', async () => {
    const { port } = await serve({ cors: { origin: /example$/ } });
    const { headers } = await ask(port, '/socket.io/socket.io.js', { Origin: 'https://a.example' });
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      vary: 'Origin, Accept-Encoding',
    });
  });

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ])('comes compressed by %s', async (encoding, unpack) => {
    const { port } = await serve();
    const { headers, body } = await ask(port, '/socket.io/socket.io.js', { 'accept-encoding': `x, ${encoding}` });
    expect(headers['content-encoding']).toBe(encoding);
    const plain = await built('throughline.js');
    expect(unpack(body).equals(plain)).toBe(true);
    expect(body.length).toBeLessThan(plain.length / 2);
  });

  it.each([
    ['', undefined],
    ['identity', undefined],
    ['gzip;q=0, br;q=0', undefined],
    ['gzip;q=0.5, deflate;q=0', 'gzip'],
    ['GZIP', 'gzip'],
    [' '.repeat(8_000), undefined],
  ])('is encoded as the client takes it: %j', async (accepted, expected) => {
    const { port } = await serve();
    const { headers } = await ask(port, '/socket.io/socket.io.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(expected);
  });

  it('is not sent again to who has it', async () => {
    const { port } = await serve();
    const first = await ask(port, '/socket.io/socket.io.js');
    const { etag } = first.headers as { etag: string };
    expect(etag).toBe(`"${manifest.version}"`);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, headers, body } = await ask(port, '/socket.io/socket.io.js', { 'if-none-match': known });
      expect([status, headers.etag, body.length]).toEqual([304, etag, 0]);
    }
    const other = await ask(port, '/socket.io/socket.io.js', { 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
  });

  it('answers HEAD without a body, and a range with the whole', async () => {
    const { port } = await serve();
    const head = await ask(port, '/socket.io/socket.io.js', {}, 'HEAD');
    const ranged = await ask(port, '/socket.io/socket.io.js', { range: 'bytes=0-1' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect([ranged.status, String(ranged.body.length)]).toEqual([200, head.headers['content-length']]);
  });

  it.each([
    '/socket.io/../package.json',
    '/socket.io/..%2fpackage.json',
    '/socket.io/%2e%2e/package.json',
    '/socket.io/..%5cpackage.json',
    '/socket.io//socket.io.js',
    '/socket.io/socket.io.js%00',
    '/socket.io/node/index.cjs',
    '/socket.io/throughline.txt',
    '/socket.io/__proto__',
    '/socket.io/constructor',
    `/socket.io/${'a'.repeat(4_000)}`,
  ])('is all that there is: not %.40s', async (path) => {
    const { port } = await serve();
    const { status, headers, body } = await ask(port, path);
    expect([400, 404]).toContain(status);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(body.length).toBeLessThan(200);
    expect(body.includes('aaaa')).toBe(false);
  });

  it('is not served where it is not wanted, nor by POST, nor outside of the path', async () => {
    const without = await serve({ serveClient: false });
    expect((await ask(without.port, '/socket.io/socket.io.js')).status).toBe(400);
    const moved = await serve({ path: '/elsewhere/' });
    expect((await ask(moved.port, '/elsewhere/socket.io.js')).status).toBe(200);
    expect((await ask(moved.port, '/elsewhere/socket.io.js', {}, 'POST')).status).toBe(400);
    expect(moved.io.path()).toBe('/elsewhere');
    expect([without.io.serveClient(), moved.io.serveClient()]).toEqual([false, true]);
  });
});
