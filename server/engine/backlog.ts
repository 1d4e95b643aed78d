/**
 * Watches what waits for a slow peer. Bursts pass; a peer that takes nothing of a long queue for a while is cut off, and
 * any peer whose queue passes the last bound, so that nobody else suffers for it.
 */
import type { Timer } from '../../shared/clock.ts';
import type { Line } from './line.ts';

export class Backlog {
  private readonly line: Line;
  private timer: Timer | undefined = undefined;
  /** Which message was the next to be sent when the timer was set, and how many bytes were still on their way. */
  private next = 0;
  private buffered = 0;

  constructor(line: Line) {
    this.line = line;
  }

  /** The queue has grown while it was long. */
  grew(): void {
    const { core, host } = this.line;
    const { maxQueuedBytes } = host.settings;
    if (core.keptBytes > maxQueuedBytes)
      this.cut(`${core.keptBytes} bytes queued, maxQueuedBytes is ${maxQueuedBytes}`);
    else if (this.timer === undefined) this.watch();
  }

  stop(): void {
    this.timer?.cancel();
  }

  private watch(): void {
    const { core, host, transport } = this.line;
    this.next = core.next;
    this.buffered = transport.bufferedAmount;
    this.timer = host.clock.after(host.settings.stalledTimeout, this.look);
  }

  private readonly look = (): void => {
    this.timer = undefined;
    const { core, host, transport } = this.line;
    const { stalledQueueBytes, stalledTimeout } = host.settings;
    if (core.keptBytes <= stalledQueueBytes || core.stateName !== 'open') return;
    if (core.next === this.next && transport.bufferedAmount >= this.buffered)
      this.cut(
        `${core.keptBytes} bytes queued, stalledQueueBytes is ${stalledQueueBytes}, and none left in ${stalledTimeout} ms`,
      );
    else this.watch();
  };

  private cut(detail: string): void {
    this.stop();
    this.line.core.end('slow-consumer', detail);
    // What was handed over already would wait on, for a peer that doesn't take it.
    this.line.transport.terminate();
  }
}
