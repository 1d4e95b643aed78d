/**
 * Stands in front of an http server's own listeners: what is for us never reaches them, all else does as before.
 *
 * Adding a listener is not enough: those of an Express app, added before or after, would answer our requests as well, and
 * a second WebSocket server would refuse our upgrades. Taking their listeners away disturbs whoever removes them later.
 * So the server's `emit` is stood in for while somebody is in front, and is its own again when the last one left.
 */
import { EventEmitter } from 'node:events';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Any of Node's that speak HTTP. Over HTTP/2 requests and responses are those of its compatible face. */
export type AnyHttpServer = HttpServer | Http2Server | Http2SecureServer;

/** Somebody in front. Each method takes the request and returns true, or leaves it to the next. */
export interface Interceptor {
  request?(request: IncomingMessage, response: ServerResponse): boolean;
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** A new connection. Whoever takes it and has no use for it gives it back by emitting it again. */
  connection?(socket: Socket): boolean;
}

type Emit = HttpServer['emit'];

/** Everybody who is in front of a server, the newest first. */
const inFront = new WeakMap<AnyHttpServer, Interceptor[]>();

/**
 * Puts `interceptor` in front of the listeners of `server`.
 *
 * @returns what takes it away again
 */
export function intercept(server: AnyHttpServer, interceptor: Interceptor): () => void {
  let all = inFront.get(server);
  if (all === undefined) {
    all = [];
    inFront.set(server, all);
    standInFront(server, all);
  }
  all.unshift(interceptor);
  return () => {
    const at = all.indexOf(interceptor);
    if (at >= 0) all.splice(at, 1);
    if (all.length > 0 || inFront.get(server) !== all || !Object.hasOwn(server, 'emit')) return;
    if (server.emit !== standIns.get(all)) return; // Somebody stands in front of us: with nobody left we let all pass.
    inFront.delete(server);
    Reflect.deleteProperty(server, 'emit');
  };
}

/** The `emit` that stands in, by those for whom it does. */
const standIns = new WeakMap<Interceptor[], Emit>();

function standInFront(server: AnyHttpServer, all: readonly Interceptor[]): void {
  const before = Object.hasOwn(server, 'emit') ? server.emit : undefined;
  const standIn = function (this: AnyHttpServer, event: string, ...args: unknown[]): boolean {
    if (event === 'request' || event === 'upgrade') {
      for (const one of all) if (offer(one, event, args)) return true;
    } else if (event === 'connection' && isLast(this) && offerConnection(all, args[0] as Socket)) return true;
    const emit = before ?? (Object.getPrototypeOf(server) as { emit: Emit }).emit;
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  } as Emit;
  // Whether nobody else looks at what the server emits: who does, in front of us or behind, is not to miss a thing.
  const isLast = (one: AnyHttpServer): boolean =>
    one.emit === standIn &&
    before === undefined &&
    (Object.getPrototypeOf(one) as { emit: unknown }).emit === EventEmitter.prototype.emit;
  standIns.set(all as Interceptor[], standIn);
  server.emit = standIn;
}

/** Nobody gets past somebody in front who looks at upgrades. */
function offerConnection(all: readonly Interceptor[], socket: Socket): boolean {
  for (const one of all) {
    if (one.connection?.(socket) === true) return true;
    if (one.upgrade !== undefined && one.connection === undefined) return false;
  }
  return false;
}

function offer(interceptor: Interceptor, event: string, args: unknown[]): boolean {
  if (event === 'upgrade') return interceptor.upgrade?.(...(args as [IncomingMessage, Duplex, Buffer])) === true;
  const [request, response] = args as [IncomingMessage, ServerResponse];
  return interceptor.request?.(request, response) === true;
}
