/**
 * Runs a range of seeds and prints what they came to, as one line of JSON; with `verbose`, tells one seed's whole story.
 *
 * Called by `simulate.mjs`, once for each process that takes a share of the seeds.
 */
import { type FaultKind, faultKinds, type WayKind, wayKinds } from './weather.ts';
import { World, type Outcome } from './world.ts';

/** What a share of the seeds came to. */
export interface Report {
  readonly seeds: number;
  readonly failures: readonly { readonly seed: number; readonly violations: readonly string[] }[];
  readonly fired: Partial<Record<FaultKind | WayKind, number>>;
  readonly delivered: number;
  readonly survived: number;
  /** All kinds of faults that there are, and all ways. */
  readonly kinds: readonly (FaultKind | WayKind)[];
}

function runRange(from: number, count: number, stopAtFirst: boolean): Report {
  const failures: { seed: number; violations: readonly string[] }[] = [];
  const fired: Partial<Record<FaultKind | WayKind, number>> = {};
  let delivered = 0;
  let survived = 0;
  let seeds = 0;
  for (let seed = from; seed < from + count; seed++) {
    const outcome = runSeed(seed);
    seeds++;
    delivered += outcome.delivered;
    if (outcome.survived) survived++;
    for (const [kind, times] of outcome.fired) fired[kind] = (fired[kind] ?? 0) + times;
    if (outcome.violations.length === 0) continue;
    failures.push({ seed, violations: outcome.violations });
    if (stopAtFirst || failures.length >= 20) break;
  }
  return { seeds, failures, fired, delivered, survived, kinds: [...faultKinds, ...wayKinds] };
}

function runSeed(seed: number, log?: (line: string) => void): Outcome {
  try {
    return new World(seed, log).run();
  } catch (error) {
    // What escapes into the world would have been an uncaught error in a real one.
    const violations = [`threw ${error instanceof Error ? error.stack : String(error)}`];
    return { seed, violations, fired: new Map(), delivered: 0, survived: false };
  }
}

const [from, count, mode] = process.argv.slice(2);
if (mode === 'verbose') {
  const { violations } = runSeed(Number(from), (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`${violations.join('\n') || 'no violation'}\n`);
} else {
  process.stdout.write(`${JSON.stringify(runRange(Number(from), Number(count), mode === 'first'))}\n`);
}
