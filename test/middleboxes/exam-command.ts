/** The exam as a command: every way in turn, a table, and an exit code that tells whether all was well. */
import { parseArgs } from 'node:util';
import { official, ours } from './ends.ts';
import { runExam, ways, type ExamResult, type Way } from './exam.ts';
import { flawless } from './ledger.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '1000' },
    messages: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    way: { type: 'string' },
    official: { type: 'boolean', default: false },
  },
});

const ends = values.official ? official : ours;
const [faults, messages, seed] = [Number(values.faults), Number(values.messages), Number(values.seed)];
const chosen = (Object.keys(ways) as Way[]).filter((way) => values.way === undefined || values.way === way);
if (chosen.length === 0) throw new Error(`--way is one of: ${Object.keys(ways).join(', ')}`);

function isFlawless({ up, down, disconnects }: ExamResult): boolean {
  return disconnects.length === 0 && [up, down].every((way) => JSON.stringify(way) === JSON.stringify(flawless));
}

/** How much of the client's timeline is shown where something went wrong. */
const LAST_ENTRIES = 20;

const rows: Record<string, Record<string, unknown>> = {};
for (const way of chosen) {
  const result = await runExam({ ends, way, faults, messages, seed });
  for (const direction of ['up', 'down'] as const) rows[`${way}, ${direction}`] = { ...result[direction] };
  const struck = Object.values(result.faults).reduce((sum, count) => sum + count, 0);
  const carried = Object.entries(result.transports).map(([name, count]) => `${count} by ${name}`);
  console.log(
    `${way}: ${struck} faults on ${result.connections} connections in ${(result.durationMs / 1_000).toFixed(1)} s; ` +
      `down came ${carried.join(', ')}; ${result.disconnects.length} disconnects`,
  );
  console.log(
    `  ${Object.entries(result.faults)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
  );
  for (const reason of new Set(result.disconnects)) {
    console.log(`  ${result.disconnects.filter((other) => other === reason).length} × ${reason}`);
  }
  if (isFlawless(result)) continue;
  process.exitCode = 1;
  for (const { at, transport, why, detail } of result.timeline.slice(-LAST_ENTRIES)) {
    console.log(`  ${new Date(at).toISOString().slice(17, 23)} ${transport} ${why} ${String(detail ?? '')}`);
  }
  const own = values.official ? ' --official' : '';
  console.log(
    `  again: node test/middleboxes/exam.mjs --way '${way}' --faults ${faults} --messages ${messages} --seed ${seed}${own}`,
  );
}
console.table(rows);
