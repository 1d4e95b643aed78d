/** The events floor beside `socket.io` and its client: events over WebSocket, and over long-polling. */

const query = 'EIO=4&transport=websocket';
const overWebSocket = ['--path', `/socket.io/?${query}`, '--pre', 'recv,send:40,recv', '--msg', '42["echo","%"]'];
const fanOut = ['--path', `/socket.io/?${query}`, '--pre', 'recv,send:40,recv', '--msg', '42["all","%"]'];

const events = {
  unit: 'µs a message',
  peers: ['throughline', 'socket.io'],
  server: (peer) => ['servers/events.mjs', peer],
};

/** Both clients have the same server. */
const client = {
  unit: 'µs a message',
  peers: ['throughline', 'socket.io-client'],
  server: () => ['servers/events.mjs', 'throughline'],
  client: (peer) => ['clients/events.mjs', '--client', peer],
};

/** Between our own two ends: the load counts what it has seen as our client does, and speaks plain Engine.IO where it can't. */
const ownEnds = {
  unit: 'µs a message',
  peers: ['resume', 'no resume'],
  server: (peer) => ['servers/events.mjs', 'throughline', JSON.stringify({ resume: peer === 'resume' })],
};
const withResume = ['--report', '16', ...overWebSocket, '--path', `/socket.io/?${query}&resume=1`];

/** @type {readonly import('./measure.mjs').Scenario[]} */
export const eventScenarios = [
  { ...events, name: 'event 64 B, 1 in flight', wanted: 0.65, load: ['echo', ...overWebSocket] },
  { ...events, name: 'event 64 B, 32 in flight', wanted: 0.2, load: ['echo', '--window', '32', ...overWebSocket] },
  {
    ...events,
    name: 'event 64 kB',
    wanted: 0.4,
    load: ['echo', '--size', '65536', '--conns', '20', ...overWebSocket],
  },
  {
    ...events,
    name: 'event to 1,000',
    unit: 'µs a delivery',
    wanted: 0.65,
    load: ['fanout', '--conns', '1000', ...fanOut],
  },
  {
    ...events,
    name: 'event open to ready',
    unit: 'µs a connection',
    wanted: 0.5,
    load: ['churn', '--window', '20', ...overWebSocket],
  },
  {
    ...events,
    name: 'event idle connection',
    unit: 'kB',
    wanted: 0.5,
    measures: 'memory',
    load: ['idle', '--conns', '10000', ...overWebSocket],
  },
  {
    ...events,
    name: 'event polling cycle',
    unit: 'µs a cycle',
    wanted: 0.75,
    program: 'pollload',
    load: ['echo', '--path', '/socket.io/', '--pre', '40', '--msg', '42["echo","%"]'],
  },
  { ...ownEnds, name: 'resume 64 B, 1 in flight', wanted: 1.1, load: ['echo', ...withResume] },
  { ...ownEnds, name: 'resume 64 B, 32 in flight', wanted: 1.1, load: ['echo', '--window', '32', ...withResume] },
  { ...client, name: 'client 64 B, 1 in flight', wanted: 0.7, load: [] },
  { ...client, name: 'client 64 B, 32 in flight', wanted: 0.7, load: ['--window', '32'] },
];
