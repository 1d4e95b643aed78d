/**
 * `node test/coverage/members.mjs`, after `npm run build`: prints every public member of the official packages with the test
 * that shows what it means in ours, then what is missing. Exits with 1 if anything is, or has no test.
 */
import { survey } from './survey.mjs';

const findings = await survey();
let section = '';
for (const { member, state, reason, test } of findings) {
  const title = `${member.package}${member.owner && ` ${member.owner}`}`;
  if (title !== section) console.log(`\n${(section = title)}`);
  console.log(
    `  ${member.name.padEnd(28)} ${state === 'ours' ? (test ?? 'NO TEST') : state === 'missing' ? 'MISSING' : `(${reason})`}`,
  );
  if (state === 'missing' || (state === 'ours' && test === undefined)) process.exitCode = 1;
}

const count = (state) => findings.filter((finding) => finding.state === state).length;
const untested = findings.filter(({ state, test }) => state === 'ours' && test === undefined);
const missing = findings.filter(({ state }) => state === 'missing');
console.log(
  `\n${findings.length} members: ${count('ours')} ours, ${count('not to be had')} not to be had, ${missing.length} missing, ${untested.length} without a test`,
);
for (const { key } of missing) console.log(`missing: ${key}`);
for (const { key } of untested) console.log(`without a test: ${key}`);
