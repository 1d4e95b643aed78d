/**
 * Keeps ahead of time what clients need that come back, with adapters whose memory outlives this process: a server that is
 * killed can't do it any more. (Socket.IO keeps it at the end of a connection, so it has to see that end.)
 *
 * What was kept ahead may be taken up by another server while this one still takes the client for connected, its connection
 * having died unnoticed. So who takes up a session tells the group, and who still has its socket lets that go.
 */
import type { Adapter } from './adapter/adapter.ts';
import type { Room, SessionToPersist, SocketId } from './adapter/types.ts';
import { unwatched } from './unwatched.ts';

/**
 * Adapters that keep one session a client, the newest, and outside of this process. Of others some would keep every one that
 * they are given, and hand out any.
 */
const suited: ReadonlySet<string> = new Set(['RedisStreamsAdapter']);

/** By what the group is told that a session was taken up: a server-side event that no application has. */
const TAKEN_UP = 'throughline:taken-up';

/** In how many parts all sessions are kept anew, so that none of them takes long. */
const PARTS = 100;

/** Passes every check that adapters make before they take a session out. */
const ANY_OFFSET = '0-0';

/** A socket whose session is kept. */
export interface Kept {
  /** Undefined once it is no more to be kept. */
  readonly session: SessionToPersist | undefined;
  /** Its client has come back on another connection, here or to another server. */
  takenUp(): void;
}

export class SessionKeeper {
  private readonly adapter: Adapter;
  private readonly sockets: ReadonlyMap<SocketId, Kept>;
  private readonly partMs: number;
  /** Whose rooms have changed in this turn. */
  private readonly changed = new Set<SocketId>();
  private timer: NodeJS.Timeout | undefined = undefined;
  /** Where the round stands in which all are kept anew. */
  private round: Iterator<Kept> | undefined = undefined;

  /** @param keptMs - how long the adapter keeps a session */
  constructor(adapter: Adapter, sockets: ReadonlyMap<SocketId, Kept>, keptMs: number) {
    this.adapter = adapter;
    this.sockets = sockets;
    // Anew after half of the time: so at any moment at least the other half is left.
    this.partMs = Math.max(1, keptMs / 2 / PARTS);
    const note = (_room: Room, id: SocketId): void => this.note(id);
    adapter.on('join-room', note).on('leave-room', note);
  }

  static suits(adapter: Adapter): boolean {
    return suited.has(adapter.constructor.name);
  }

  /** A client came back, and is about to be let in. */
  takeUp(id: SocketId): void {
    this.sockets.get(id)?.takenUp();
    unwatched(this.adapter.serverSideEmit([TAKEN_UP, id]));
  }

  /** @returns whether an event of another server was for us */
  hears([name, id]: readonly unknown[]): boolean {
    if (name !== TAKEN_UP) return false;
    this.sockets.get(String(id))?.takenUp();
    return true;
  }

  /** The client is not to find its session again. */
  forget(pid: string): void {
    // Whoever takes a session up takes it out, be there something to go on from or not.
    unwatched(this.adapter.restoreSession(pid, ANY_OFFSET));
  }

  private note(id: SocketId): void {
    if (this.changed.size === 0) setImmediate(this.keepChanged);
    this.changed.add(id);
    this.timer ??= setInterval(this.keepPart, this.partMs).unref();
  }

  private readonly keepChanged = (): void => {
    for (const id of this.changed) this.keep(this.sockets.get(id));
    this.changed.clear();
  };

  private readonly keepPart = (): void => {
    if (this.sockets.size === 0) {
      clearInterval(this.timer);
      this.timer = this.round = undefined;
      return;
    }
    this.round ??= this.sockets.values();
    for (let count = Math.ceil(this.sockets.size / PARTS); count > 0; count--) {
      const { value, done } = this.round.next();
      if (done) {
        this.round = undefined;
        return;
      }
      this.keep(value);
    }
  };

  private keep(kept: Kept | undefined): void {
    const session = kept?.session;
    if (session) unwatched(this.adapter.persistSession(session));
  }
}
