/**
 * The emitter under the server's socket: what the client's socket has besides, and ours lacks, is here as a type.
 *
 * Where one package stands in for both ends, one type stands for both sockets (`either-socket.ts` at the root), and ours has to
 * fit it. Who uses any of this on the server is told: it is `never`.
 */
import type {
  EventsMap,
  ListenerOptions,
  ReservedOrUserEventNames,
  ReservedOrUserListener,
} from '../../shared/emitter.ts';
import { CatchAllEmitter } from './catch-all.ts';

/** What only the client's socket emits by itself. */
type ClientReservedEvent = 'connect' | 'connect_error';

export abstract class ServerSideEmitter<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends CatchAllEmitter<ListenEvents, EmitEvents, ReservedEvents> {
  declare readonly active: never;
  declare readonly auth: never;
  declare readonly close: never;
  declare readonly connect: never;
  declare readonly io: never;
  declare readonly open: never;
  declare readonly receiveBuffer: never;
  declare readonly sendBuffer: never;

  override on<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this;
  override on(event: ClientReservedEvent, listener: never): this;
  override on(event: never, listener: never, options?: ListenerOptions): this {
    return super.on(event, listener, options);
  }

  override once<Ev extends ReservedOrUserEventNames<ReservedEvents, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<ReservedEvents, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this;
  override once(event: ClientReservedEvent, listener: never): this;
  override once(event: never, listener: never, options?: ListenerOptions): this {
    return super.once(event, listener, options);
  }
}
