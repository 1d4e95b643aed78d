/** What a server of events tells of itself as numbers. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Server } from '../../server/events/index.ts';
import type { EventMetrics, Socket } from '../../server/events/index.ts';
import { parseExposition } from '../exposition.ts';
import type { Exposed } from '../exposition.ts';
import { begin, heard, meet } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

async function scrape(io: Server): Promise<Exposed> {
  const http = createServer(io.metricsHandler());
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void http.close());
  const answer = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  return parseExposition(await answer.text());
}

const nothing: EventMetrics = {
  namespaces: 1,
  connectedSockets: 0,
  recoveredSockets: 0,
  invalidPayloads: 0,
  malformedPackets: 0,
  listenerErrors: 0,
  limitHits: { 'too-many-namespaces': 0, 'too-many-attachments': 0, 'too-deep': 0, 'connect-timeout': 0 },
};

/** A schema that nothing fits. */
const never = {
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
} as const;

it.each<[string, (io: Server, port: number) => Promise<unknown>, object]>([
  ['a connected socket', (_io, port) => RawPeer.connect(port), { connectedSockets: 1 }],
  [
    'a namespace made on demand, and its socket',
    async (io, port) => {
      io.of(/^\/made-/);
      const peer = await RawPeer.open(port, '40/made-by-a-client,');
      await peer.next();
    },
    { namespaces: 2, connectedSockets: 1 },
  ],
  [
    'a listener that throws',
    async (io, port) => {
      io.on('listener_error', () => {});
      io.on('connection', (socket) => {
        socket.on('boom', () => {
          throw new Error('boom');
        });
      });
      const peer = await RawPeer.connect(port);
      peer.send('42["boom"]', '420["boom"]');
      await vi.waitFor(() => expect(io.metrics().events.listenerErrors).toBe(2));
    },
    { connectedSockets: 1, listenerErrors: 2 },
  ],
  [
    'an event that does not fit its schema',
    async (io, port) => {
      io.validate('checked', never);
      const peer = await RawPeer.connect(port);
      peer.send('420["checked",1]');
      expect(await peer.next()).toContain('invalid payload');
    },
    { connectedSockets: 1, invalidPayloads: 1 },
  ],
  [
    'what is no packet',
    async (_io, port) => {
      const peer = await RawPeer.connect(port);
      peer.send('4nonsense');
      await peer.untilClosed();
    },
    { malformedPackets: 1 },
  ],
  [
    'too many attachments',
    async (_io, port) => {
      const peer = await RawPeer.connect(port);
      peer.send('4511-["many"]');
      await peer.untilClosed();
    },
    { malformedPackets: 1, limitHits: { ...nothing.limitHits, 'too-many-attachments': 1 } },
  ],
  [
    'data that nests too deep',
    async (_io, port) => {
      const peer = await RawPeer.connect(port);
      peer.send(`42["deep",${'['.repeat(2_000)}${']'.repeat(2_000)}]`);
      await peer.untilClosed();
    },
    { malformedPackets: 1, limitHits: { ...nothing.limitHits, 'too-deep': 1 } },
  ],
  [
    'more namespaces than a client may be in',
    async (io, port) => {
      for (const name of ['/one', '/two', '/three']) io.of(name);
      const peer = await RawPeer.connect(port);
      for (const name of ['/one', '/two']) {
        peer.send(`40${name},`);
        await peer.next();
      }
    },
    { namespaces: 4, connectedSockets: 2, limitHits: { ...nothing.limitHits, 'too-many-namespaces': 1 } },
  ],
  [
    'a client that joins nothing',
    async (io, port) => {
      io.connectTimeout(20);
      await (await RawPeer.open(port)).untilClosed();
    },
    { limitHits: { ...nothing.limitHits, 'connect-timeout': 1 } },
  ],
])('counts %s', async (_what, happen, expected) => {
  const { io, port } = await serve({ maxNamespaces: 2 });
  expect(io.metrics().events).toEqual(nothing);
  await happen(io, port);
  expect(io.metrics().events).toEqual({ ...nothing, ...expected });
});

it('counts sockets that were recovered', async () => {
  const { io, url } = await serve({ connectionStateRecovery: {} });
  const [client] = await meet(io, url);
  client.on('x', () => {});
  io.emit('x', 1);
  await heard(client, 'x');
  client.io.engine.close();
  client.io.reconnection(true);
  client.connect();
  const [socket] = (await once(io, 'connection')) as [Socket];
  expect(socket.recovered).toBe(true);
  expect(io.metrics().events.recoveredSockets).toBe(1);
});

it('tells of limits of this floor on the channel of limits as well', async () => {
  const limits: unknown[] = [];
  const listener = (message: unknown): void => void limits.push((message as { code: string }).code);
  subscribe('throughline:limit', listener);
  onTestFinished(() => void unsubscribe('throughline:limit', listener));
  const { port } = await serve();
  const peer = await RawPeer.connect(port);
  peer.send('4511-["many"]');
  await peer.untilClosed();
  expect(limits).toEqual(['too-many-attachments']);
});

it('is scraped with the engine as one, without a namespace, an event or an id', async () => {
  const { io, url } = await serve();
  io.of('/secret-space').on('connection', (socket) => socket.on('secret-event', (answer: () => void) => answer()));
  const [client, socket] = await meet(io, url, '/secret-space');
  await client.emitWithAck('secret-event');
  const { types, series, labelValues } = await scrape(io);
  expect([...types.keys()].filter((name) => name.startsWith('throughline_events_'))).toEqual([
    'throughline_events_namespaces',
    'throughline_events_connected_sockets',
    'throughline_events_recovered_sockets_total',
    'throughline_events_invalid_payloads_total',
    'throughline_events_malformed_packets_total',
    'throughline_events_listener_errors_total',
    'throughline_events_limit_hits_total',
  ]);
  expect(series.get('throughline_events_connected_sockets')).toBe(1);
  expect(series.get('throughline_server_active_sessions{transport="websocket"}')).toBe(1);
  // The CONNECT and the event; their answers.
  expect(series.get('throughline_server_messages_total{direction="received"}')).toBe(2);
  expect(series.get('throughline_server_messages_total{direction="sent"}')).toBe(2);
  const values = [...labelValues.values()].flatMap((all) => [...all]).join(' ');
  for (const secret of ['secret', socket.id, socket.conn.id]) expect(values).not.toContain(secret);
});

it('adds up what its engines count, and forgets nothing of those that are closed', async () => {
  const io = new Server();
  expect(io.metrics().activeSessions).toEqual({ polling: 0, websocket: 0, streaming: 0 });
  const servers = [createServer(), createServer()];
  for (const http of servers) {
    await once(http.listen(0, '127.0.0.1'), 'listening');
    io.attach(http);
    const connected = once(io, 'connection');
    begin(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    await connected;
  }
  expect(io.metrics()).toMatchObject({ activeSessions: { websocket: 2 }, messages: { received: 2, sent: 2 } });
  await io.close();
  servers[0]!.closeAllConnections();
  servers[0]!.close();
  expect(io.metrics()).toMatchObject({
    activeSessions: { websocket: 0 },
    closedSessions: { 'closed-here': 2 },
    messages: { received: 2 },
    events: { connectedSockets: 0 },
  });
});
