/** The faults of one simulation, drawn from its seed: what this network does to what goes through it, until it calms down. */
import type { Random } from './random.ts';

/** Every kind of fault. A run of many seeds checks that each of them fired. */
export const faultKinds = [
  'cut',
  'delay',
  'silence both ways',
  'silence up',
  'silence down',
  'repeated request',
  'lost answer',
  'truncated answer',
  'error page before the server',
  'error page instead of the answer',
  'buffered answer',
  'websocket refused',
  'websocket silent',
  'websocket cut after a while',
  'server restart',
  'clock jump',
  'sleep',
  'network lost',
  'asked to move',
  'page put aside',
  'slow reader',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What a session must have done as well in such a run: else the faults would meet nobody. */
export const wayKinds = [
  'opened polling',
  'opened websocket',
  'opened streaming',
  'climbed websocket',
  'climbed streaming',
  'resumed polling',
  'resumed websocket',
  'resumed streaming',
] as const;
export type WayKind = (typeof wayKinds)[number];

/** Probabilities, each for one exchange or connection unless said otherwise. */
export interface Weather {
  /** When all faults stop (ms from the start). */
  readonly calmAt: number;
  readonly delayMs: readonly [number, number];
  readonly cut: number;
  readonly silence: number;
  readonly repeat: number;
  readonly loseAnswer: number;
  readonly truncate: number;
  readonly errorPage: number;
  /** What proxies on the way do to every answer that is not whole at once, and to WebSockets, for as long as the weather lasts. */
  readonly buffers: boolean;
  readonly webSocket: 'passes' | 'refused' | 'silent' | 'cut after a while';
  /** Times (ms) at which the whole world suffers. */
  readonly restarts: readonly number[];
  readonly jumps: readonly number[];
  readonly moves: readonly number[];
  readonly asides: readonly { readonly at: number; readonly forMs: number }[];
  /** Whether the network takes what the server writes only after a while, each time. */
  readonly isSlow: boolean;
  readonly outages: readonly { readonly at: number; readonly forMs: number }[];
}

const sometimes = (random: Random, probability: number, most: number): number =>
  random.chance(probability) ? random.unit() * most : 0;

const times = (random: Random, probability: number, before: number): number[] =>
  random.chance(probability) ? Array.from({ length: random.whole(1, 2) }, () => random.whole(0, before)) : [];

export function drawWeather(random: Random): Weather {
  const calmAt = random.whole(200, 6_000);
  return {
    calmAt,
    delayMs: [0, random.pick([0, 1, 20, 100, 400])],
    cut: sometimes(random, 0.6, 0.3),
    silence: sometimes(random, 0.3, 0.1),
    repeat: sometimes(random, 0.4, 0.3),
    loseAnswer: sometimes(random, 0.4, 0.3),
    truncate: sometimes(random, 0.4, 0.2),
    errorPage: sometimes(random, 0.3, 0.2),
    buffers: random.chance(0.2),
    webSocket: random.pick(['passes', 'passes', 'passes', 'refused', 'silent', 'cut after a while']),
    restarts: times(random, 0.05, calmAt),
    jumps: times(random, 0.1, calmAt),
    outages: times(random, 0.3, calmAt).map((at) => ({ at, forMs: random.whole(1, 2_000) })),
    moves: times(random, 0.2, calmAt),
    asides: times(random, 0.2, calmAt).map((at) => ({ at, forMs: random.whole(1, 2_000) })),
    isSlow: random.chance(0.2),
  };
}
