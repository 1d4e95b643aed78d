/** What a server and its namespaces have in common: they reach many at once. */
import type { EventParams, EventsMap } from '../../shared/emitter.ts';
import type {
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  RemoveAcknowledgements,
} from '../../shared/events/acknowledgements.ts';
import type { Room, SocketId } from './adapter/types.ts';
import type { BroadcastOperator, RemoteSocket } from './broadcast-operator.ts';
import { StrictEventEmitter } from './strict-event-emitter.ts';

/** An operator whose callbacks get one answer from each. */
export type ManyOperator<EmitEvents extends EventsMap, SocketData> = BroadcastOperator<
  DecorateAcknowledgementsWithMultipleResponses<EmitEvents>,
  SocketData
>;

export abstract class Broadcaster<
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  ReservedEvents extends EventsMap,
  SocketData,
> extends StrictEventEmitter<ServerSideEvents, RemoveAcknowledgements<EmitEvents>, ReservedEvents> {
  /** An operator for everyone. */
  protected abstract everyone(): ManyOperator<EmitEvents, SocketData>;

  /** Targets a room, or rooms. */
  to(room: Room | Room[]): ManyOperator<EmitEvents, SocketData> {
    return this.everyone().to(room);
  }

  /** {@inheritDoc Broadcaster.to} */
  in(room: Room | Room[]): ManyOperator<EmitEvents, SocketData> {
    return this.everyone().to(room);
  }

  /** Leaves the sockets of a room, or rooms, out. */
  except(room: Room | Room[]): ManyOperator<EmitEvents, SocketData> {
    return this.everyone().except(room);
  }

  /** Whether transports may compress the next event. */
  compress(compress: boolean): ManyOperator<EmitEvents, SocketData> {
    return this.everyone().compress(compress);
  }

  /** Clients that aren't ready to receive may miss the next event. */
  get volatile(): ManyOperator<EmitEvents, SocketData> {
    return this.everyone().volatile;
  }

  /** Only clients of this server. */
  get local(): ManyOperator<EmitEvents, SocketData> {
    return this.everyone().local;
  }

  /** How long answers to the next event are waited for (ms). */
  timeout(
    timeout: number,
  ): BroadcastOperator<
    DecorateAcknowledgements<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>>,
    SocketData
  > {
    return this.everyone().timeout(timeout);
  }

  /** Sends an event `message` to everyone. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    // `message` may end in a callback or not: which, is for the map of events to say and not for us to know.
    this.everyone().emit('message', ...(args as never));
    return this;
  }

  /** {@inheritDoc Broadcaster.send} */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /** @deprecated use {@link fetchSockets} */
  allSockets(): Promise<Set<SocketId>> {
    return this.everyone().allSockets();
  }

  /** All sockets, those of other servers among them. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    // Fetched sockets answer one at a time, as their own map of events says.
    return this.everyone().fetchSockets() as unknown as Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  }

  /** Makes all sockets join a room, or rooms. */
  socketsJoin(room: Room | Room[]): void {
    this.everyone().socketsJoin(room);
  }

  /** Makes all sockets leave a room, or rooms. */
  socketsLeave(room: Room | Room[]): void {
    this.everyone().socketsLeave(room);
  }

  /** Disconnects all sockets; with `close`, for all their namespaces. */
  disconnectSockets(close = false): void {
    this.everyone().disconnectSockets(close);
  }
}
