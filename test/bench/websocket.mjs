/** The websocket floor beside `ws`. */
import { constants, deflateRawSync } from 'node:zlib';

const LARGE_BYTES = 65_536;

/** A kilobyte of JSON, as services send it. */
const document = JSON.stringify({
  type: 'update',
  items: Array.from({ length: 12 }, (_none, at) => ({
    id: 1_000 + at * 37,
    name: `item number ${at}`,
    price: at * 3.75,
    inStock: at % 3 > 0,
  })),
});

/** As a client without context takeover sends it (RFC 7692 §7.2.1). */
const packed = deflateRawSync(document, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4).toString('hex');

const perMessage = { unit: 'µs a message', peers: ['throughline', 'ws'] };
const echo = { ...perMessage, server: (peer) => ['servers/websocket.mjs', peer, 'echo'] };

/** @type {readonly import('./measure.mjs').Scenario[]} */
export const websocketScenarios = [
  { ...echo, name: 'echo 64 B, 1 in flight', wanted: 0.95, load: ['echo'] },
  { ...echo, name: 'echo 64 B, 32 in flight', wanted: 0.1, load: ['echo', '--window', '32'] },
  { ...echo, name: 'echo 64 kB', wanted: 1, load: ['echo', '--size', String(LARGE_BYTES), '--conns', '20'] },
  {
    ...perMessage,
    name: 'fan-out to 1,000',
    unit: 'µs a delivery',
    wanted: 0.9,
    server: (peer) => ['servers/websocket.mjs', peer, 'fanout'],
    load: ['fanout', '--conns', '1000'],
  },
  { ...echo, name: 'open to ready', unit: 'µs a connection', wanted: 0.9, load: ['churn', '--window', '20'] },
  {
    ...echo,
    name: 'idle connection',
    unit: 'kB',
    wanted: 1,
    measures: 'memory',
    load: ['idle', '--conns', '10000'],
  },
  {
    ...perMessage,
    name: 'echo 1 kB JSON, deflate',
    wanted: 0.9,
    server: (peer) => ['servers/websocket.mjs', peer, 'deflate'],
    load: ['echo', '--header', 'Sec-WebSocket-Extensions: permessage-deflate', '--frame', packed],
  },
];
