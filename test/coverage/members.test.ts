import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { requires } from '../requirement.ts';
import { survey } from './survey.mjs';

const built = requires(
  'the package',
  fileURLToPath(new URL('../../dist/node/index.mjs', import.meta.url)),
  'npm run build',
);

/** To be lowered with every test that is added, until it is 0. */
const mostUntested = 55;

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

  it('leaves no more of them without a test than it does today', () => {
    const untested = findings.filter(({ state, test }) => state === 'ours' && test === undefined);
    expect(untested.length).toBeLessThanOrEqual(mostUntested);
  });

  it.each(['socket.io:Server.of', 'socket.io:Socket.emitWithAck', 'socket.io-client:Manager.reconnection'])(
    'has a test for %s',
    (key) => expect(findings.find((finding) => finding.key === key)?.test).toMatch(/^test\/.+:\d+ › ./),
  );
});
