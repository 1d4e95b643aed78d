/** Options that engine.io-client has and no other test is about: the official client is the control of each. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer as createPlainServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import * as official from 'engine.io-client';
import { Server } from 'engine.io';
import type { Socket as Session } from 'engine.io';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as ours from '../../client/engine/index.ts';
import type { SocketOptions } from '../../client/engine/index.ts';
import { requires } from '../requirement.ts';
import { certificate } from '../websocket/certificate.ts';
import { heard, queryOf, serveOfficial } from './client-stage.ts';

const clients = [
  ['ours', ours.Socket],
  // What both have, by the same names.
  ['the official one', official.Socket as unknown as typeof ours.Socket],
] as const;

const both = clients.flatMap(([whose, Socket]) =>
  (['polling', 'websocket'] as const).map((transport) => [whose, transport, Socket] as const),
);

function connectWith(Socket: typeof ours.Socket, url: string, options: SocketOptions): ours.Socket {
  const client = new Socket(url, options);
  onTestFinished(() => void client.close());
  return client;
}

describe.each(both)('%s on %s', (_whose, transport, Socket) => {
  it('makes its connections by `agent`', async () => {
    const { url } = await serveOfficial();
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const made = vi.spyOn(agent as unknown as { createConnection(): unknown }, 'createConnection');
    const client = connectWith(Socket, url, { transports: [transport], agent });
    await heard(client, 'open');
    expect(made).toHaveBeenCalled();
  });

  it('sends and gets bytes as base64 with `forceBase64`', async () => {
    const { url, asked, sessions } = await serveOfficial();
    const client = connectWith(Socket, url, { transports: [transport], forceBase64: true });
    await heard(client, 'open');
    expect(queryOf(asked[0]!)['b64']).toBe('1');
    const wire: unknown[] = [];
    if (transport === 'websocket') {
      const { socket } = sessions[0]!.transport as unknown as { socket: NodeJS.EventEmitter };
      socket.on('message', (data: Buffer, isBinary: boolean) => wire.push([String(data), isBinary]));
    }
    const got = heard(sessions[0]!, 'message');
    client.send(Buffer.from([1, 2, 255]));
    expect(await got).toEqual([Buffer.from([1, 2, 255])]);
    if (transport === 'websocket') expect(wire).toEqual([['bAQL/', false]]);
    const answer = heard(client, 'message');
    sessions[0]!.send(Buffer.from([3]));
    expect([...new Uint8Array((await answer)[0] as ArrayBuffer)]).toEqual([3]);
  });

  it.each<[SocketOptions, string, boolean]>([
    [{ timestampRequests: true }, 't', true],
    [{ timestampRequests: true, timestampParam: 'stamp' }, 'stamp', true],
    [{ timestampRequests: false }, 't', false],
  ])('puts what no cache has seen into each request: %j', async (options, name, isThere) => {
    const { url, asked } = await serveOfficial();
    const client = connectWith(Socket, url, { transports: [transport], ...options });
    await heard(client, 'open');
    client.send('x');
    await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(transport === 'polling' ? 3 : 1));
    const stamps = asked.map((request) => queryOf(request)[name]);
    if (isThere) expect(new Set(stamps).size).toBe(asked.length);
    expect(stamps.every((stamp) => (stamp !== undefined) === isThere)).toBe(true);
  });

  it.runIf(requires('openssl', '/usr/bin/openssl', 'apt-get install openssl'))(
    'shows the certificate in `pfx`, opened with `passphrase`, and speaks `ciphers` alone',
    async () => {
      const { key, cert } = certificate();
      const http = createServer({ key, cert, requestCert: true, rejectUnauthorized: false });
      const engine = new Server();
      engine.attach(http);
      await once(http.listen(0, '127.0.0.1'), 'listening');
      onTestFinished(() => {
        engine.close();
        http.closeAllConnections();
        http.close();
      });
      const opened = once(engine, 'connection') as Promise<[Session]>;
      connectWith(Socket, `https://localhost:${(http.address() as AddressInfo).port}`, {
        transports: [transport],
        ca: cert,
        pfx: pfxOf(key, cert, 'open sesame'),
        passphrase: 'open sesame',
        ciphers: 'TLS_AES_128_GCM_SHA256',
      });
      const tls = (await opened)[0].request.socket as TLSSocket;
      expect(tls.getPeerCertificate().subject.CN).toBe('localhost');
      expect(tls.getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    },
  );
});

describe.each(clients)('%s', (_whose, Socket) => {
  it.each([
    [undefined, /^permessage-deflate/],
    [{ threshold: 10 }, /^permessage-deflate/],
    [false, /^undefined$/],
  ])('asks for compression with `perMessageDeflate` %j', async (perMessageDeflate, offer) => {
    const { url, asked } = await serveOfficial();
    const client = connectWith(Socket, url, {
      transports: ['websocket'],
      ...(perMessageDeflate !== undefined && { perMessageDeflate }),
    });
    await heard(client, 'open');
    expect(String(asked[0]!.headers['sec-websocket-extensions'])).toMatch(offer);
  });

  it.each(['mine', ['mine', 'other']])('asks for the subprotocols in `protocols`: %j', async (protocols) => {
    const { url, asked } = await serveOfficial();
    const client = connectWith(Socket, url, { transports: ['websocket'], protocols });
    await heard(client, 'open');
    expect(asked[0]!.headers['sec-websocket-protocol']?.split(/, ?/)).toEqual([protocols].flat());
  });

  it.each<['nodebuffer' | 'arraybuffer', object]>([
    ['nodebuffer', Buffer.from([1, 2])],
    ['arraybuffer', new Uint8Array([1, 2]).buffer],
  ])('hands bytes over as its `binaryType` says: %s', async (binaryType, expected) => {
    const { url, sessions } = await serveOfficial();
    const client = connectWith(Socket, url, { transports: ['polling'] });
    client.binaryType = binaryType;
    await heard(client, 'open');
    const came = heard(client, 'message');
    sessions[0]!.send(Buffer.from([1, 2]));
    expect((await came)[0]).toStrictEqual(expected);
  });

  it('says in an error’s `description` with which status it was refused', async () => {
    const { url } = await serveOfficial({ allowRequest: (_request, decide) => decide('not you', false) });
    const client = connectWith(Socket, url, { transports: ['polling'] });
    const [error] = await heard<[ours.TransportError]>(client, 'error');
    expect([error.type, error.description, error.message]).toEqual(['TransportError', 403, 'xhr poll error']);
  });
});

it('takes `transportImplementations` before `transports`', async () => {
  const { url, asked } = await serveOfficial();
  const client = connectWith(ours.Socket, url, {
    transports: ['polling'],
    transportImplementations: [ours.WebSocket],
  });
  await heard(client, 'open');
  expect(client.transport).toBeInstanceOf(ours.WebSocket);
  expect(queryOf(asked[0]!)['transport']).toBe('websocket');
});

function pfxOf(key: string, cert: string, passphrase: string): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'pfx-'));
  const [keyFile, certFile, pfxFile] = ['key', 'cert', 'pfx'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  try {
    writeFileSync(keyFile, key);
    writeFileSync(certFile, cert);
    const files = ['-inkey', keyFile, '-in', certFile, '-out', pfxFile];
    execFileSync('openssl', ['pkcs12', '-export', ...files, '-passout', `pass:${passphrase}`], { stdio: 'ignore' });
    return readFileSync(pfxFile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(['polling', 'websocket', 'streaming'] as const)(
  'what an application adds to requests, on %s,',
  (transport) => {
    it.each(['\r', '\n', '\0', '\r\nX-Injected: yes'])('never breaks out of its place by %j', async (evil) => {
      const http = createPlainServer();
      const seen: string[] = [];
      const note = ({ rawHeaders, url }: IncomingMessage): void => void seen.push(String(url), ...rawHeaders);
      http.on('request', (request, response) => (note(request), response.writeHead(404).end()));
      http.on('upgrade', (request, socket) => (note(request), socket.end('HTTP/1.1 404 Not Found\r\n\r\n')));
      await once(http.listen(0, '127.0.0.1'), 'listening');
      onTestFinished(() => void http.close().closeAllConnections());
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      const given = { transports: [transport], reconnection: false };
      for (const extraHeaders of [{ 'X-A': `a${evil}` }, { [`X-A${evil}`]: 'a' }]) {
        const [error] = await heard(connectWith(ours.Socket, url, { ...given, extraHeaders }), 'error');
        expect(error).toMatchObject({ description: expect.any(TypeError) });
      }
      expect(seen).toEqual([]);
      for (const options of [{ query: { a: `b${evil}` } }, { path: `/engine.io${evil}` }])
        await heard(connectWith(ours.Socket, url, { ...given, ...options }), 'error');
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.filter((text) => /[\r\n\0]|^X-Injected/.test(text))).toEqual([]);
    });
  },
);
