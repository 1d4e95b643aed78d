/** Namespaces made on demand: what holds for all whose name matches, and those that there are. */
import type { DefaultEventsMap, EventsMap } from '../../shared/emitter.ts';
import { Adapter } from './adapter/adapter.ts';
import type { BroadcastOptions, Room } from './adapter/types.ts';
import type { RemoteSocket } from './broadcast-operator.ts';
import { Namespace } from './namespace.ts';
import type { Server } from './server.ts';

/**
 * How long a namespace made on demand stays when nobody is in it (ms), where the application didn't say whether it is to
 * stay or to go. Long enough for a client to reconnect.
 */
const IDLE_MS = 60_000;

/** Most of them, of one parent, that stay for that: a client can make as many as it likes, one after the other. */
const MOST_IDLE = 1_000;

/** How many there are in this process: each has a name of its own. */
let count = 0;

/** Has the middleware and the listeners for `connection` that each of its children starts with; reaches all of them. */
export class ParentNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // As Socket.IO declares it: without a type of its own, `socket.data` is anything.
  // oxlint-disable-next-line no-explicit-any
  SocketData = any,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  readonly children: Set<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Set();
  /** Children that were left by the last who was in them, the first of them first. Somebody may have come again. */
  private readonly idle: Set<ChildNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Set();

  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) {
    super(server, `/_${count++}`);
  }

  override _initAdapter(): void {
    this.adapter = new ChildrenAdapter(this);
  }

  /** Makes a namespace that starts with what was said here. */
  createChild(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const child = new ChildNamespace(this.server, name, this);
    child.inherit(this.middleware);
    child.validators = this.validators;
    for (const event of ['connect', 'connection'] as const) {
      for (const listener of this.listeners(event)) child.on(event, listener);
    }
    this.children.add(child);
    this.server.addNamespace(child);
    return child;
  }

  /** A child is empty, and may be wanted again soon. */
  keepIdle(child: ChildNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    const { idle } = this;
    idle.delete(child);
    idle.add(child);
    if (idle.size <= MOST_IDLE) return;
    const [oldest] = idle;
    idle.delete(oldest!);
    oldest!.vanishIfIdle();
  }

  /** A child is no more. */
  forget(child: ChildNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    this.children.delete(child);
    this.idle.delete(child);
  }

  /** @throws Error always: which of the children is meant? */
  override fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    throw new Error('fetchSockets() is not supported on parent namespaces');
  }
}

/** A namespace made on demand: it goes when nobody is in it any more. */
class ChildNamespace<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  private readonly parent: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  private idleTimer: NodeJS.Timeout | undefined = undefined;

  constructor(
    server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    name: string,
    parent: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  ) {
    super(server, name);
    this.parent = parent;
  }

  inherit(middleware: typeof this.middleware): void {
    this.middleware = [...middleware];
  }

  override emptied(): void {
    if (!this.isIdle) return;
    const { cleanupEmptyChildNamespaces } = this.server.opts;
    if (cleanupEmptyChildNamespaces) this.vanishIfIdle();
    else if (cleanupEmptyChildNamespaces === undefined) {
      clearTimeout(this.idleTimer);
      this.idleTimer = setTimeout(() => this.vanishIfIdle(), IDLE_MS).unref();
      this.parent.keepIdle(this);
    }
  }

  vanishIfIdle(): void {
    if (!this.isIdle) return;
    clearTimeout(this.idleTimer);
    this.server.removeNamespace(this);
    this.parent.forget(this);
  }
}

/** Broadcasts to every child. */
class ChildrenAdapter extends Adapter {
  private get adapters(): Adapter[] {
    // Read late: the namespace makes its adapter before its list of children.
    return [...(this.nsp as ParentNamespace).children].map((child) => child.adapter);
  }

  override broadcast(packet: object, opts: BroadcastOptions): void {
    // Each adapter writes its namespace's name into the packet, and may keep it.
    for (const adapter of this.adapters) adapter.broadcast({ ...packet }, opts);
  }

  override broadcastWithAck(
    packet: object,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
    ack: (...args: any[]) => void,
  ): void {
    for (const adapter of this.adapters) adapter.broadcastWithAck({ ...packet }, opts, clientCountCallback, ack);
  }

  /** Of all children together, since each tells how many clients it reached. */
  override async serverCount(): Promise<number> {
    const counts = await Promise.all(this.adapters.map((adapter) => adapter.serverCount()));
    return counts.reduce((sum, one) => sum + one, 0);
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const adapter of this.adapters) adapter.addSockets(opts, rooms);
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    for (const adapter of this.adapters) adapter.delSockets(opts, rooms);
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    for (const adapter of this.adapters) adapter.disconnectSockets(opts, close);
  }
}
