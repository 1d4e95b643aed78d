/**
 * One connection, and the sockets that share it, one in each namespace: messages of the session to packets of the sockets
 * and back. The only module that touches a session.
 */
import type { IncomingMessage } from 'node:http';

import createDebug from 'debug';

import type { EventsMap } from '../../shared/emitter.ts';
import { attach } from '../../shared/events/attachments.ts';
import type { PartialPacket } from '../../shared/events/attachments.ts';
import { decodeText } from '../../shared/events/decoder.ts';
import { PacketType, isPacketValid } from '../../shared/events/packet.ts';
import type { Packet } from '../../shared/events/packet.ts';
import type { PacketDecoder } from '../../shared/events/parser.ts';
import type { Receiver, Session } from '../engine/index.ts';
import { shortId } from '../engine/session-id.ts';
import { isOurs, malformed } from './engine.ts';
import type { SendOptions } from './engine.ts';
import { printable } from './printable.ts';
import type { Server } from './server.ts';
import type { DisconnectReason } from './disconnect-reason.ts';
import type { Socket } from './socket.ts';

const debug = createDebug('throughline:events:client');

/** Unless something else is said. Not frozen: other engines write into it what it says already. */
const PLAIN: SendOptions = { compress: true };

/** A namespace's place while the adapter looks for what it kept of the client. */
type Place<L extends EventsMap, E extends EventsMap, S extends EventsMap, D> = Socket<L, E, S, D> | null;

export class Client<L extends EventsMap, E extends EventsMap, S extends EventsMap, D> implements Receiver {
  readonly conn: Session;
  private readonly server: Server<L, E, S, D>;
  /** The default namespace's: most clients have no other, and no map is needed for it. */
  private root: Place<L, E, S, D> | undefined = undefined;
  private others: Map<string, Place<L, E, S, D>> | undefined = undefined;
  /** Namespaces that the server left: the client may not know yet, and what it still sends there is no fault. */
  private left: Set<string> | undefined = undefined;
  /** The socket that connected in this very turn. */
  private fresh: Socket<L, E, S, D> | undefined = undefined;
  /** The packet whose attachments are due. */
  private partial: PartialPacket | undefined = undefined;
  /** Only of a parser that the application brought. */
  private decoder: PacketDecoder | undefined = undefined;
  private isClosed = false;

  constructor(server: Server<L, E, S, D>, conn: Session) {
    this.server = server;
    this.conn = conn;
    const { Decoder } = server;
    if (Decoder) {
      this.decoder = new Decoder();
      this.decoder.on('decoded', (packet) => this.decoded(packet));
    }
    if (isOurs(conn)) conn.receiver = this;
    else {
      conn.on('data', (data: string | Buffer) => this.message(data));
      conn.on('close', (reason: string, description: unknown) => this.closed(reason, description));
    }
    server.connectDeadlines.add(this);
  }

  /** The session's id: a secret, unlike a socket's. */
  get id(): string {
    return this.conn.id;
  }

  /** The request that opened the session. */
  get request(): IncomingMessage {
    return this.conn.request;
  }

  /** Takes the next message of the session. */
  message(data: string | Buffer): void {
    let packet: Packet | undefined;
    try {
      if (this.decoder === undefined) packet = this.decode(data);
      else this.decoder.add(data);
    } catch (error) {
      // What parsers throw is an Error.
      this.refuse(error as Error);
      return;
    }
    if (packet !== undefined) this.take(packet);
  }

  /** Takes the end of the session. */
  closed(reason: string, description?: unknown): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (isOurs(this.conn)) this.conn.receiver = undefined;
    this.server.connectDeadlines.delete(this);
    // Ours say so themselves.
    if (!isOurs(this.conn)) debug('client %s closed: %s', shortId(this.id), reason);
    this.root?._onclose(reason as DisconnectReason, description);
    if (this.others)
      for (const socket of this.others.values()) socket?._onclose(reason as DisconnectReason, description);
    this.root = this.others = this.left = this.partial = undefined;
    this.decoder?.destroy();
  }

  /** No namespace was joined in time. */
  connectTimedOut(): void {
    debug('client %s joined no namespace in time', shortId(this.id));
    this.server.counts.hit('connect-timeout', this.conn);
    // It may have been told why, and not have asked for that yet: it had its time.
    this.close(undefined, true);
  }

  /** Starts to join a namespace. */
  connect(name: string, auth?: Record<string, unknown>): void {
    const places = (this.root === undefined ? 0 : 1) + (this.others?.size ?? 0);
    if (places >= this.server.limits.maxNamespaces) {
      this.server.counts.hit('too-many-namespaces', this.conn);
      this.send({ type: PacketType.CONNECT_ERROR, nsp: name, data: { message: 'Too many namespaces' } });
      return;
    }
    this.occupy(name, null);
    this.server.findNamespace(name, auth, (namespace) => {
      if (this.isClosed) return;
      if (namespace) namespace.enter(this, auth);
      else {
        debug('client %s asks for an unknown namespace', shortId(this.id));
        this.vacate(name);
        this.send({ type: PacketType.CONNECT_ERROR, nsp: name, data: { message: 'Invalid namespace' } });
      }
    });
  }

  /** A socket takes its namespace's place. */
  occupy(name: string, socket: Place<L, E, S, D>): void {
    this.left?.delete(name);
    if (name === '/') this.root = socket;
    else (this.others ??= new Map()).set(name, socket);
  }

  /** A namespace was joined. */
  joined(socket: Socket<L, E, S, D>): void {
    this.server.connectDeadlines.delete(this);
    this.fresh = socket;
    setImmediate(settle, this);
  }

  /** What comes from now on was sent by a client that may know that it is in. */
  settled(): void {
    this.fresh = undefined;
  }

  /** Called by each socket that is no more. */
  remove(socket: Socket<L, E, S, D>): void {
    const { name } = socket.nsp;
    this.vacate(name);
    // What has come of a packet for it is of no use to anybody; its other attachments still have to be let by.
    if (this.partial?.nsp === name) this.partial = forgotten(this.partial);
  }

  /** The server leaves a namespace, of which the client is yet to hear. */
  leave(name: string): void {
    const left = (this.left ??= new Set());
    left.add(name);
    // It must have heard of the first of so many by now: more than that it can't be in at once.
    const [oldest] = left;
    if (left.size > this.server.limits.maxNamespaces) left.delete(oldest!);
  }

  /** Leaves all namespaces and closes the connection. */
  disconnect(): void {
    for (const socket of this.sockets()) socket.disconnect();
    this.close();
  }

  /** Whether a socket could still be told anything. */
  get isOpen(): boolean {
    return !this.isClosed && this.conn.readyState === 'open';
  }

  /** Sends a packet, if the session is open. @param done - called when it was handed to a transport */
  send(packet: Packet, options = PLAIN, done?: () => void): void {
    if (this.isOpen) this.writeToEngine(this.server.encoder.encode(packet), options, done);
  }

  /** Sends an encoded packet. Adapters call this for each receiver of a broadcast. */
  // As adapters have it from any encoder.
  // oxlint-disable-next-line no-explicit-any
  writeToEngine(parts: readonly any[] | string, options = PLAIN, done?: () => void): void {
    const { conn } = this;
    if (options.volatile && !isIdle(conn.transport)) return;
    if (typeof parts === 'string') {
      conn.write(parts, options, done);
      return;
    }
    const last = parts.length - 1;
    for (let index = 0; index < last; index++) conn.write(parts[index], options);
    conn.write(parts[last], options, done);
  }

  private *sockets(): Generator<Socket<L, E, S, D>> {
    if (this.root) yield this.root;
    for (const socket of this.others?.values() ?? []) if (socket) yield socket;
  }

  private placeOf(name: string): Place<L, E, S, D> | undefined {
    return name === '/' ? this.root : this.others?.get(name);
  }

  private vacate(name: string): void {
    if (name === '/') this.root = undefined;
    else this.others?.delete(name);
  }

  /** @returns the packet that is whole now, if one is */
  private decode(data: string | Buffer): Packet | undefined {
    const { partial } = this;
    if (typeof data === 'string') {
      if (partial !== undefined) throw new Error('got plaintext data when reconstructing a packet');
      const packet = decodeText(data, this.server.refuseDeeper, this.server.limits.maxAttachments);
      if (!('missing' in packet)) return packet;
      // Refused before the bytes come: nobody could take them.
      if (!this.placeOf(packet.nsp)?.connected && !this.left?.has(packet.nsp)) throw new Error('not joined');
      this.partial = packet;
      return undefined;
    }
    if (partial === undefined) throw new Error('got binary data when not reconstructing a packet');
    const packet = attach(partial, data);
    if (packet) this.partial = undefined;
    return packet?.data === undefined ? undefined : packet;
  }

  /** Takes a packet of the application's own parser. */
  private decoded(packet: Packet): void {
    if (!isPacketValid(packet)) throw new Error('invalid packet');
    this.take(packet);
  }

  private take(packet: Packet): void {
    let name = packet.nsp;
    let auth = packet.data as Record<string, unknown> | undefined;
    if (this.conn.protocol === 3) {
      // Socket.IO 2 has no auth: its clients put a query behind the namespace.
      const at = name.indexOf('?');
      if (at >= 0) {
        auth = Object.fromEntries(new URLSearchParams(name.slice(at)));
        name = name.slice(0, at);
      }
    }
    const socket = this.placeOf(name);
    if (packet.type === PacketType.CONNECT) {
      if (socket === undefined) this.connect(name, auth);
      // Socket.IO's client sends it twice when its user calls `connect()` while it connects by itself.
      else if (socket?.connected && this.fresh !== socket) this.refuse(new Error('connected twice'), false);
    } else if (packet.type === PacketType.CONNECT_ERROR) this.refuse(new Error('refused by a client'), false);
    else if (socket?.connected) socket.receive(packet);
    else if (socket && packet.type === PacketType.DISCONNECT) socket._cleanup();
    else if (!this.left?.has(name)) this.refuse(new Error('not joined'), false);
  }

  /**
   * Ends the connection: the client broke the protocol.
   *
   * @param isMalformed - whether what came was no packet at all; the sockets get an event `error` then, as Socket.IO has it
   */
  private refuse(error: Error, isMalformed = true): void {
    debug('client %s broke the protocol: %s', shortId(this.id), printable(error.message));
    this.server.counts.brokeProtocol(error, this.conn);
    if (isMalformed) for (const socket of this.sockets()) if (socket.connected) socket.raise(error);
    this.close(malformed(error.message));
  }

  private close(description?: unknown, discard = false): void {
    // First, so that the sockets hear our description and not the session's.
    this.closed('forced close', description);
    if (this.conn.readyState === 'open') this.conn.close(discard);
  }
}

/** One for all, so that none is made for each client. */
function settle(client: { settled(): void }): void {
  client.settled();
}

/** What is still to come of a packet that nobody is left to take: the number of its attachments. */
function forgotten({ type, nsp, missing }: PartialPacket): PartialPacket {
  return { type, nsp, missing: missing.map(() => ({ holder: {}, key: '' })) };
}

/** Whether what is sent now leaves at once. What waits for the end of this turn is on its way: the first of many gets through. */
function isIdle({
  writable,
  bufferedAmount,
}: {
  readonly writable: boolean;
  readonly bufferedAmount: number;
}): boolean {
  return writable && !(bufferedAmount > 0); // another engine's transports may not count
}
