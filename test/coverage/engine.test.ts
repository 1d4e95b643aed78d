/** Public members of the engine and the client that no other folder's tests call. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as official from 'engine.io';
import { expect, it, onTestFinished } from 'vitest';
import { Socket } from '../../client/engine/index.ts';
import { Manager } from '../../client/index.ts';
import * as engine from '../../server/engine/index.ts';

it('an engine answers requests and upgrades that are handed to it, with ids of one’s own', async () => {
  const server = new engine.Server();
  server.generateId = () => 'an id of my own';
  const http = createServer((request, response) => server.handleRequest(request, response));
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    http.close();
  });
  const sessions = once(server, 'connection') as Promise<[engine.Session]>;
  const client = new Socket(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  await new Promise((resolve) => client.on('upgrade', resolve));
  const [session] = await sessions;
  expect([client.id, session.id, session._readyState]).toEqual(['an id of my own', 'an id of my own', 'open']);
  client.close();
  await once(session, 'close');
  expect(session._readyState).toBe('closed');
});

it('an engine knows what leads where, and its errors, as the official one does', () => {
  const server = new engine.Server();
  expect(server.upgrades('polling')).toContain('websocket');
  expect(server.upgrades('websocket')).toEqual([]);
  expect(new engine.Server({ allowUpgrades: false }).upgrades('polling')).toEqual([]);
  expect(engine.Transport.upgradesTo).toEqual([]);
  expect(engine.transports.polling.upgradesTo).toContain('websocket');
  expect(engine.Server.errors).toMatchObject(official.Server.errors);
  expect(engine.Server.errorMessages).toMatchObject(official.Server.errorMessages);
  expect(engine.parser.decodePacket('4x')).toEqual({ type: 'message', data: 'x' });
});

it('a manager says and takes its times', () => {
  const manager = new Manager('http://127.0.0.1:1', { autoConnect: false });
  expect([manager.randomizationFactor(), manager.reconnectionDelayMax()]).toEqual([0.5, 5_000]);
  expect([manager.reconnection(), manager.reconnectionAttempts(), manager.reconnectionDelay()]).toEqual([
    true,
    Infinity,
    1_000,
  ]);
  expect(manager.randomizationFactor(0.1).reconnectionDelayMax(70)).toBe(manager);
  expect([manager.randomizationFactor(), manager.reconnectionDelayMax()]).toEqual([0.1, 70]);
});
