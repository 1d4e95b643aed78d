/**
 * Runs one scenario: its peers take turns, round by round, each in a process of its own, and medians are compared.
 *
 * What counts is the CPU time that the server's process took, all of its threads, between the load's first and last measured
 * message; or the client's process, where clients are compared. On a shared machine rates waver; this does not.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} unit of its figures
 * @property {number} wanted most that the ratio may be
 * @property {readonly [ours: string, peer: string]} peers
 * @property {(peer: string) => readonly string[]} server the program and its arguments
 * @property {readonly string[]} load arguments of the load generator
 * @property {'wsload' | 'pollload'} [program] the load generator, default wsload
 * @property {(peer: string) => readonly string[]} [client] a program in the load generator's place, and its arguments: then
 *   the client is what is measured
 * @property {'cpu' | 'memory'} [measures] default cpu
 *
 * @typedef {object} Result
 * @property {Scenario} scenario
 * @property {Record<string, number>} figures medians
 * @property {number} ratio ours by the peer's
 */

const SERVER_CORE = '0';
const LOAD_CORE = '1';

/**
 * @param {Scenario} scenario
 * @param {{ loads: Record<string, string>, rounds: number, seconds: number }} how
 * @returns {Promise<Result>}
 */
export async function measure(scenario, { loads, rounds, seconds }) {
  /** @type {Record<string, number[]>} */
  const taken = Object.fromEntries(scenario.peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second in a round comes first in the next.
    for (const peer of round % 2 === 0 ? scenario.peers : scenario.peers.toReversed()) {
      const server = await startServer(scenario.server(peer));
      try {
        const take = scenario.measures === 'memory' ? takeMemory : takeCpu;
        const load = scenario.client ? program(...scenario.client(peer)) : [loads[scenario.program ?? 'wsload']];
        taken[peer].push(await take(server, [...load, ...scenario.load], seconds, !!scenario.client));
      } finally {
        server.child.kill('SIGKILL');
      }
    }
  }
  const figures = Object.fromEntries(Object.entries(taken).map(([peer, values]) => [peer, median(values)]));
  const [ours, peer] = scenario.peers;
  return { scenario, figures, ratio: figures[ours] / figures[peer] };
}

/** Starts a server, which says its port as the first line. */
async function startServer([name, ...args]) {
  const child = spawn('taskset', ['-c', SERVER_CORE, ...program(name, ...args)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: port } = await lines.next();
  return { child, lines, port };
}

/** What runs a program of ours. */
function program(name, ...args) {
  return [process.execPath, '--expose-gc', fileURLToPath(new URL(name, import.meta.url)), ...args];
}

function startLoad(load, port, args = []) {
  const child = spawn('taskset', ['-c', LOAD_CORE, ...load, '--port', port, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** Microseconds of CPU a message, at the server or at the client. */
async function takeCpu(server, load, seconds, atClient) {
  const client = startLoad(load, server.port, ['--secs', String(seconds), '--warm', String(seconds / 2)]);
  const { lines } = client;
  const { pid } = (atClient ? client : server).child;
  await expectLine(lines, 'begin');
  const before = await cpuTime(pid);
  const line = (await lines.next()).value;
  const after = await cpuTime(pid);
  client.child.stdin.end();
  const { n, errors } = JSON.parse(line);
  if (!(n > 0) || errors > 0) throw new Error(`the load says ${line}`);
  return (after - before) / 1_000 / n;
}

/** Kilobytes that an idle connection takes, the garbage collected. */
async function takeMemory(server, load) {
  const before = await residentSize(server);
  const { child, lines } = startLoad(load, server.port);
  const [, count] = /^ready (\d+)/.exec((await lines.next()).value);
  const after = await residentSize(server);
  child.stdin.end();
  return (after - before) / Number(count) / 1_024;
}

async function expectLine(lines, expected) {
  const { value } = await lines.next();
  if (value !== expected) throw new Error(`the load says ${value}`);
}

/** Nanoseconds of CPU that all threads of a process took. */
async function cpuTime(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const times = tasks.map(async (task) =>
    Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0]),
  );
  return (await Promise.all(times)).reduce((sum, time) => sum + time, 0);
}

/** Bytes, as the server says them once it has collected its garbage. */
async function residentSize({ child, lines }) {
  child.stdin.write('size\n');
  return Number((await lines.next()).value);
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
