/**
 * A firewall for one tab, as some offices have it for all: it cuts what the tab has open of a transport, and answers new
 * attempts itself. It works on the TCP connections below the library, which knows nothing of it and has to cope.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { checkForbidden, checkId } from './checks.ts';
import type { Forbidden } from './events.ts';

/** Bans at once. At the bound the oldest is lifted. */
const MOST_BANS = 1_000;

const REFUSAL = '<!doctype html><title>Forbidden</title><p>This network does not allow that.\n';

export class Firewall {
  private readonly bans = new Set<string>();
  /** The TCP connections that carry what could be forbidden. */
  private readonly wires = new Map<string, Set<Socket>>();

  /** A middleware for `io.engine.use()`, which asks it for each request and each upgrade. */
  readonly inspect = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const query = new URLSearchParams((request.url ?? '').split('?', 2)[1]);
    // The tab names itself in the query of every request that its session makes.
    const tab = checkId(query.get('tab'));
    const isUpgrade = request.headers.upgrade?.toLowerCase() === 'websocket';
    const transport = checkForbidden(isUpgrade ? 'websocket' : query.get('transport'));
    if (tab === undefined || transport === undefined) return next();
    const key = keyOf(tab, transport);
    if (!this.bans.has(key)) {
      this.watch(key, request.socket);
      next();
    } else if (isUpgrade) {
      // An upgrade has no response object of Node's.
      request.socket.end(
        `HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: ${REFUSAL.length}\r\n\r\n${REFUSAL}`,
      );
    } else {
      response.writeHead(403, { 'Content-Type': 'text/html; charset=utf-8' }).end(REFUSAL);
    }
  };

  isForbidden(tab: string, transport: Forbidden): boolean {
    return this.bans.has(keyOf(tab, transport));
  }

  forbid(tab: string, transport: Forbidden): void {
    const key = keyOf(tab, transport);
    this.bans.add(key);
    for (const oldest of this.bans) {
      if (this.bans.size <= MOST_BANS) break;
      this.bans.delete(oldest);
    }
    for (const wire of this.wires.get(key) ?? []) wire.destroy();
  }

  allow(tab: string, transport: Forbidden): void {
    this.bans.delete(keyOf(tab, transport));
  }

  private watch(key: string, wire: Socket): void {
    const wires = this.wires.get(key) ?? new Set();
    if (wires.has(wire)) return; // kept alive, and used again
    this.wires.set(key, wires.add(wire));
    wire.once('close', () => {
      wires.delete(wire);
      if (wires.size === 0) this.wires.delete(key);
    });
  }
}

/** Neither part can hold a space. */
function keyOf(tab: string, transport: Forbidden): string {
  return `${transport} ${tab}`;
}
