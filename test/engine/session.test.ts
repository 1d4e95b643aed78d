import { beforeEach, describe, expect, it } from 'vitest';
import { PassingCore } from '../../server/engine/passing-core.ts';
import type { Packet, TransportName } from '../../shared/engine/packet.ts';
import { SessionCore, type ResumeTerms } from '../../shared/engine/session.ts';
import type { Transport } from '../../shared/engine/transport.ts';
import { VirtualClock } from '../virtual-clock.ts';

const terms: ResumeTerms = { windowMs: 1_000, maxPackets: 5, maxBytes: 1_000, reportPackets: 3, reportBytes: 500 };

/** A transport that writes down what it was given: each packet as its type's digit and data, `@` and a number before messages. */
class Wire implements Transport {
  readonly name: TransportName;
  writable = true;
  maxBatchBytes = Infinity;
  closed = false;
  readonly sent: string[] = [];

  constructor(name: TransportName = 'websocket') {
    this.name = name;
  }

  send(packets: readonly Packet[], from: number): void {
    const digits: Record<string, string> = { close: '1', ping: '2', pong: '3', message: '4', upgrade: '5', noop: '6' };
    let number = from;
    for (const { type, data } of packets) {
      this.sent.push(`${type === 'message' ? `@${number++} ` : ''}${digits[type]}${String(data ?? '')}`);
    }
  }

  close(): void {
    this.closed = true;
  }
}

let clock: VirtualClock;
let told: string[];
let session: PassingCore;
let wire: Wire;

beforeEach(() => {
  clock = new VirtualClock();
  told = [];
  wire = new Wire();
  session = new PassingCore(
    clock,
    {
      message: (data) => told.push(`message ${String(data)}`),
      control: (control) => told.push(`control ${JSON.stringify(control)}`),
      suspended: (why) => told.push(`suspended ${why}`),
      resumed: (ms, replayed) => told.push(`resumed after ${ms}, ${replayed} again`),
      drained: () => {},
      closed: (why, detail) => told.push(`closed ${why}${detail && `: ${detail}`}`),
    },
    (packet) => String(packet.data).length,
  );
});

const sendAll = (...texts: string[]): void => texts.forEach((text) => session.send(text));
const arrive = (lane: { next: number }, ...texts: string[]): boolean[] =>
  texts.map((data) => session.receive({ type: 'message', data }, lane));

describe('its moves', () => {
  const into: Record<string, () => void> = {
    opening: () => {},
    open: () => session.open(wire, terms),
    closing: () => {
      session.open(wire, terms);
      wire.writable = false;
      sendAll('a');
      session.close();
    },
    suspended: () => {
      session.open(wire, terms);
      session.lose(wire, 'transport-closed');
    },
    closed: () => session.end('closed-here'),
  };
  const inputs: Record<string, () => void> = {
    attach: () => session.attach(new Wire(), 0),
    lose: () => session.lose(wire, 'transport-closed'),
    close: () => session.close(),
    end: () => session.end('malformed'),
  };

  it.each([
    ['opening', 'attach', 'opening'],
    ['opening', 'lose', 'opening'],
    ['opening', 'close', 'closed'],
    ['opening', 'end', 'closed'],
    ['open', 'attach', 'open'],
    ['open', 'lose', 'suspended'],
    ['open', 'close', 'closed'],
    ['open', 'end', 'closed'],
    ['closing', 'attach', 'closed'], // what waited left on the new transport
    ['closing', 'lose', 'closed'],
    ['closing', 'close', 'closing'],
    ['closing', 'end', 'closed'],
    ['suspended', 'attach', 'open'],
    ['suspended', 'lose', 'suspended'],
    ['suspended', 'close', 'closed'],
    ['suspended', 'end', 'closed'],
    ['closed', 'attach', 'closed'],
    ['closed', 'lose', 'closed'],
    ['closed', 'close', 'closed'],
    ['closed', 'end', 'closed'],
  ])('%s, %s: %s', (from, input, to) => {
    into[from]!();
    expect(session.stateName).toBe(from);
    inputs[input]!();
    expect(session.stateName).toBe(to);
    expect(told.filter((line) => line.startsWith('closed')).length).toBe(to === 'closed' ? 1 : 0);
  });
});

describe('without resume', () => {
  it('queues while opening and while the transport is busy, then sends in order', () => {
    sendAll('a');
    session.open(wire);
    wire.writable = false;
    sendAll('b', 'c');
    wire.writable = true;
    session.flush();
    expect(wire.sent).toEqual(['@1 4a', '@2 4b', '@3 4c']);
    expect(session.unconfirmed).toBe(0);
  });

  it('ends with its transport', () => {
    session.open(wire);
    session.lose(wire, 'transport-error', 'ECONNRESET');
    session.lose(wire, 'transport-closed');
    expect(told).toEqual(['closed transport-error: ECONNRESET']);
  });

  it('answers a ping as Engine.IO does, without a number', () => {
    session.open(wire);
    session.receive({ type: 'ping' }, { next: 1 });
    expect(wire.sent).toEqual(['3']);
  });

  it('sends what waits on the new transport after a swap, and ends the older', () => {
    session.open(wire);
    wire.writable = false;
    sendAll('a');
    const newer = new Wire();
    session.attach(newer);
    session.lose(wire, 'transport-closed');
    expect([wire.closed, wire.sent, newer.sent, session.stateName]).toEqual([true, [], ['@1 4a'], 'open']);
  });
});

describe('closing', () => {
  it.each<[TransportName, string[]]>([
    ['polling', ['1']],
    // Its closing handshake says it all.
    ['websocket', []],
  ])('lets what waits leave before it ends a plain session on %s', (name, goodbye) => {
    wire = new Wire(name);
    session.open(wire);
    wire.writable = false;
    sendAll('a');
    session.close();
    expect(told).toEqual([]);
    wire.writable = true;
    session.flush();
    expect(wire.sent).toEqual(['@1 4a', ...goodbye]);
    expect(told).toEqual(['closed closed-here']);
  });

  it('drops what waits when told to', () => {
    session.open(wire);
    wire.writable = false;
    sendAll('a');
    session.close('closed-here', true);
    expect([wire.sent, wire.closed, told]).toEqual([[], true, ['closed closed-here']]);
  });

  it('leaves no timer behind when it was suspended', () => {
    session.open(wire, terms);
    session.lose(wire, 'transport-closed');
    session.close();
    expect(clock.pending).toBe(0);
    expect(told.at(-1)).toBe('closed closed-here');
  });
});

describe('with resume', () => {
  beforeEach(() => session.open(wire, terms));

  it('sends again from what the peer has seen, after telling it what was seen here', () => {
    const lane = { next: 1 };
    arrive(lane, 'x', 'y');
    sendAll('a', 'b', 'c');
    session.lose(wire, 'transport-closed');
    clock.turn(300);
    const newer = new Wire();
    session.attach(newer, 1, true);
    expect(newer.sent).toEqual(['62', '@2 4b', '@3 4c']);
    expect(told.slice(2)).toEqual(['suspended transport-closed', 'resumed after 300, 2 again']);
    expect(session.unconfirmed).toBe(2);
  });

  it('goes on from `seen` without a count when a poll follows a poll', () => {
    sendAll('a', 'b');
    session.attach(wire, 1);
    session.attach(wire, 2);
    expect(wire.sent).toEqual(['@1 4a', '@2 4b', '@2 4b']);
    expect(session.unconfirmed).toBe(0);
  });

  it('sends ahead of the attach what is not confirmed, where the transport can take it, and then what is left', () => {
    sendAll('a', 'b');
    session.lose(wire, 'transport-closed');
    const newer = new Wire('polling');
    session.resend(newer);
    sendAll('c');
    newer.writable = false;
    sendAll('d');
    newer.writable = true;
    session.attach(newer, 2);
    expect(newer.sent).toEqual(['@1 4a', '@2 4b', '@3 4c', '@4 4d']);
    expect([told.at(-1), session.unconfirmed]).toEqual(['resumed after 0, 2 again', 2]);
  });

  it('asks anew for what was awaited ahead of the attach', () => {
    sendAll('a');
    session.whenFlushed(() => {});
    session.lose(wire, 'transport-closed');
    const newer = new Wire('polling');
    session.resend(newer);
    session.attach(newer, 0);
    expect(newer.sent).toEqual(['@1 4a', '20', '20']);
  });

  it('sends nothing ahead where the count decides whether the session can go on', () => {
    sendAll('a', 'b', 'c', 'd', 'e', 'f', 'g');
    session.lose(wire, 'transport-closed');
    const newer = new Wire('polling');
    session.resend(newer);
    expect(newer.sent).toEqual([]);
  });

  it('sends nothing ahead while another transport still carries the session', () => {
    sendAll('a', 'b');
    const newer = new Wire('polling');
    session.resend(newer);
    sendAll('c');
    expect([wire.sent, newer.sent]).toEqual([['@1 4a', '@2 4b', '@3 4c'], []]);
    session.attach(newer, 2);
    expect(newer.sent).toEqual(['@3 4c']);
  });

  it('takes the count of a new transport for what it is, before anything was sent again', () => {
    sendAll('a', 'b', 'c');
    session.lose(wire, 'transport-closed');
    const newer = new Wire('polling');
    newer.writable = false;
    session.attach(newer);
    session.receive({ type: 'noop', data: '2' }, { next: 1 });
    newer.writable = true;
    session.flush();
    expect(newer.sent).toEqual(['@3 4c']);
  });

  it('hands each message on once, whatever is repeated, and refuses a gap', () => {
    expect(arrive({ next: 1 }, 'a', 'b')).toEqual([true, true]);
    expect(arrive({ next: 1 }, 'a', 'b', 'c')).toEqual([true, true, true]);
    expect(arrive({ next: 5 }, 'e')).toEqual([false]);
    expect(told).toEqual(['message a', 'message b', 'message c']);
  });

  it('counts unasked when much was seen', () => {
    arrive({ next: 1 }, 'a', 'b', 'c', 'd');
    expect(wire.sent).toEqual(['63']);
    arrive({ next: 5 }, 'e'.repeat(500));
    expect(wire.sent).toEqual(['63', '65']);
  });

  it('puts its count on pings and their answers', () => {
    arrive({ next: 1 }, 'a');
    session.ping();
    session.receive({ type: 'ping', data: '0' }, { next: 2 });
    expect(wire.sent).toEqual(['21', '31']);
  });

  it('ends when the window passes, with no timer left', () => {
    session.lose(wire, 'heartbeat-missed');
    clock.turn(999);
    expect(session.stateName).toBe('suspended');
    clock.turn(1);
    expect(told).toEqual(['suspended heartbeat-missed', 'closed window-passed: heartbeat-missed']);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['more than was sent', 4],
    ['less than before', 1],
  ])('ends when a request says that %s was seen', (_what, seen) => {
    sendAll('a', 'b', 'c');
    session.attach(wire, 2);
    expect(session.attach(new Wire(), seen)).toBe(false);
    expect(told).toEqual([`closed count-impossible: seen ${seen}`]);
  });

  it('ends honestly when the peer lacks what the journal had to let go', () => {
    sendAll('a', 'b', 'c', 'd', 'e', 'f', 'g');
    expect(session.unconfirmed).toBe(5);
    session.lose(wire, 'transport-closed');
    expect(session.attach(new Wire(), 1)).toBe(false);
    expect(told.at(-1)).toBe('closed journal-full: message 2 is no longer kept');
  });

  it('goes on when the journal let go only what the peer had seen', () => {
    sendAll('a', 'b', 'c', 'd', 'e', 'f', 'g');
    session.lose(wire, 'transport-closed');
    const newer = new Wire();
    expect(session.attach(newer, 2, true)).toBe(true);
    expect(newer.sent.at(1)).toBe('@3 4c');
  });

  it.each([
    ['messages', ['1', '2', '3', '4', '5', '6']],
    ['bytes', ['x'.repeat(600), 'x'.repeat(600)]],
  ])('ends when more %s wait while suspended than the journal may hold', (_what, texts) => {
    session.lose(wire, 'transport-closed');
    sendAll(...texts);
    expect(told.at(-1)).toBe('closed journal-full: while suspended');
  });

  it('is not ended by an old count in a repeated packet', () => {
    sendAll('a', 'b');
    expect(session.receive({ type: 'pong', data: '2' }, { next: 1 })).toBe(true);
    expect(session.receive({ type: 'pong', data: '1' }, { next: 1 })).toBe(true);
    expect(session.unconfirmed).toBe(0);
  });

  it.each(['-1', '1e3', 'NaN', '3', '01', ' 1', '9007199254740993', '{bad'])('refuses %j behind a noop', (data) => {
    sendAll('a', 'b');
    expect(session.receive({ type: 'noop', data }, { next: 1 })).toBe(false);
  });

  it('hands control objects on', () => {
    session.receive({ type: 'noop', data: '{"move":{"within":500},"later":1}' }, { next: 1 });
    expect(told).toEqual(['control {"move":{"within":500},"later":1}']);
  });

  it('says when all that was sent has been seen, or that it never will be', () => {
    const answers: boolean[] = [];
    session.whenFlushed((confirmed) => answers.push(confirmed));
    sendAll('a');
    session.whenFlushed((confirmed) => answers.push(confirmed));
    expect([answers, wire.sent.at(-1)]).toEqual([[true], '20']);
    session.receive({ type: 'pong', data: '1' }, { next: 1 });
    sendAll('b');
    session.whenFlushed((confirmed) => answers.push(confirmed));
    session.end('heartbeat-missed');
    expect(answers).toEqual([true, true, false]);
  });
});

it('survives a listener that closes the session in the middle of a batch', () => {
  const closing: SessionCore = new SessionCore(
    clock,
    {
      message: () => closing.end('closed-here'),
      control() {},
      suspended() {},
      resumed() {},
      drained() {},
      closed: (why) => told.push(why),
    },
    () => 0,
  );
  closing.open(wire, terms);
  const lane = { next: 1 };
  for (const data of ['a', 'b']) closing.receive({ type: 'message', data }, lane);
  expect([told, closing.seen, wire.sent]).toEqual([['closed-here'], 1, ['6{"why":"closed-here"}', '1']]);
});
