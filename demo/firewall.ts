/**
 * A firewall for one tab, as some offices have it for all: it cuts the tab's WebSocket and refuses new ones. It works on
 * the TCP connections below the library, which knows nothing of it and has to cope.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { checkId } from './checks.ts';

/** Tabs under a ban. At the bound the oldest ban is lifted. */
const MOST_BANS = 1_000;

export class Firewall {
  private readonly banned = new Set<string>();
  /** Every open WebSocket's TCP connection, by its tab. */
  private readonly wires = new Map<string, Set<Socket>>();

  /** A middleware for `io.engine.use()`, which asks it for each request and each upgrade. */
  readonly inspect = (request: IncomingMessage, _response: unknown, next: (error?: Error) => void): void => {
    const tab = tabOf(request);
    if (tab === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') return next();
    if (this.banned.has(tab)) return next(new Error('this tab forbids WebSocket'));
    this.watch(tab, request.socket);
    next();
  };

  isForbidden(tab: string): boolean {
    return this.banned.has(tab);
  }

  forbid(tab: string): void {
    this.banned.add(tab);
    for (const oldest of this.banned) {
      if (this.banned.size <= MOST_BANS) break;
      this.banned.delete(oldest);
    }
    for (const wire of this.wires.get(tab) ?? []) wire.destroy();
  }

  allow(tab: string): void {
    this.banned.delete(tab);
  }

  private watch(tab: string, wire: Socket): void {
    const wires = this.wires.get(tab) ?? new Set();
    this.wires.set(tab, wires.add(wire));
    wire.once('close', () => {
      wires.delete(wire);
      if (wires.size === 0) this.wires.delete(tab);
    });
  }
}

/** The tab names itself in the query of every request that its session makes. */
function tabOf(request: IncomingMessage): string | undefined {
  const query = (request.url ?? '').split('?', 2)[1];
  return checkId(new URLSearchParams(query).get('tab'));
}
