/** The way between the two ends: a TCP proxy that can be cut, or go silent. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Cable {
  /** The port behind it. */
  target: number;
  private readonly listener: Server;
  private readonly sockets = new Set<Socket>();
  private state: 'whole' | 'cut' | 'silent' = 'whole';

  constructor(target: number) {
    this.target = target;
    this.listener = createServer((near) => this.join(near));
  }

  /** Resolves to its port. */
  async listen(): Promise<number> {
    this.listener.listen(0, '127.0.0.1');
    await once(this.listener, 'listening');
    return this.port;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Resets every connection, and each new one until it is mended. */
  cut(): void {
    this.state = 'cut';
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Lets new connections through again. */
  mend(): void {
    this.state = 'whole';
  }

  /** Passes nothing on any more, and tells nobody. New connections are let in and hear nothing either. */
  silence(): void {
    this.state = 'silent';
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  close(): void {
    this.cut();
    this.listener.close();
  }

  private join(near: Socket): void {
    if (this.state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    const ways = [
      { from: near, to: far },
      { from: far, to: near },
    ];
    for (const { from, to } of ways) {
      this.sockets.add(from);
      if (this.state === 'whole') from.pipe(to);
      // A reset on one side shows as a reset on the other: 'close' follows in either case.
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
