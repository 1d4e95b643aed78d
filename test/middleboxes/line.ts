/** A line: one connection through the tearing proxy, as a pair of flows that can be cut together. */
import { connect, type Socket } from 'node:net';
import { Flow } from './flow.ts';
import { reset } from './reset.ts';

/** How a connection ends: with RST, as if something on the way had failed, or with FIN, as if the other side were done. */
export type Cut = 'reset' | 'end';

export class Line {
  /** From the client to the server. */
  readonly up: Flow;
  /** From the server to the client. */
  readonly down: Flow;
  /** Both sides are gone. */
  readonly closed: Promise<void>;
  private readonly near: Socket;
  private readonly far: Socket;

  constructor(near: Socket, upstreamPort: number) {
    this.near = near;
    this.far = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.up = new Flow(this.near, this.far);
    this.down = new Flow(this.far, this.near);
    this.closed = Promise.all(
      [this.near, this.far].map((side) => new Promise((resolve) => side.once('close', resolve))),
    ).then(() => undefined);
  }

  /** Whether either side still has it open. */
  get isOpen(): boolean {
    return !this.near.destroyed || !this.far.destroyed;
  }

  /** When a byte last passed, either way; 0 if none did (ms of `performance.now`). */
  get busyAt(): number {
    return Math.max(this.up.passedAt, this.down.passedAt);
  }

  /** Ends the connection for both sides. What is under way is lost. */
  cut(how: Cut): void {
    this.up.close();
    this.down.close();
    for (const side of [this.near, this.far]) {
      if (how === 'reset') reset(side);
      else side.end();
    }
  }

  /** Nothing passes either way any more, and neither side is told. */
  stall(): void {
    this.up.stall();
    this.down.stall();
  }

  release(): void {
    this.up.release();
    this.down.release();
  }

  slow(bytesPerMs: number): void {
    this.up.slow(bytesPerMs);
    this.down.slow(bytesPerMs);
  }

  delay(ms: number): void {
    this.up.delay(ms);
    this.down.delay(ms);
  }
}
