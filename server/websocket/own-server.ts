/**
 * The HTTP server of a WebSocketServer that was given a port. It has nothing but upgrades to offer, and opens WebSockets without
 * its HTTP wherever it can.
 */
import { createServer, STATUS_CODES } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';

import { VERSION } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { QuickUpgrades } from './quick-upgrades.ts';
import type { QuickOwner } from './quick-upgrades.ts';

/** No server looks for late requests more often than this. */
const MOST_CHECKS_MS = 500;

/** @returns a server that is not listening yet, and what opens its WebSockets */
export function makeOwnServer(limits: Limits): { readonly server: HttpServer; readonly quick: QuickUpgrades } {
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.handshakeTimeoutMs,
    // Node looks for late requests every so often, by default each 30 s.
    connectionsCheckingInterval: Math.max(MOST_CHECKS_MS, limits.handshakeTimeoutMs / 2),
  };
  const server = createServer(settings, (_request, response) => {
    // RFC 9110 §15.5.22
    const body = STATUS_CODES[426]!;
    response.writeHead(426, {
      'Content-Length': body.length,
      'Content-Type': 'text/plain',
      'Sec-WebSocket-Version': VERSION,
      Upgrade: 'websocket',
      Connection: 'Upgrade, close',
    });
    response.end(body);
  });
  return { server, quick: quicken(server, limits) };
}

/** Puts quick upgrades before a server's HTTP. */
function quicken(server: HttpServer, limits: Limits): QuickUpgrades {
  const [serve] = server.listeners('connection') as [(this: HttpServer, socket: Socket) => void];
  const owner: QuickOwner = {
    take: (request, rest) => server.emit('upgrade', request.message, request.socket, rest),
    leave: (socket) => serve.call(server, socket),
    late: (socket) => socket.destroy(),
  };
  const quick = new QuickUpgrades(server, owner, limits.handshakeTimeoutMs);
  server.off('connection', serve);
  server.on('connection', (socket: Socket) => quick.receive(socket));
  return quick;
}
