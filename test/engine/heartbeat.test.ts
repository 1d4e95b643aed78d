import { beforeEach, describe, expect, it } from 'vitest';
import { Heartbeat, Watchdog, type HeartbeatSink } from '../../shared/engine/heartbeat.ts';
import { VirtualClock } from '../virtual-clock.ts';

let clock: VirtualClock;
let told: string[];
const sink: HeartbeatSink = {
  ping: () => told.push(`ping at ${clock.now()}`),
  lost: () => told.push(`lost at ${clock.now()}`),
};

beforeEach(() => {
  clock = new VirtualClock();
  told = [];
});

describe('the server', () => {
  it('pings every interval, also a peer that never stops talking', () => {
    const heartbeat = new Heartbeat(clock, sink, 100, 50);
    heartbeat.start();
    for (let at = 0; at < 300; at += 10) {
      clock.turn(10);
      heartbeat.heard();
    }
    heartbeat.stop();
    expect(told).toEqual(['ping at 100', 'ping at 200', 'ping at 300']);
    expect(clock.pending).toBe(0);
  });

  it('gives a silent peer up one timeout after the ping', () => {
    const heartbeat = new Heartbeat(clock, sink, 100, 50);
    heartbeat.start();
    clock.turn(150);
    expect(told).toEqual(['ping at 100', 'lost at 150']);
  });

  it('takes any sign of life for an answer', () => {
    const heartbeat = new Heartbeat(clock, sink, 100, 50);
    heartbeat.start();
    clock.turn(149);
    heartbeat.heard();
    clock.turn(50);
    expect(told).toEqual(['ping at 100']);
  });

  it.each([
    [131_072, 50],
    [131_072 + 16_000, 1_050],
    [100_000_000, 60_050],
  ])('waits longer for an answer before which %i bytes have to arrive: %i ms', (owedBytes, within) => {
    const heartbeat = new Heartbeat(clock, { ...sink, owedBytes }, 100, 50);
    heartbeat.start();
    clock.turn(99 + within);
    expect(told.filter((line) => line.startsWith('lost'))).toEqual([]);
    clock.turn(1);
    expect(told.at(-1)).toBe(`lost at ${100 + within}`);
  });

  it('measures from a ping to its answer, whatever else comes between, and no answer that was not asked for', () => {
    const heartbeat = new Heartbeat(clock, sink, 100, 50);
    heartbeat.start();
    expect(heartbeat.answered()).toBeUndefined();
    clock.turn(110);
    heartbeat.heard();
    clock.turn(20);
    expect(heartbeat.answered()).toBe(30);
    expect(heartbeat.answered()).toBeUndefined();
    // A ping that nobody answers, though the peer is there: the next one is measured from its own time.
    clock.turn(80);
    heartbeat.heard();
    clock.turn(91);
    expect(heartbeat.answered()).toBe(1);
    heartbeat.stop();
    expect(clock.pending).toBe(0);
  });

  it('does not blame the peer for a time in which this process was blocked', () => {
    const heartbeat = new Heartbeat(clock, sink, 100_000, 20_000);
    heartbeat.start();
    clock.turn(100_000);
    clock.sleep(60_000);
    expect(told.filter((line) => line.startsWith('lost'))).toEqual([]);
    clock.turn(20_000);
    expect(told.at(-1)).toBe('lost at 180000');
  });
});

describe('the client', () => {
  it('waits longer where so many bytes were announced, and no longer than it takes for them to come', () => {
    const watchdog = new Watchdog(clock, sink, 100, 50);
    watchdog.start();
    watchdog.awaits(131_072 + 16_000);
    clock.turn(1_149);
    expect(told).toEqual([]);
    watchdog.heard();
    clock.turn(150);
    expect(told).toEqual(['lost at 1299']);
  });

  it('says now and then that it is there while something large arrives', () => {
    const watchdog = new Watchdog(clock, sink, 100, 50);
    watchdog.start();
    for (let at = 0; at < 100; at += 10) {
      clock.turn(10);
      watchdog.heard(true);
    }
    expect(told).toEqual(['ping at 30', 'ping at 60', 'ping at 90']);
  });

  it('gives a server up that was silent for an interval and a timeout', () => {
    new Watchdog(clock, sink, 100, 50).start();
    clock.turn(149);
    expect(told).toEqual([]);
    clock.turn(1);
    expect(told).toEqual(['lost at 150']);
  });

  it('counts from the last sign of life', () => {
    const watchdog = new Watchdog(clock, sink, 100, 50);
    watchdog.start();
    clock.turn(140);
    watchdog.heard();
    clock.turn(149);
    expect(told).toEqual([]);
    clock.turn(1);
    expect(told).toEqual(['lost at 290']);
  });

  it('asks after a sleep instead of giving up, and waits one timeout for the answer', () => {
    const watchdog = new Watchdog(clock, sink, 25_000, 20_000);
    watchdog.start();
    clock.sleep(8 * 3_600_000);
    expect(told).toEqual([`ping at ${clock.now()}`]);
    watchdog.heard();
    clock.turn(44_000);
    expect(told).toHaveLength(1);
  });

  it.each([
    ['an answer in time keeps the session', true, []],
    ['no answer ends it within the time named', false, ['lost at 1005']],
  ])('asked on a hint: %s', (_what, answered, expected) => {
    const watchdog = new Watchdog(clock, sink, 10_000, 5_000);
    watchdog.start();
    clock.turn(1_000);
    watchdog.expect(5);
    clock.turn(2);
    if (answered) watchdog.heard();
    clock.turn(4_000);
    expect(told).toEqual(expected);
  });

  describe('when the server takes what is sent and says nothing', () => {
    /** A POST is taken every 100 ms from 1,000 on; `answersMs` after a question something is heard. */
    function talk(untilMs: number, answersMs = Infinity): void {
      const watchdog = new Watchdog(clock, sink, 25_000, 20_000);
      watchdog.start();
      let asked = 0;
      for (clock.turn(1_000); clock.now() <= untilMs; clock.turn(100)) {
        if (told.length > asked) clock.after(answersMs, () => watchdog.heard());
        asked = told.length;
        watchdog.taken(5_000);
      }
      watchdog.stop();
    }

    it('asks after a while, and gives up a while after the question was taken', () => {
      talk(20_000);
      expect(told).toEqual(['ping at 5000', 'lost at 10100']);
    });

    it('asks once each while as long as it is answered', () => {
      talk(20_000, 200);
      expect(told).toEqual(['ping at 5000', 'ping at 10300', 'ping at 15600']);
    });

    it('judges no server that takes nothing', () => {
      const watchdog = new Watchdog(clock, sink, 25_000, 20_000);
      watchdog.start();
      clock.turn(6_000);
      watchdog.taken(5_000);
      clock.turn(38_999);
      expect(told).toEqual(['ping at 6000']);
      clock.turn(1);
      expect(told).toEqual(['ping at 6000', 'lost at 45000']);
    });
  });
});
