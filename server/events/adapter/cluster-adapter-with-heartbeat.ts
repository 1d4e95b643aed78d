/** A {@link ClusterAdapter} whose servers tell each other that they live, so that each knows who is to answer. */
import { ClusterAdapter } from './cluster-adapter.ts';
import { MessageType, isWellFormed } from './cluster-messages.ts';
import type { ClusterMessage, ClusterResponse, ServerId, Unsigned } from './cluster-messages.ts';

/** How servers notice each other. */
export interface ClusterAdapterOptions {
  /** How often a server that has nothing else to say tells that it lives (ms). @defaultValue 5_000 */
  heartbeatInterval?: number;
  /** Silent for longer, a server is gone (ms). @defaultValue 10_000 */
  heartbeatTimeout?: number;
}

/** How often it is checked who is gone (ms). */
const CHECK_MS = 1_000;

/** The name under which packages send that are no servers, and answer nothing. */
const EMITTER = 'emitter';

export abstract class ClusterAdapterWithHeartbeat extends ClusterAdapter {
  private readonly heartbeatIntervalMs: number;
  private readonly heartbeatTimeoutMs: number;
  /** When each of the others was last heard of (ms on the clock of `performance.now`). */
  private readonly lastSeen: Map<ServerId, number> = new Map();
  private readonly checkTimer: NodeJS.Timeout;
  private heartbeatTimer: NodeJS.Timeout | undefined = undefined;
  private isClosed = false;

  protected constructor(
    // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
    nsp: any,
    { heartbeatInterval = 5_000, heartbeatTimeout = 10_000 }: ClusterAdapterOptions = {},
  ) {
    super(nsp);
    this.heartbeatIntervalMs = heartbeatInterval;
    this.heartbeatTimeoutMs = heartbeatTimeout;
    this.checkTimer = setInterval(() => this.check(), CHECK_MS).unref();
  }

  override init(): Promise<void> | void {
    this.publish({ type: MessageType.INITIAL_HEARTBEAT });
  }

  override close(): Promise<void> | void {
    this.publish({ type: MessageType.ADAPTER_CLOSE });
    this.isClosed = true;
    clearTimeout(this.heartbeatTimer);
    clearInterval(this.checkTimer);
  }

  // Public, as the contract declares it, unlike in the class above.
  override onMessage(message: ClusterMessage | ClusterResponse, offset?: string): void {
    if (isWellFormed(message) && message.uid !== this.uid) {
      const { uid, type } = message;
      if (type === MessageType.ADAPTER_CLOSE) this.forgetPeer(uid);
      else if (uid !== EMITTER) this.lastSeen.set(uid, performance.now());
      if (type === MessageType.INITIAL_HEARTBEAT) this.publish({ type: MessageType.HEARTBEAT });
    }
    super.onMessage(message, offset);
  }

  // Public like the one above.
  override onResponse(response: ClusterResponse): void {
    super.onResponse(response);
  }

  override serverCount(): Promise<number> {
    return Promise.resolve(1 + this.lastSeen.size);
  }

  override publish(message: Unsigned<ClusterMessage>): void {
    // Whatever we say tells that we live.
    if (this.heartbeatTimer && !this.isClosed) this.heartbeatTimer.refresh();
    else if (!this.isClosed) {
      const beat = (): void => this.publish({ type: MessageType.HEARTBEAT });
      this.heartbeatTimer = setTimeout(beat, this.heartbeatIntervalMs).unref();
    }
    super.publish(message);
  }

  protected override peers(): Promise<ReadonlySet<ServerId>> {
    return Promise.resolve(new Set(this.lastSeen.keys()));
  }

  protected override forgetPeer(peer: ServerId): void {
    this.lastSeen.delete(peer);
    super.forgetPeer(peer);
  }

  private check(): void {
    const now = performance.now();
    for (const [peer, seen] of this.lastSeen) if (now - seen > this.heartbeatTimeoutMs) this.forgetPeer(peer);
  }
}
