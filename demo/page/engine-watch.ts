/**
 * Watches the engine below the socket: each packet as it passes, and which transport carries the session.
 * What it reports comes from the library's own events, and from nowhere else. A manager makes a new engine for each session.
 */
import type { ChatSocket } from './connection.ts';

type Engine = ChatSocket['io']['engine'];

export interface PacketSeen {
  readonly direction: 'in' | 'out';
  /** Engine.IO's name for it. */
  readonly type: string;
  readonly data: unknown;
}

/** What became of one way to carry the session. */
export type Rung = ReturnType<Engine['explain']>[number];

export interface WatchOwner {
  packet(packet: PacketSeen): void;
  /** Something about the session or its transport has changed: what, if it is not among the rungs. */
  moved(what?: string): void;
}

export class EngineWatch {
  private readonly socket: ChatSocket;
  private readonly owner: WatchOwner;
  private engine: Engine | undefined;
  private isOpen = false;

  constructor(socket: ChatSocket, owner: WatchOwner) {
    this.socket = socket;
    this.owner = owner;
    this.attach();
    // The attempt is announced before its engine is made, which is done when this turn is over.
    socket.io.on('reconnect_attempt', () => queueMicrotask(() => this.attach()));
    socket.io.on('open', () => this.attach());
  }

  /** The transport's own name, or `none` while no session is open. */
  get transport(): string {
    return this.isOpen ? (this.engine?.transport.name ?? 'none') : 'none';
  }

  /** Secret as a whole: to be shown shortened. */
  get sessionId(): string | undefined {
    return this.isOpen ? this.engine?.id : undefined;
  }

  /** The ways that were tried for this session, oldest first, and what became of each. */
  get rungs(): readonly Rung[] {
    return this.engine?.explain() ?? [];
  }

  private attach(): void {
    const { engine } = this.socket.io;
    if (engine === undefined || engine === this.engine) return;
    this.engine = engine;
    engine.on('packet', (packet) => this.owner.packet({ direction: 'in', type: packet.type, data: packet.data }));
    engine.on('packetCreate', (packet) =>
      this.owner.packet({ direction: 'out', type: packet.type, data: packet.data }),
    );
    engine.on('open', () => {
      this.isOpen = true;
      this.owner.moved();
    });
    engine.on('transport', () => this.owner.moved());
    engine.on('upgradeError', () => this.owner.moved());
    engine.on('suspend', () => this.owner.moved());
    engine.on('resume', ({ suspendedMs, replayed }) => {
      this.owner.moved(`Went on after ${Math.round(suspendedMs)} ms, ${replayed} sent again`);
    });
    engine.on('close', (reason) => {
      const wasOpen = this.isOpen;
      if (engine === this.engine) this.isOpen = false;
      // One that never opened is among the rungs.
      this.owner.moved(wasOpen ? `Session ended: ${reason}` : undefined);
    });
  }
}
