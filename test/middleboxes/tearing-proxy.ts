/**
 * A TCP proxy that does, on command, what bad networks do: it cuts, delays, tears and swallows. It knows nothing of what
 * it carries; `http-proxy.ts` is the one that misunderstands HTTP. For faults at random see `mischief.ts`.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Line, type Cut } from './line.ts';

export class TearingProxy {
  /** Connections that are open, oldest first. */
  readonly lines = new Set<Line>();
  /** How many connections there have been. */
  accepted = 0;
  private readonly listener: Server;
  private delayMs = 0;
  private bytesPerMs = Infinity;
  private dark = false;
  private readonly awaiting: ((line: Line) => void)[] = [];

  private constructor(upstreamPort: number) {
    // A FIN of one side must not end the other way as well.
    this.listener = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const line = new Line(near, upstreamPort);
      this.accepted += 1;
      this.lines.add(line);
      void line.closed.then(() => this.lines.delete(line));
      line.delay(this.delayMs);
      line.slow(this.bytesPerMs);
      if (this.dark) line.stall();
      for (const tell of this.awaiting.splice(0)) tell(line);
    });
  }

  /** A proxy before 127.0.0.1:`upstreamPort`, ready to be connected to. */
  static async before(upstreamPort: number): Promise<TearingProxy> {
    const proxy = new TearingProxy(upstreamPort);
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** The next connection that is opened, before its first byte. */
  nextLine(): Promise<Line> {
    return new Promise((resolve) => this.awaiting.push(resolve));
  }

  /** Cuts every connection that is open now. */
  cut(how: Cut = 'reset'): void {
    for (const line of this.lines) line.cut(how);
  }

  /** Each byte takes so long (ms) from now on, either way. Setting up a connection is not delayed. */
  delay(ms: number): void {
    this.delayMs = ms;
    for (const line of this.lines) line.delay(ms);
  }

  /** No more than that goes through each connection from now on, each way. */
  slow(bytesPerMs: number): void {
    this.bytesPerMs = bytesPerMs;
    for (const line of this.lines) line.slow(bytesPerMs);
  }

  /** Swallows everything, on new connections too, until `light`. */
  blackhole(): void {
    this.dark = true;
    for (const line of this.lines) line.stall();
  }

  /** Ends a blackhole: what was held goes on, as when a network comes back. */
  light(): void {
    this.dark = false;
    for (const line of this.lines) line.release();
  }

  /** Cuts what is open and accepts no more. */
  async close(): Promise<void> {
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.cut();
    await closed;
  }
}
