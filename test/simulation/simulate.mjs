/**
 * `npm run simulate -- --seeds N [--from S]`: runs N seeds, and fails with the command that replays the first bad ones.
 * `--seed S`: tells the whole story of one. `--mutants`: plants faults in the code and shows how soon each is found.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { bundleSimulation } from './bundle.mjs';
import { mutants } from './mutants.mjs';

const run = promisify(execFile);
/** With so many, every kind of fault must have fired, and every way been taken. */
const ENOUGH_SEEDS = 1_000;
const BUFFER_BYTES = 64 * 2 ** 20;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'simulation-'));
try {
  process.exitCode = await main();
} finally {
  await rm(folder, { recursive: true });
}

async function main() {
  const bundle = join(folder, 'simulation.mjs');
  if (values.mutants) return runMutants(bundle);
  await bundleSimulation(bundle);
  if (values.seed !== undefined) return tell(bundle, values.seed);
  return runSeeds(bundle, Number(values.from), Number(values.seeds));
}

async function share(bundle, from, count, mode = '') {
  const { stdout } = await run(process.execPath, [bundle, String(from), String(count), mode], {
    maxBuffer: BUFFER_BYTES,
  });
  return JSON.parse(stdout);
}

async function tell(bundle, seed) {
  const { stdout } = await run(process.execPath, [bundle, seed, '1', 'verbose'], { maxBuffer: BUFFER_BYTES });
  process.stdout.write(stdout);
  return stdout.trimEnd().endsWith('no violation') ? 0 : 1;
}

async function runSeeds(bundle, from, seeds) {
  const startedAt = Date.now();
  const jobs = Number(values.jobs);
  const size = Math.ceil(seeds / jobs);
  const shares = Array.from({ length: jobs }, (_, job) =>
    share(bundle, from + job * size, Math.min(size, seeds - job * size)),
  );
  const reports = await Promise.all(shares);
  const { kinds } = reports[0];
  const sum = (name) => reports.reduce((total, report) => total + report[name], 0);
  const fired = {};
  for (const report of reports) for (const kind in report.fired) fired[kind] = (fired[kind] ?? 0) + report.fired[kind];
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${sum('seeds')} seeds in ${seconds} s: ${sum('delivered')} messages, ${sum('survived')} sessions lived to the end`,
  );
  for (const kind of Object.keys(fired).sort()) console.log(`  ${String(fired[kind]).padStart(9)}  ${kind}`);
  const failures = reports.flatMap((report) => report.failures);
  for (const { seed, violations } of failures)
    console.log(
      `seed ${seed}: ${violations[0].split('\n', 3).join(' ')}\n  replay: npm run simulate -- --seed ${seed}`,
    );
  console.log(`violations: ${failures.length}`);
  const missing = seeds >= ENOUGH_SEEDS ? kinds.filter((kind) => !fired[kind]) : [];
  if (missing.length > 0) console.log(`never fired: ${missing.join(', ')}`);
  return failures.length + missing.length === 0 ? 0 : 1;
}

async function runMutants(bundle) {
  const LIMIT = 10_000;
  let missed = 0;
  for (const { name, file, from, to } of mutants) {
    let planted = false;
    await bundleSimulation(bundle, (path, text) => {
      if (path !== file) return text;
      planted = text.includes(from);
      return text.replace(from, () => to);
    });
    if (!planted) throw new Error(`${name}: ${file} does not contain what is to be replaced`);
    const { failures, seeds } = await share(bundle, 1, LIMIT, 'first');
    const found = failures[0];
    if (found === undefined) missed++;
    const result =
      found === undefined
        ? `NOT FOUND in ${seeds} seeds`
        : `seed ${String(found.seed).padStart(5)}  ${found.violations[0].split('\n')[0].slice(0, 90)}`;
    console.log(`${name.padEnd(58)} ${result}`);
  }
  console.log(`${mutants.length - missed} of ${mutants.length} planted faults found`);
  return missed === 0 ? 0 : 1;
}
