/** The engine client in a Node process of its own: what keeps that alive, and whom it trusts. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { attach } from '../../server/engine/index.ts';
import { connect, heard, serve } from './client-stage.ts';

const run = promisify(execFile);
let folder: string;
let bundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-client-'));
  bundle = join(folder, 'client.mjs');
  await build({
    entryPoints: ['client/engine/index.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs a script with `Socket` at hand; it must end by itself. */
async function script(text: string): Promise<string> {
  const source = `import { Socket } from ${JSON.stringify(bundle)};\n${text}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source], { timeout: 10_000 });
  return stdout;
}

describe.each([['polling'], ['websocket'], ['streaming'], ['all']])('a process on %s', (name) => {
  const options = name === 'all' ? '' : `transports: ['${name}']`;

  it('ends when the session is closed', async () => {
    const { url, engine } = await serve();
    const text = `
      const socket = new Socket('${url}', { ${options} });
      socket.on('message', () => socket.close());
      socket.on('close', (reason) => console.log(reason));
      socket.send('x');`;
    expect(await script(text)).toBe('forced close\n');
    while (engine.clientsCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('ends although the session is open, where it shall not be kept alive', async () => {
    const { url } = await serve();
    const text = `
      const socket = new Socket('${url}', { ${options}${options && ','} autoUnref: true });
      const alive = setTimeout(() => {}, 5_000);
      socket.once('message', () => { console.log('heard'); setTimeout(() => clearTimeout(alive), 100); });
      socket.send('x');`;
    expect(await script(text)).toBe('heard\n');
  });

  it('ends when the server is gone', async () => {
    const { url, http, engine } = await serve({ resume: { window: 200 } });
    const text = `
      const socket = new Socket('${url}', { ${options} });
      socket.on('open', () => console.log('open'));
      socket.on('close', (reason, { code }) => console.log(reason, code));`;
    const sockets: Socket[] = [];
    http.on('connection', (socket: Socket) => sockets.push(socket));
    engine.once('connection', () => {
      setTimeout(() => {
        http.close();
        for (const socket of sockets) socket.destroy();
      }, 200);
    });
    expect(await script(text)).toBe('open\ntransport close window-passed\n');
  });
});

describe.each([['polling'], ['websocket'], ['streaming']])('a certificate that nobody vouches for, on %s', (name) => {
  async function serveSelfSigned() {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      ...subject,
    ]);
    const pem = await readFile(cert);
    const https = createSecureServer({ key: await readFile(key), cert: pem });
    const engine = attach(https);
    await once(https.listen(0), 'listening');
    onTestFinished(() => {
      engine.close();
      https.closeAllConnections();
      https.close();
    });
    return { url: `https://localhost:${(https.address() as AddressInfo).port}`, pem };
  }

  it('is refused unless checking is off exactly, or its issuer is given', async () => {
    const { url, pem } = await serveSelfSigned();
    for (const given of [
      {},
      { rejectUnauthorized: undefined },
      { rejectUnauthorized: null },
      { rejectUnauthorized: 0 },
    ]) {
      const client = connect(url, { transports: [name], ...(given as object) });
      expect((await heard(client, 'error'))[0]).toMatchObject({ code: 'ERR_UNREACHABLE' });
    }
    for (const given of [{ rejectUnauthorized: false }, { ca: pem }])
      await heard(connect(url, { transports: [name], ...given }), 'open');
  });
});
