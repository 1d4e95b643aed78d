/**
 * Faults at random: it drives a tearing proxy through a number of them, one after the other, chosen by a seed.
 *
 * A fault counts when it has taken effect on a connection that was open, so that none of them is for show.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Flow } from './flow.ts';
import type { Cut, Line } from './line.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { TearingProxy } from './tearing-proxy.ts';

/** All faults there are. */
export const faultKinds = [
  'cut by RST',
  'cut by FIN',
  'cut at a byte',
  'torn',
  'delayed',
  /** Every connection is swallowed for a while, and each that is opened meanwhile. */
  'network gone',
  'blackhole',
  'blackhole up',
  'blackhole down',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The ranges that chance chooses from: least and most. */
const PAUSE_MS = [0, 40] as const;
const CUT_AFTER_BYTES = [0, 300] as const;
const TORN_BYTES = [100, 4_000] as const;
const PIECE_BYTES = [1, 40] as const;
const DELAY_MS = [1, 30] as const;
const BLACKHOLE_MS = [20, 900] as const;

/** How often a blackhole of one connection stays, and only heartbeats tell its ends. */
const FOR_GOOD = 0.4;

/** How often it is the busiest connection that is struck, and not just any. */
const BUSIEST = 0.7;

/** If no byte comes for so long, a fault that waits for one is given up (ms). */
const IDLE_MS = 400;

export class Mischief {
  /** How many of each kind there were. */
  readonly done: Record<FaultKind, number>;
  private readonly proxy: TearingProxy;
  private readonly random: SeededRandom;
  private count = 0;
  private isStopped = false;
  private endWaiting: () => void = () => {};
  private readonly stopped = new Promise<void>((resolve) => (this.endWaiting = resolve));
  private readonly healing: Promise<void>[] = [];

  constructor(proxy: TearingProxy, random: SeededRandom) {
    this.proxy = proxy;
    this.random = random;
    this.done = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  }

  /** Faults that took effect so far. */
  get total(): number {
    return this.count;
  }

  /** Goes through `faults` of them, fewer where it is stopped, and resolves when the way is whole again. */
  async run(faults: number): Promise<void> {
    while (this.count < faults && !this.isStopped) {
      await pause(this.random.between(...PAUSE_MS));
      const line = this.victim();
      if (line === undefined) {
        // The next one gets its moment before it is struck.
        await Promise.race([this.stopped, this.proxy.nextLine()]);
        continue;
      }
      const kind = this.random.pick(faultKinds);
      if (!(await this.strike(kind, line))) continue;
      this.done[kind] += 1;
      this.count += 1;
    }
    await Promise.all(this.healing);
    this.proxy.delay(0);
  }

  stop(): void {
    this.isStopped = true;
    this.endWaiting();
  }

  /** Mostly the connection that was busy last: many are kept open for later, and to cut those is no great harm. */
  private victim(): Line | undefined {
    const lines = [...this.proxy.lines].sort((one, other) => other.busyAt - one.busyAt);
    return this.random.next() < BUSIEST ? lines[0] : lines[this.random.between(0, lines.length - 1)];
  }

  /** @returns false where the line ended before the fault could take effect */
  private async strike(kind: FaultKind, line: Line): Promise<boolean> {
    if (!line.isOpen) return false;
    const { random } = this;
    switch (kind) {
      case 'cut by RST':
        line.cut('reset');
        return true;
      case 'cut by FIN':
        line.cut('end');
        return true;
      case 'cut at a byte':
        return this.cutAtByte(line, random.pick(['reset', 'end']));
      case 'torn': {
        const bytes = random.between(...TORN_BYTES);
        line.up.tear(bytes, () => random.between(...PIECE_BYTES));
        line.down.tear(bytes, () => random.between(...PIECE_BYTES));
        return true;
      }
      case 'delayed':
        line.delay(random.between(...DELAY_MS));
        return true;
      case 'network gone':
        this.proxy.blackhole();
        this.healing.push(pause(random.between(...BLACKHOLE_MS)).then(() => this.proxy.light()));
        return true;
      case 'blackhole':
        return this.swallow(line);
      case 'blackhole up':
        return this.swallow(line.up);
      case 'blackhole down':
        return this.swallow(line.down);
    }
  }

  private async cutAtByte(line: Line, how: Cut): Promise<boolean> {
    const flow = this.random.pick([line.up, line.down]);
    const bytes = this.random.between(...CUT_AFTER_BYTES);
    return new Promise((resolve) => {
      const callOff = flow.after(bytes, () => {
        clearTimeout(idle);
        line.cut(how);
        resolve(true);
      });
      const giveUp = (): void => {
        clearTimeout(idle);
        callOff();
        resolve(false);
      };
      const idle = setTimeout(giveUp, IDLE_MS);
      void line.closed.then(giveUp);
    });
  }

  private swallow(way: Line | Flow): true {
    way.stall();
    const ms = this.random.between(...BLACKHOLE_MS);
    if (this.random.next() >= FOR_GOOD) this.healing.push(pause(ms).then(() => way.release()));
    return true;
  }
}
