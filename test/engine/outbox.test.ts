import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Outbox, packetOf } from '../../shared/engine/outbox.ts';
import type { Packet } from '../../shared/engine/packet.ts';

/** The plain version: an array of all messages ever, and four numbers. */
class Plain {
  all: string[] = [];
  confirmed = 0;
  sent = 0;
  next = 1;
}

const measure = (packet: Packet): number => String(packet.data).length;

const step = fc.oneof(
  fc.record({ do: fc.constant('push' as const), text: fc.string({ maxLength: 9 }) }),
  fc.record({
    do: fc.constant('take' as const),
    room: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 30 })),
  }),
  fc.record({ do: fc.constant('forget' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ do: fc.constant('rewind' as const) }),
  fc.record({ do: fc.constant('trim' as const), packets: fc.nat(8), bytes: fc.nat(60) }),
);

it('behaves like an array of all messages and four numbers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const outbox = new Outbox();
      const plain = new Plain();
      for (const act of steps) {
        if (act.do === 'push') {
          outbox.push(act.text);
          plain.all.push(act.text);
        } else if (act.do === 'take') {
          const batch = outbox.take(act.room, measure);
          const expected: string[] = [];
          let room = act.room;
          while (plain.next <= plain.all.length) {
            const text = plain.all[plain.next - 1]!;
            room -= text.length;
            if (room < 0 && expected.length > 0) break;
            expected.push(text);
            plain.sent = Math.max(plain.sent, plain.next++);
          }
          expect(batch.map((packet) => packet.data)).toEqual(expected);
        } else if (act.do === 'forget') {
          plain.confirmed += Math.floor(act.part * (plain.sent - plain.confirmed));
          plain.next = Math.max(plain.next, plain.confirmed + 1);
          outbox.confirmUpTo(plain.confirmed);
        } else if (act.do === 'rewind') {
          expect(outbox.rewind()).toBe(plain.next - plain.confirmed - 1);
          plain.next = plain.confirmed + 1;
        } else {
          outbox.keepWithin(act.packets, act.bytes);
          const bytes = (): number => plain.all.slice(plain.confirmed).join('').length;
          while (
            (plain.all.length - plain.confirmed > act.packets || bytes() > act.bytes) &&
            plain.confirmed + 1 < plain.next
          )
            plain.confirmed++;
        }
        const { confirmed, next, sent, last, waiting } = outbox;
        expect({ confirmed, next, sent, last, waiting }).toEqual({
          confirmed: plain.confirmed,
          next: plain.next,
          sent: plain.sent,
          last: plain.all.length,
          waiting: plain.all.length + 1 - plain.next,
        });
        expect(outbox.kept.slice(outbox.next - outbox.confirmed - 1).map((kept) => packetOf(kept).data)).toEqual(
          plain.all.slice(plain.next - 1),
        );
        expect(outbox.bytes).toBe(plain.all.slice(plain.confirmed).join('').length);
      }
    }),
  );
});

it('hands out a message larger than the room alone, and never none', () => {
  const outbox = new Outbox();
  for (const data of ['a'.repeat(50), 'b', 'c']) outbox.push(data);
  const batches = [0, 1].map(() => outbox.take(10, measure).map((packet) => packet.data));
  expect(batches).toEqual([['a'.repeat(50)], ['b', 'c']]);
});

it.each([2 ** 31, 2 ** 32, 2 ** 53 - 10])('counts on past %i', (around) => {
  const outbox = new Outbox();
  outbox.last = outbox.sent = outbox.confirmed = outbox.claimed = around - 3;
  outbox.next = around - 2;
  const texts = ['a', 'b', 'c', 'd', 'e'];
  for (const data of texts) outbox.push(data);
  const sent = (): unknown[] => outbox.take(Infinity, measure).map(({ data }) => data);
  expect(sent()).toEqual(texts);
  outbox.confirmUpTo(around);
  expect(outbox.rewind()).toBe(2);
  expect(sent()).toEqual(['d', 'e']);
  outbox.confirmUpTo(around + 2);
  expect(outbox).toMatchObject({
    last: around + 2,
    sent: around + 2,
    confirmed: around + 2,
    next: around + 3,
    bytes: 0,
  });
});

it.each([
  ['a text', 'x'],
  ['bytes', new Uint8Array(1)],
  ['a Blob with a type', new Blob(['x'], { type: 'text/plain' }) as never],
  ['nothing', null as never],
])('hands %s out as it came, with its options if it had any', (_what, data) => {
  const outbox = new Outbox();
  outbox.push(data);
  outbox.push(data, { compress: false });
  expect(outbox.take(Infinity, () => 0)).toEqual([
    { type: 'message', data },
    { type: 'message', data, options: { compress: false } },
  ]);
});
