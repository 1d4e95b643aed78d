/** What is logged while peers say what they like: nothing of theirs that a terminal or a log would obey, and no secret. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { format } from 'node:util';

import debug from 'debug';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { io as connectTo } from '../../client/index.ts';
import { RawPeer, serve } from './raw-peer.ts';

/** An end of line, a line that looks like one of ours, and a sequence that a terminal obeys. */
const HOSTILE = 'x\r\n1970 throughline:engine all is well\u001b[2J\u001b]0;owned\u0007\u2028\u009b2J\u0085';
const SECRET = 'top-secret-9f3b';

// oxlint-disable-next-line no-control-regex -- it is what must not be there
const CONTROL = /[\0-\x1f\x7f-\x9f\u2028\u2029]/;

let lines: string[];
const { log } = debug;

beforeEach(() => {
  lines = [];
  debug.enable('throughline:*');
  debug.log = (...args: unknown[]) => void lines.push(format(...args));
});

afterEach(() => {
  debug.disable();
  debug.log = log;
});

/** Sends one request by hand and waits until the connection is closed. */
async function say(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume().end(text, 'latin1');
  await once(socket, 'close');
}

/** What `debug` itself writes around a line: a time, and colours where it thinks they are seen. */
function bare(line: string): string {
  // oxlint-disable-next-line no-control-regex -- colours of debug's own
  return line.replaceAll(/\u001b\[[\d;]*m/g, '').trimEnd();
}

it('holds no control character of a peer, no secret and no payload', async () => {
  const { io, port, url } = await serve({ cookie: true, connectTimeout: 60_000, cleanupEmptyChildNamespaces: true });
  // Who takes namespaces of any name has them named by its clients.
  io.of((name, _auth, next) => next(null, name.startsWith('/any')));
  const sids: string[] = [];
  io.engine.on('connection', ({ id }: { id: string }) => sids.push(id));
  io.on('connection', (socket) => {
    socket.on(SECRET, () => {});
    socket.on('throw', () => {
      throw new Error('mine');
    });
  });
  io.on('listener_error', () => {});

  const encoded = encodeURIComponent(HOSTILE);
  const targets = [
    `/socket.io/?EIO=4&transport=polling&sid=${encoded}`,
    `/socket.io/?EIO=4&transport=${encoded}`,
    `/socket.io/?EIO=${encoded}&transport=polling`,
    `/socket.io/${encoded}?EIO=4&transport=polling`,
    `/${encoded}`,
  ];
  const secrets = `Cookie: session=${SECRET}\r\nAuthorization: Bearer ${SECRET}\r\nConnection: close\r\n`;
  for (const target of targets) {
    await say(port, `GET ${target} HTTP/1.1\r\nHost: a\r\n${secrets}\r\n`);
    await say(port, `POST ${target} HTTP/1.1\r\nHost: a\r\n${secrets}Content-Length: 3\r\n\r\n\u001b[2`);
    const upgrade = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n${secrets}`;
    await say(port, `GET ${target} HTTP/1.1\r\nHost: a\r\n${upgrade}Sec-WebSocket-Key: \u001b[2J\r\n\r\n`);
    await say(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nOrigin: http://evil\u001b[2J.example\r\n${secrets}\r\n`);
  }

  const packets = [
    `40/${HOSTILE},`,
    `40/any${HOSTILE.replaceAll(',', '')},`,
    `40{"token":"${SECRET}"}`,
    `42["${SECRET}","${SECRET}"]`,
    `42["throw","${SECRET}"]`,
    `42[${JSON.stringify(HOSTILE)},1]`,
    `49${HOSTILE}`,
    HOSTILE,
    `42["\u001b[2J`,
  ];
  for (const packet of packets) {
    const peer = packet.startsWith('40') ? await RawPeer.open(port) : await RawPeer.connect(port);
    peer.send(packet);
    if (/^4[02]["{[/]/.test(packet)) peer.cut();
    await peer.untilClosed();
  }
  // A reason that a closing handshake gives is the peer's, too.
  for (const reason of [HOSTILE, SECRET]) {
    const socket = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`);
    await once(socket, 'message');
    socket.close(4_000, reason);
    await once(socket, 'close');
  }
  const client = connectTo(url, { auth: { token: SECRET }, extraHeaders: { authorization: SECRET } });
  onTestFinished(() => void client.close());
  await once(client as never, 'connect');
  client.emit(SECRET, SECRET);
  client.disconnect();
  await io.close();

  const told = lines.map(bare);
  expect(told.length).toBeGreaterThan(20);
  expect(told.filter((line) => CONTROL.test(line))).toEqual([]);
  expect(told.filter((line) => line.includes(SECRET))).toEqual([]);
  expect(sids.length).toBeGreaterThan(5);
  expect(told.filter((line) => sids.some((sid) => line.includes(sid) || line.includes(sid.slice(0, 7))))).toEqual([]);
});

it('names no more of a refused request than is ours', async () => {
  const { io, port } = await serve();
  const told = once(io.engine, 'connection_error');
  request({ port, path: `/socket.io/?EIO=4&transport=polling&sid=${SECRET}` }, (answer) => answer.resume()).end();
  const [{ code, message }] = (await told) as [{ code: number; message: string }];
  expect([code, message.includes(SECRET)]).toEqual([1, false]);
});
