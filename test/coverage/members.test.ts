import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { requires } from '../requirement.ts';
import { survey } from './survey.mjs';

const built = requires(
  'the package',
  fileURLToPath(new URL('../../dist/node/index.mjs', import.meta.url)),
  'npm run build',
);

describe.runIf(built)('the built package', () => {
  let findings: Awaited<ReturnType<typeof survey>>;
  beforeAll(async () => {
    findings = await survey();
  });

  it('has every public member of the official ones, or a reason why not', () => {
    // Were the declarations read badly, nothing would be missing, either.
    expect(findings.length).toBeGreaterThan(586);
    expect(findings.filter(({ state }) => state === 'missing').map(({ key }) => key)).toEqual([]);
  });

  it('has a test for each of them that shows what it means', () => {
    const untested = findings.filter(({ state, test }) => state === 'ours' && test === undefined);
    expect(untested.map(({ key }) => key)).toEqual([]);
  });

  it('is told of by the script, member by member, which then ends well', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/coverage/members.mjs']);
    expect(stdout).toMatch(/\nsocket\.io Server\n(?: {2}.*\n)*? {2}of +test\/.+:\d+ › ./);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/ 0 missing, 0 without a test$/);
  });

  it.each(['socket.io:Server.of', 'socket.io:Socket.emitWithAck', 'socket.io-client:Manager.reconnection'])(
    'has a test for %s',
    (key) => expect(findings.find((finding) => finding.key === key)?.test).toMatch(/^test\/.+:\d+ › ./),
  );
});
