/** How a socket's next event is sent, and whom one reaches from it beside its own client: what is said before `emit`. */
import type { EventsMap } from '../../shared/emitter.ts';
import type { DecorateAcknowledgementsWithMultipleResponses } from '../../shared/events/acknowledgements.ts';
import type { Adapter } from './adapter/adapter.ts';
import type { BroadcastFlags, Room, SocketId } from './adapter/types.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import { ServerSideEmitter } from './server-side-emitter.ts';

export abstract class SocketBroadcaster<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
  SocketData,
> extends ServerSideEmitter<ListenEvents, EmitEvents, ReservedEvents> {
  /** The public id: others may know it. */
  abstract readonly id: SocketId;
  /** Of the next event; most have none. */
  private flags: BroadcastFlags | undefined = undefined;

  protected abstract readonly adapter: Adapter;

  /** Targets a room, or rooms, without this socket. */
  to(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.to(room);
  }

  /** {@inheritDoc SocketBroadcaster.to} */
  in(room: Room | Room[]): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.to(room);
  }

  /** Targets everyone but this socket and those in a room, or rooms. */
  except(
    room: Room | Room[],
  ): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.except(room);
  }

  /** Targets everyone but this socket. */
  get broadcast(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return new BroadcastOperator(this.adapter, new Set(), new Set([this.id]), this.takeFlags() ?? {});
  }

  /** Targets everyone on this server but this socket. */
  get local(): BroadcastOperator<DecorateAcknowledgementsWithMultipleResponses<EmitEvents>, SocketData> {
    return this.broadcast.local;
  }

  /** The next event may be lost if the client isn't ready to receive. */
  get volatile(): this {
    this.nextFlags.volatile = true;
    return this;
  }

  /** Whether the transport may compress the next event. */
  compress(compress: boolean): this {
    this.nextFlags.compress = compress;
    return this;
  }

  /** To be added to. */
  protected get nextFlags(): BroadcastFlags {
    return (this.flags ??= { compress: true });
  }

  /** Whether the next event is to be answered within some time. */
  protected get hasTimeout(): boolean {
    return this.flags?.timeout !== undefined;
  }

  /** They are for one event, which is sent now. */
  protected takeFlags(): BroadcastFlags | undefined {
    const { flags } = this;
    this.flags = undefined;
    return flags;
  }
}
