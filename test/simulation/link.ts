/**
 * One TCP connection through the simulated network: two directions, each in order and with its own delay, and the faults
 * that end or silence it.
 */
import type { EventLoop } from './event-loop.ts';
import type { Random } from './random.ts';

/** What a link tells its two ends when it breaks. */
export interface LinkEnds {
  clientBroken(): void;
  serverBroken(): void;
}

export type Direction = 'up' | 'down';

export class Link {
  private readonly loop: EventLoop;
  private readonly random: Random;
  private readonly delayMs: readonly [number, number];
  private readonly ends: LinkEnds;
  private readonly clear: Record<Direction, number> = { up: 0, down: 0 };
  private readonly silent: Record<Direction, boolean> = { up: false, down: false };
  private broken = false;

  constructor(loop: EventLoop, random: Random, delayMs: readonly [number, number], ends: LinkEnds) {
    this.loop = loop;
    this.random = random;
    this.delayMs = delayMs;
    this.ends = ends;
  }

  get isBroken(): boolean {
    return this.broken;
  }

  /** Carries something to the other end, behind all that went there before. Lost if the link breaks or falls silent meanwhile. */
  carry(direction: Direction, arrive: () => void): void {
    const at = Math.max(this.loop.now() + this.random.whole(...this.delayMs), this.clear[direction]);
    this.clear[direction] = at;
    this.loop.after(at - this.loop.now(), () => {
      if (!this.broken && !this.silent[direction]) arrive();
    });
  }

  /** From now on nothing passes that way, and nobody is told. */
  silence(direction: Direction): void {
    this.silent[direction] = true;
  }

  /** Ends it with a reset: each end is told as soon as that can reach it. */
  cut(): void {
    if (this.broken) return;
    this.broken = true;
    const { loop, random, delayMs, silent, ends } = this;
    if (!silent.down) loop.after(random.whole(...delayMs), () => ends.clientBroken());
    if (!silent.up) loop.after(random.whole(...delayMs), () => ends.serverBroken());
  }

  /** One end lets go of it by itself: the other is told, in order, behind what was sent before. */
  release(by: 'client' | 'server'): void {
    if (by === 'client') this.carry('up', () => this.over(this.ends.serverBroken));
    else this.carry('down', () => this.over(this.ends.clientBroken));
  }

  private over(tell: () => void): void {
    this.broken = true;
    tell();
  }
}
