/**
 * An adapter for a group of servers, whatever they talk over. Who extends it says how to publish, and hands in what comes:
 * {@link ClusterAdapter.doPublish} and {@link ClusterAdapter.doPublishResponse}, {@link ClusterAdapter.onMessage} and
 * {@link ClusterAdapter.onResponse}.
 *
 * A bus that is slow or down delays nobody here: local clients get theirs first, and what can't be published is logged.
 */
import { randomBytes } from 'node:crypto';

import createDebug from 'debug';

import type { Packet } from '../../../shared/events/packet.ts';
import { Adapter } from './adapter.ts';
import { BroadcastAnswers } from './broadcast-answers.ts';
import type { AckCallback } from './broadcast-answers.ts';
import { MessageType, decodeOptions, encodeOptions, isWellFormed } from './cluster-messages.ts';
import type { ClusterMessage, ClusterResponse, Offset, ServerId, Unsigned } from './cluster-messages.ts';
import { printable } from '../printable.ts';
import { addOffset, isRecoverable } from './packet-offset.ts';
import { PeerRequests, PeersMissingError } from './peer-requests.ts';
import type { AdapterSocket, BroadcastOptions, Room } from './types.ts';

const debug = createDebug('throughline:events:cluster-adapter');

/** How long other servers may take to answer, where the application didn't say (ms). */
const DEFAULT_TIMEOUT_MS = 5_000;

const createId = (): string => randomBytes(8).toString('hex');

export abstract class ClusterAdapter extends Adapter {
  protected readonly uid: ServerId = createId();
  /** Messages of others that made no sense. */
  malformedCount = 0;
  private readonly requests = new PeerRequests();
  private readonly broadcastAnswers = new BroadcastAnswers();
  /** The last broadcast that waited for its offset: those behind it wait for it, so that none overtakes. */
  private published: Promise<void> = Promise.resolve();

  // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
  protected constructor(nsp: any) {
    super(nsp);
  }

  /** Its namespace, for the log. */
  private get where(): string {
    return printable(this.nsp.name);
  }

  /** Sends a message to the other servers. Resolves with its place on the bus, if there is such a thing. */
  protected abstract doPublish(message: ClusterMessage): Promise<Offset>;

  /** Sends a response to the server that asked. */
  protected abstract doPublishResponse(requesterUid: ServerId, response: ClusterResponse): Promise<void>;

  /** Takes a message of another server; also a response, from who has one way in for both. */
  protected onMessage(message: ClusterMessage | ClusterResponse, offset?: string): void {
    if (!isWellFormed(message)) {
      this.malformedCount++;
      debug('%s: malformed message ignored', this.where);
      return;
    }
    if (message.uid === this.uid) return;
    switch (message.type) {
      case MessageType.BROADCAST:
        this.passOn(message, offset);
        break;
      case MessageType.SOCKETS_JOIN:
        super.addSockets(decodeOptions(message.data.opts), message.data.rooms);
        break;
      case MessageType.SOCKETS_LEAVE:
        super.delSockets(decodeOptions(message.data.opts), message.data.rooms);
        break;
      case MessageType.DISCONNECT_SOCKETS:
        super.disconnectSockets(decodeOptions(message.data.opts), message.data.close ?? false);
        break;
      case MessageType.FETCH_SOCKETS:
        this.answerFetch(message.uid, message.data.requestId, decodeOptions(message.data.opts));
        break;
      case MessageType.SERVER_SIDE_EMIT:
        this.answerEmit(message.uid, message.data.requestId, message.data.packet);
        break;
      case MessageType.FETCH_SOCKETS_RESPONSE:
      case MessageType.SERVER_SIDE_EMIT_RESPONSE:
      case MessageType.BROADCAST_CLIENT_COUNT:
      case MessageType.BROADCAST_ACK:
        this.onResponse(message);
        break;
      default: // Heartbeats: of interest to who extends this class.
    }
  }

  /** Takes a broadcast of another server to the clients here. */
  private passOn(
    { uid, data }: Extract<ClusterMessage, { type: typeof MessageType.BROADCAST }>,
    offset?: string,
  ): void {
    const { packet, opts, requestId } = data;
    const options = decodeOptions(opts);
    try {
      if (requestId === undefined) {
        addOffset(this.nsp, packet as Packet, options, offset);
        super.broadcast(packet, options);
      } else {
        super.broadcastWithAck(
          packet,
          options,
          (clientCount) =>
            this.publishResponse(uid, { type: MessageType.BROADCAST_CLIENT_COUNT, data: { requestId, clientCount } }),
          (answer) =>
            this.publishResponse(uid, { type: MessageType.BROADCAST_ACK, data: { requestId, packet: answer } }),
        );
      }
    } catch (error) {
      // What our clients can't be sent, be it that it nests too deep.
      this.malformedCount++;
      debug('%s: broadcast ignored: %s', this.where, (error as Error).message);
    }
  }

  /** Takes a response of another server. */
  protected onResponse(response: ClusterResponse): void {
    if (!isWellFormed(response)) {
      this.malformedCount++;
      debug('%s: malformed response ignored', this.where);
      return;
    }
    const { requestId } = response.data;
    switch (response.type) {
      case MessageType.FETCH_SOCKETS_RESPONSE:
        this.requests.answer(requestId, response.uid, response.data.sockets);
        break;
      case MessageType.SERVER_SIDE_EMIT_RESPONSE:
        this.requests.answer(requestId, response.uid, [response.data.packet]);
        break;
      case MessageType.BROADCAST_CLIENT_COUNT:
        this.broadcastAnswers.reached(requestId, response.uid, response.data.clientCount);
        break;
      case MessageType.BROADCAST_ACK:
        this.broadcastAnswers.answered(requestId, response.data.packet);
        break;
      default:
    }
  }

  // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
  override broadcast(packet: any, opts: BroadcastOptions): Promise<void> {
    if (opts.flags?.local) {
      super.broadcast(packet, opts);
      return Promise.resolve();
    }
    const message = { type: MessageType.BROADCAST, data: { packet, opts: encodeOptions(opts) } } as const;
    if (!isRecoverable(this.nsp, packet, opts)) {
      // A copy: the local clients' namespace is written into it.
      this.publish({ ...message, data: { ...message.data, packet: { ...packet } } });
      super.broadcast(packet, opts);
      return Promise.resolve();
    }
    const offset = this.publishAndReturnOffset(message).catch((error: unknown) => {
      debug('%s: not published: %s', this.where, error);
      return undefined;
    });
    this.published = this.published
      .then(() => offset)
      .then((known) => {
        addOffset(this.nsp, packet, opts, known);
        super.broadcast(packet, opts);
      });
    return this.published;
  }

  override broadcastWithAck(
    // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
    packet: any,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: AckCallback,
  ): void {
    if (!opts.flags?.local) {
      const requestId = createId();
      this.broadcastAnswers.wait(requestId, clientCountCallback, ack, opts.flags?.timeout);
      this.publish({
        type: MessageType.BROADCAST,
        data: { packet: { ...packet }, requestId, opts: encodeOptions(opts) },
      });
    }
    super.broadcastWithAck(packet, opts, clientCountCallback, ack);
  }

  // As the contract declares it: a promise, unlike in the class above.
  override async addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    super.addSockets(opts, rooms);
    if (!opts.flags?.local) {
      this.publish({ type: MessageType.SOCKETS_JOIN, data: { opts: encodeOptions(opts), rooms } });
    }
  }

  override async delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    super.delSockets(opts, rooms);
    if (!opts.flags?.local) {
      this.publish({ type: MessageType.SOCKETS_LEAVE, data: { opts: encodeOptions(opts), rooms } });
    }
  }

  override async disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> {
    super.disconnectSockets(opts, close);
    if (!opts.flags?.local) {
      this.publish({ type: MessageType.DISCONNECT_SOCKETS, data: { opts: encodeOptions(opts), close } });
    }
  }

  /** Rejects with a {@link PeersMissingError} where a server doesn't answer in time; its `responses` has the others' sockets. */
  // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
  override async fetchSockets(opts: BroadcastOptions): Promise<any[]> {
    const [local, peers] = await Promise.all([super.fetchSockets(opts), this.peers()]);
    if (opts.flags?.local) return local;
    const requestId = createId();
    const answers = this.requests.wait(requestId, peers, opts.flags?.timeout ?? DEFAULT_TIMEOUT_MS);
    this.publish({ type: MessageType.FETCH_SOCKETS, data: { opts: encodeOptions(opts), requestId } });
    try {
      return [...local, ...(await answers)];
    } catch (error) {
      if (error instanceof PeersMissingError) error.responses.unshift(...local);
      throw error;
    }
  }

  // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
  override async serverSideEmit(packet: any[]): Promise<any> {
    const callback: unknown = packet.at(-1);
    if (typeof callback !== 'function') {
      this.publish({ type: MessageType.SERVER_SIDE_EMIT, data: { packet } });
      return;
    }
    const requestId = createId();
    const answers = this.requests.wait(requestId, await this.peers(), DEFAULT_TIMEOUT_MS);
    this.publish({ type: MessageType.SERVER_SIDE_EMIT, data: { requestId, packet: packet.slice(0, -1) } });
    answers.then(
      (responses) => callback(null, responses),
      (error: PeersMissingError) => callback(error, error.responses),
    );
  }

  /** The other servers, or how many there are where it isn't known which. */
  protected async peers(): Promise<ReadonlySet<ServerId> | number> {
    return (await this.serverCount()) - 1;
  }

  /** A server is gone: what waits for it goes on without. */
  protected forgetPeer(peer: ServerId): void {
    this.requests.forget(peer);
  }

  /** Sends a message to the other servers; whether it gets there is logged. */
  protected publish(message: Unsigned<ClusterMessage>): void {
    this.publishAndReturnOffset(message).catch((error: unknown) => {
      debug('%s: message of type %d not published: %s', this.where, message.type, error);
    });
  }

  /** Sends a message to the other servers. */
  protected async publishAndReturnOffset(message: Unsigned<ClusterMessage>): Promise<Offset> {
    return this.doPublish({ ...message, uid: this.uid, nsp: this.nsp.name });
  }

  /** Sends a response to the server that asked; whether it gets there is logged. */
  protected publishResponse(requesterUid: ServerId, response: Unsigned<ClusterResponse>): void {
    // In an async function, so that one that throws is logged like one that rejects.
    const publish = async (): Promise<void> =>
      this.doPublishResponse(requesterUid, { ...response, uid: this.uid, nsp: this.nsp.name });
    publish().catch((error: unknown) => debug('%s: response not published: %s', this.where, error));
  }

  private answerFetch(uid: ServerId, requestId: string, opts: BroadcastOptions): void {
    void super.fetchSockets(opts).then((sockets: AdapterSocket[]) => {
      this.publishResponse(uid, {
        type: MessageType.FETCH_SOCKETS_RESPONSE,
        data: {
          requestId,
          sockets: sockets.map(({ id, handshake, rooms, data }) => {
            // Express sessions leave their store there, which can't be sent.
            const { sessionStore: _, ...plain } = handshake as typeof handshake & { sessionStore?: unknown };
            return { id, handshake: plain, rooms: [...rooms], data };
          }),
        },
      });
    });
  }

  // oxlint-disable-next-line no-explicit-any -- what an event carries is the application's
  private answerEmit(uid: ServerId, requestId: string | undefined, packet: any[]): void {
    const event = packet as [string, ...unknown[]];
    if (requestId === undefined) {
      this.nsp._onServerSideEmit(event);
      return;
    }
    let isAnswered = false;
    const callback = (answer: unknown): void => {
      if (isAnswered) return;
      isAnswered = true;
      this.publishResponse(uid, { type: MessageType.SERVER_SIDE_EMIT_RESPONSE, data: { requestId, packet: answer } });
    };
    this.nsp._onServerSideEmit([...event, callback]);
  }
}
