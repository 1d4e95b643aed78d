/**
 * Whom to reach and how, step by step: each step returns a new operator, so that one may be kept and built upon.
 */
import type { EventNames, EventParams, EventsMap } from '../../shared/emitter.ts';
import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNamesWithError,
  FirstNonErrorArg,
  Last,
} from '../../shared/events/acknowledgements.ts';
import { PacketType } from '../../shared/events/packet.ts';
import type { Packet } from '../../shared/events/packet.ts';
import { Adapter } from './adapter/adapter.ts';
import type { BroadcastFlags, BroadcastOptions, Room, SocketId } from './adapter/types.ts';
import { collectAnswers } from './collect-answers.ts';
import type { Handshake } from './handshake.ts';
import { withDeadline } from './deadline.ts';
import { callGuarded } from './guarded-call.ts';
import type { Namespace } from './namespace.ts';
import { refuseReserved } from './reserved.ts';
import { unwatched } from './unwatched.ts';

/** Flags of an operator: those of the adapter, and one of our own. */
type Flags = BroadcastFlags & {
  /** One client is meant: its answer comes as it is, not in a list. */
  expectSingleResponse?: boolean;
};

export class BroadcastOperator<EmitEvents extends EventsMap, SocketData> {
  private readonly adapter: Adapter;
  private readonly rooms: Set<Room>;
  private readonly exceptRooms: Set<Room>;
  private readonly flags: Flags;

  constructor(adapter: Adapter, rooms = new Set<Room>(), exceptRooms = new Set<Room>(), flags: Flags = {}) {
    this.adapter = adapter;
    this.rooms = rooms;
    this.exceptRooms = exceptRooms;
    this.flags = flags;
  }

  /** Adds a room, or rooms, to reach. A socket in several of them is reached once. */
  to(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, plus(this.rooms, room), this.exceptRooms, this.flags);
  }

  /** {@inheritDoc BroadcastOperator.to} */
  in(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.to(room);
  }

  /** Adds a room, or rooms, whose sockets are left out. */
  except(room: Room | Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, plus(this.exceptRooms, room), this.flags);
  }

  /** Whether transports may compress it. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.with({ compress });
  }

  /** Who isn't ready to receive may miss it. */
  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return this.with({ volatile: true });
  }

  /** Only clients of this server. */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.with({ local: true });
  }

  /** How long answers are waited for (ms). */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    // The same operator, its events seen differently.
    return this.with({ timeout }) as unknown as BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData>;
  }

  /**
   * Emits an event to all that are meant. A callback as last argument gets `(error, answers)`: all answers, or those that
   * came within {@link timeout}.
   *
   * @returns always true
   */
  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    refuseReserved(ev);
    const data: unknown[] = [ev, ...args];
    const packet: Packet = { type: PacketType.EVENT, nsp: '', data };
    const callback = data.at(-1);
    if (typeof callback === 'function') {
      data.pop();
      const { server }: Namespace = this.adapter.nsp;
      const failed = (error: unknown): void => server.reportListenerError(error, { socket: undefined, event: 'ack' });
      collectAnswers(this.adapter, packet, this.options, (error, answers) => {
        const given = this.flags.expectSingleResponse ? (error ? null : answers[0]) : answers;
        callGuarded(callback as () => unknown, this, [error, given], failed);
      });
    } else unwatched(this.adapter.broadcast(packet, this.options));
    return true;
  }

  /**
   * Emits an event and waits for the answers of all that are meant.
   *
   * @returns their answers; rejects with an error whose `responses` has those that came in time
   */
  emitWithAck<Ev extends EventNamesWithError<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>> {
    return new Promise((resolve, reject) => {
      const callback = (error: Error | null, responses: FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>): void => {
        if (error) reject(Object.assign(error, { responses }));
        else resolve(responses);
      };
      // What the map of events names at the end is the callback that we put there.
      this.emit(ev, ...([...args, callback] as EventParams<EmitEvents, Ev>));
    });
  }

  /** @deprecated use {@link fetchSockets} */
  allSockets(): Promise<Set<SocketId>> {
    return this.adapter.sockets(this.rooms);
  }

  /**
   * The sockets that are meant, those of other servers among them. Rejects where a server doesn't answer in time, with an
   * error whose `responses` has the others'.
   */
  async fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    const { adapter, options } = this;
    // Ours knows this server's sockets, whatever the one in use makes of others': some ask the bus first, which may be down.
    const local = (): Promise<SocketDetails<SocketData>[]> => Adapter.prototype.fetchSockets.call(adapter, options);
    const sockets = await (options.flags?.local
      ? local()
      : withDeadline<SocketDetails<SocketData>[]>(adapter.fetchSockets(options), local, options.flags?.timeout));
    // A socket of this server stands for itself; what came from another server is a description of one.
    return sockets.map((socket) =>
      typeof (socket as { join?: unknown }).join === 'function'
        ? (socket as unknown as RemoteSocket<EmitEvents, SocketData>)
        : new RemoteSocket<EmitEvents, SocketData>(this.adapter, socket),
    );
  }

  /** Makes the sockets that are meant join a room, or rooms. */
  socketsJoin(room: Room | Room[]): void {
    unwatched(this.adapter.addSockets(this.options, Array.isArray(room) ? room : [room]));
  }

  /** Makes the sockets that are meant leave a room, or rooms. */
  socketsLeave(room: Room | Room[]): void {
    unwatched(this.adapter.delSockets(this.options, Array.isArray(room) ? room : [room]));
  }

  /**
   * Disconnects the sockets that are meant.
   *
   * @param close - whether their connections are closed, for all their namespaces
   */
  disconnectSockets(close = false): void {
    unwatched(this.adapter.disconnectSockets(this.options, close));
  }

  private get options(): BroadcastOptions {
    return { rooms: this.rooms, except: this.exceptRooms, flags: this.flags };
  }

  private with(flags: Flags): BroadcastOperator<EmitEvents, SocketData> {
    return new BroadcastOperator(this.adapter, this.rooms, this.exceptRooms, { ...this.flags, ...flags });
  }
}

function plus(rooms: ReadonlySet<Room>, room: Room | Room[]): Set<Room> {
  const all = new Set(rooms);
  if (Array.isArray(room)) for (const one of room) all.add(one);
  else all.add(room);
  return all;
}

/** A socket of another server, as an adapter describes it. */
export interface SocketDetails<SocketData> {
  readonly id: SocketId;
  readonly handshake: Handshake;
  readonly rooms: Room[];
  readonly data: SocketData;
}

/** A socket that may be another server's: what one can know of it and do to it from here. */
export class RemoteSocket<EmitEvents extends EventsMap, SocketData> {
  readonly id: SocketId;
  readonly handshake: Handshake;
  /** Its rooms when it was fetched. */
  readonly rooms: Set<Room>;
  readonly data: SocketData;
  private readonly operator: BroadcastOperator<EmitEvents, SocketData>;

  constructor(adapter: Adapter, details: SocketDetails<SocketData>) {
    this.id = details.id;
    this.handshake = details.handshake;
    this.rooms = new Set(details.rooms);
    this.data = details.data;
    this.operator = new BroadcastOperator(adapter, new Set([this.id]), new Set(), { expectSingleResponse: true });
  }

  /** How long its answer is waited for (ms). */
  timeout(timeout: number): BroadcastOperator<DecorateAcknowledgements<EmitEvents>, SocketData> {
    return this.operator.timeout(timeout);
  }

  emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean {
    return this.operator.emit(ev, ...args);
  }

  /** Makes it join a room, or rooms. */
  join(room: Room | Room[]): void {
    this.operator.socketsJoin(room);
  }

  /** Makes it leave a room. */
  leave(room: Room): void {
    this.operator.socketsLeave(room);
  }

  /** Disconnects it; with `close`, for all its namespaces. */
  disconnect(close = false): this {
    this.operator.disconnectSockets(close);
    return this;
  }
}
