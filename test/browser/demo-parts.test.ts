/** The parts of the demo that need neither a browser nor a network. */
import { describe, expect, it } from 'vitest';
import { anything, assert, property } from 'fast-check';
import { Allowance } from '../../demo/allowance.ts';
import { checkDraft, checkName } from '../../demo/checks.ts';
import { ImageShelf } from '../../demo/image-shelf.ts';
import { limits } from '../../demo/limits.ts';
import { roomName } from '../../demo/room-name.ts';
import { Rooms, type Room } from '../../demo/rooms.ts';
import { Outbox, type OutboxOwner } from '../../demo/page/outbox.ts';
import { bytesText, packetText } from '../../demo/page/packet-text.ts';
import { RoomLog } from '../../demo/page/room-log.ts';
import type { Draft, Message, Person } from '../../demo/events.ts';

const ann: Person = { id: 'ann', name: 'Ann', hue: 60 };

function draft(count: number): Draft {
  return { id: `message-number-${count}`, room: 'attic', text: String(count) };
}

function message(seq: number): Message {
  return { ...draft(seq), seq, at: 0, from: ann };
}

describe('names', () => {
  it.each([
    ['Book Club', 'book-club'],
    ['  Lobby ', 'lobby'],
    ['ＡＢＣ', 'abc'],
    ['köln', 'köln'],
    ['constructor', 'constructor'],
    ['__proto__', undefined],
    ['a/b', undefined],
    ['#a', undefined],
    ['', undefined],
    ['x'.repeat(33), undefined],
  ])('the room %j is %j', (given, room) => expect(roomName(given)).toBe(room));

  it.each([
    ['  Ann \n B ', 'Ann B'],
    ['\u202enna', 'nna'],
    ['\u0000\u200f', undefined],
    ['n'.repeat(25), undefined],
    [['Ann'], undefined],
  ])('the person %j is %j', (given, name) => expect(checkName(given)).toBe(name));

  it('of any text and shape are checked without a throw', () =>
    assert(
      property(anything(), anything(), (given, image) => {
        checkName(given);
        if (typeof given === 'string') roomName(given);
        expect(checkDraft(given, image)?.draft.text.length ?? 0).toBeLessThanOrEqual(limits.textLength);
      }),
    ));
});

describe('an allowance', () => {
  it('gives what it has at once, and the rest as time passes', () => {
    let now = 0;
    const allowance = new Allowance(2, 4, () => now);
    expect([allowance.take(), allowance.take(), allowance.take()]).toEqual([0, 0, 250]);
    now = 250;
    expect([allowance.take(), allowance.take()]).toEqual([0, 250]);
    now = 60_000;
    expect([allowance.take(), allowance.take(), allowance.take()]).toEqual([0, 0, 250]);
  });
});

describe('the image shelf', () => {
  it('gives up the oldest when it is full, and what is dropped makes room', () => {
    const shelf = new ImageShelf(100);
    shelf.put('attic', 'one', Buffer.alloc(60));
    shelf.put('attic', 'two', Buffer.alloc(40));
    shelf.put('attic', 'three', Buffer.alloc(10));
    expect(shelf.get('attic', 'one')).toBeUndefined();
    shelf.drop('attic', 'two');
    shelf.put('attic', 'four', Buffer.alloc(90));
    expect([shelf.get('attic', 'three')?.length, shelf.get('attic', 'four')?.length]).toEqual([10, 90]);
  });
});

describe('rooms', () => {
  it('tells those who come back only what they lack', () => {
    const room = roomOf(new Rooms(), 'attic');
    for (const count of [1, 2, 3]) room.add(draft(count), ann, 0);
    const { epoch } = room;
    expect(room.since(undefined)).toMatchObject({ afresh: true, messages: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
    expect(room.since({ epoch, seq: 2 })).toMatchObject({ afresh: false, messages: [{ seq: 3 }] });
    expect(room.since({ epoch, seq: 3 })).toMatchObject({ afresh: false, messages: [] });
    expect(room.since({ epoch: 'before the restart', seq: 2 })).toMatchObject({ afresh: true });
    expect(room.since({ epoch, seq: 4 })).toMatchObject({ afresh: true });
  });

  it('forget what is old, and say so to those who were away for too long', () => {
    const room = roomOf(new Rooms(), 'attic');
    for (let count = 1; count <= limits.history + 5; count += 1) room.add(draft(count), ann, 0);
    expect(room.since(undefined).messages).toHaveLength(limits.history);
    expect(room.since({ epoch: room.epoch, seq: 5 })).toMatchObject({ afresh: false });
    expect(room.since({ epoch: room.epoch, seq: 4 })).toMatchObject({ afresh: true });
  });

  it('count someone with two tabs once, until the last is closed', () => {
    const room = roomOf(new Rooms(), 'attic');
    room.arrive(ann);
    room.arrive(ann);
    expect(room.people()).toMatchObject({ count: 1, listed: [ann] });
    room.depart(ann);
    expect(room.isEmpty).toBe(false);
    room.depart(ann);
    room.depart(ann);
    expect(room.isEmpty).toBe(true);
  });

  it('are bounded: an empty one makes place for a new one, one with people in it never does', () => {
    const rooms = new Rooms();
    const before = rooms.list().length;
    for (let count = before; count < limits.rooms; count += 1) roomOf(rooms, `room-${count}`).add(draft(count), ann, 0);
    roomOf(rooms, `room-${before}`).arrive(ann);
    expect(rooms.open('one-more')).toBeDefined();
    expect(rooms.get(`room-${before + 1}`)).toBeUndefined();
    expect(rooms.list()).toHaveLength(limits.rooms);
    for (const { name } of rooms.list()) rooms.get(name)?.arrive(ann);
    expect(rooms.open('too-many')).toBeUndefined();
  });

  it('in which nothing was said go with the last who leaves', () => {
    const rooms = new Rooms();
    roomOf(rooms, 'silent');
    roomOf(rooms, 'spoken').add(draft(1), ann, 0);
    for (const name of ['silent', 'spoken', 'lobby']) rooms.left(name);
    expect(rooms.list().map(({ name }) => name)).toEqual(['lobby', 'pictures', 'quiet-corner', 'spoken']);
  });
});

describe('what the page knows of a room', () => {
  const entered = { ok: true, epoch: 'one', afresh: true } as const;

  it('takes each message once and in order, and notices a gap', () => {
    const log = new RoomLog('attic');
    log.entered({ ...entered, messages: [message(3), message(4)] });
    expect([5, 5, 4, 7, 6, 7].map((seq) => log.take(message(seq)))).toEqual([
      'next',
      'known',
      'known',
      'gap',
      'next',
      'next',
    ]);
    expect(log.messages.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7]);
    expect(log.seen).toEqual({ epoch: 'one', seq: 7 });
  });

  it('says what was new when it was entered again, and begins anew when the server did', () => {
    const log = new RoomLog('attic');
    log.entered({ ...entered, messages: [message(1)] });
    expect(log.entered({ ...entered, afresh: false, messages: [message(1), message(2)] })).toEqual([message(2)]);
    log.entered({ ...entered, epoch: 'two', messages: [message(1)] });
    expect(log.messages).toEqual([message(1)]);
    expect(log.seen).toEqual({ epoch: 'two', seq: 1 });
  });
});

describe('the outbox', () => {
  type Answer = Awaited<ReturnType<OutboxOwner['send']>> | Error;
  const told: Answer = { ok: true, message: message(1) };

  /** An outbox whose server answers in this order; what it sent, and a promise for the moment when it rests. */
  function outboxWith(answers: Answer[], isOpen = () => true) {
    const sent: string[] = [];
    const outbox = new Outbox({
      isOpen,
      async send({ draft: { text } }) {
        sent.push(text);
        const answer = answers.shift() ?? told;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      taken: () => {},
      changed: () => {},
    });
    return { outbox, sent };
  }

  it('sends one after the other, in order', async () => {
    const { outbox, sent } = outboxWith([]);
    for (const count of [1, 2, 3]) outbox.add(draft(count), null);
    expect(sent).toEqual(['1']);
    await expect.poll(() => outbox.waiting).toEqual([]);
    expect(sent).toEqual(['1', '2', '3']);
  });

  it('waits while there is no line, and goes on with it', async () => {
    let isOpen = false;
    const { outbox, sent } = outboxWith([], () => isOpen);
    outbox.add(draft(1), null);
    expect(sent).toEqual([]);
    isOpen = true;
    await outbox.run();
    expect(sent).toEqual(['1']);
  });

  it('sends again under the same id when no answer came, or when it is told to wait', async () => {
    const { outbox, sent } = outboxWith([new Error('timeout'), { ok: false, why: 'quick', retryInMs: 1 }]);
    outbox.add(draft(1), null);
    outbox.add(draft(2), null);
    await expect.poll(() => outbox.waiting, { timeout: 5_000 }).toEqual([]);
    expect(sent).toEqual(['1', '1', '1', '2']);
  });

  it('keeps what was refused for the writer to decide, and goes on with the rest', async () => {
    const { outbox, sent } = outboxWith([{ ok: false, why: 'no' }]);
    outbox.add(draft(1), null);
    outbox.add(draft(2), null);
    await expect.poll(() => sent).toEqual(['1', '2']);
    await expect.poll(() => outbox.waiting).toMatchObject([{ state: 'refused', why: 'no' }]);
    outbox.retry(outbox.waiting[0]!);
    await expect.poll(() => outbox.waiting).toEqual([]);
    expect(sent).toEqual(['1', '2', '1']);
  });
});

describe('a packet in words', () => {
  it.each([
    ['ping', undefined, 'ping', 1, ''],
    ['ping', 'probe', 'ping', 6, 'probe'],
    ['noop', '', 'noop', 1, ''],
    ['noop', '42', 'seen', 3, '42'],
    ['noop', '{"why":"x"}', 'control', 12, '{"why":"x"}'],
    ['message', '2["say","grüße"]', 'event', 19, '2["say","grüße"]'],
    ['message', '312[]', 'ack', 6, '312[]'],
    ['message', '0{"sid":"abcdefghijklmnop","pid":"qrstuvwxyz"}', 'connect', 47, '0{"sid":"abcdef…","pid":"qrstuv…"}'],
    ['open', '{"sid":"abcdefghijklmnop","pingInterval":1}', 'open', 44, '{"sid":"abcdef…","pingInterval":1}'],
    ['message', new Uint8Array([0, 255, 16]).buffer, 'binary', 3, '00 ff 10'],
    ['message', new Uint8Array(20), 'binary', 20, `${'00 '.repeat(16)}…`],
  ])('%s %j', (type, data, kind, size, preview) =>
    expect(packetText(type, data)).toMatchObject({ kind, size, preview }),
  );

  it.each([
    [0, '0 B'],
    [9_999, '9,999 B'],
    [12_345, '12.3 kB'],
    [12_345_678, '12.3 MB'],
  ])('%i bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));
});

function roomOf(rooms: Rooms, name: string): Room {
  const room = rooms.open(name);
  if (room === undefined) throw new Error('no room');
  return room;
}
