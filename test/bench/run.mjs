/**
 * `npm run bench`: peers beside us in one run, each in turn, server CPU time a message, as ratios.
 *
 * `--quick` takes under a minute, `--only NAME` runs the scenarios whose name begins so, `--plot` writes chart.svg here.
 * Wants Linux, a C compiler and the built package; two cores, for the server and the load to have one each.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { eventScenarios } from './events.mjs';
import { buildLoads } from './load.mjs';
import { measure } from './measure.mjs';
import { plot } from './plot.mjs';
import { websocketScenarios } from './websocket.mjs';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, plot: { type: 'boolean' }, only: { type: 'string', default: '' } },
});

const scenarios = [...websocketScenarios, ...eventScenarios].filter(({ name }) => name.startsWith(values.only));
const rounds = values.quick ? 3 : 7;
const seconds = values.quick ? 0.7 : 3;

console.log(
  `Node ${process.versions.node}, ${cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log(`${rounds} rounds of ${seconds} s, peers in turn, medians\n`);

const loads = await buildLoads();
const results = [];
for (const scenario of scenarios) {
  const result = await measure(scenario, { loads, rounds, seconds });
  results.push(result);
  console.log(describe(result));
}
if (values.plot) {
  const file = new URL('chart.svg', import.meta.url);
  await writeFile(file, plot(results));
  console.log(`\nwritten: ${file.pathname}`);
}

/** @param {import('./measure.mjs').Result} result */
function describe({ scenario, figures, ratio }) {
  const [ours, peer] = scenario.peers;
  const shown = [ours, peer].map((name) => `${name} ${figures[name].toFixed(2)}`).join(', ');
  return `${scenario.name.padEnd(34)} ${ratio.toFixed(2)} × ${peer}   (${shown} ${scenario.unit}; wanted ≤ ${scenario.wanted})`;
}
