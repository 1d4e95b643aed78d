import { expect, it } from 'vitest';
import { PassingCore } from '../../server/engine/passing-core.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import type { Transport } from '../../shared/engine/transport.ts';
import { VirtualClock } from '../virtual-clock.ts';

const terms = { windowMs: 1_000, maxPackets: 3, maxBytes: 1_000, reportPackets: 8, reportBytes: 500 };

interface Wire extends Transport {
  writable: boolean;
  readonly sent: string[];
}

function wire(): Wire {
  const sent: string[] = [];
  return {
    name: 'websocket',
    writable: true,
    maxBatchBytes: Infinity,
    sent,
    send: (packets: readonly Packet[]) => void sent.push(...packets.map(({ type, data }) => `${type} ${String(data)}`)),
    close: () => {},
  };
}

function open(resumes: boolean): { core: PassingCore; first: Wire } {
  const sink = { message() {}, control() {}, suspended() {}, resumed() {}, drained() {}, closed() {} };
  const core = new PassingCore(new VirtualClock(), sink, () => 1);
  const first = wire();
  core.open(first, resumes ? terms : undefined);
  return { core, first };
}

it('sends again what passed the queue and was not seen, before what was sent meanwhile', () => {
  const { core, first } = open(true);
  for (const text of ['a', 'b', 'c']) core.passed(text);
  core.passed('d', { compress: false });
  expect(first.sent).toEqual([]);
  expect(core.waiting).toBe(0);
  core.lose(first, 'transport-closed');
  core.send('e');
  const second = wire();
  expect(core.attach(second, 2, true)).toBe(true);
  expect(second.sent).toEqual(['noop 0', 'message c', 'message d', 'message e']);
  expect(core.keptBytes).toBe(3);
});

it('keeps no more of it than the journal may hold, and nothing where nobody resumes', () => {
  const { core } = open(true);
  for (const text of ['a', 'b', 'c', 'd']) core.passed(text);
  expect(core.unconfirmed).toBe(3);
  const { core: plain } = open(false);
  plain.passed('a');
  expect(plain.unconfirmed).toBe(0);
  expect(plain.keptBytes).toBe(0);
});

it('lets nothing pass what waits, what is asked for, or the end', () => {
  const { core, first } = open(true);
  expect(core.isClear).toBe(true);
  first.writable = false;
  core.send('waits');
  expect(core.isClear).toBe(false);
  first.writable = true;
  core.flush();
  expect(core.isClear).toBe(true);
  // Behind each message the peer is asked whether it has come.
  core.whenFlushed(() => {});
  expect(core.isClear).toBe(false);
  core.end('closed-here');
  expect(core.isClear).toBe(false);
});
