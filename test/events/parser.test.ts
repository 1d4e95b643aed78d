import fc from 'fast-check';
import { Decoder as OfficialDecoder, Encoder as OfficialEncoder } from 'socket.io-parser';
import { describe, expect, it } from 'vitest';
import { refuseDeeper } from '../../server/events/depth.ts';
import { QuickEncoder } from '../../server/events/quick-encoder.ts';
import { Decoder, decodeText } from '../../shared/events/decoder.ts';
import { Encoder } from '../../shared/events/encoder.ts';
import { PacketType, isPacketValid } from '../../shared/events/packet.ts';
import type { Packet } from '../../shared/events/packet.ts';

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR } = PacketType;

function decodeAll(messages: readonly unknown[]): Packet[] {
  const decoder = new Decoder();
  const packets: Packet[] = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  for (const message of messages) decoder.add(message);
  return packets;
}

const encode = (packet: Packet): unknown[] => new Encoder().encode(packet);

const decodeOnServer = (text: string): Packet => decodeText(text, refuseDeeper(1_000));

/** `levels` arrays around nothing. */
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

function nestedObject(levels: number): object {
  let value: object = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

/** Any packet that one may send. */
const packets: fc.Arbitrary<Packet> = fc
  .record(
    {
      nsp: fc.constantFrom('/', '/chat', '/über uns', '/a/b?c=d'),
      id: fc.maxSafeNat(),
      args: fc.array(
        fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
        { maxLength: 4 },
      ),
      binary: fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 3 }),
      isAck: fc.boolean(),
    },
    { requiredKeys: ['nsp', 'args', 'binary', 'isAck'] },
  )
  .map(({ nsp, id, args, binary, isAck }) => {
    const buffers = binary.map((bytes) => Buffer.from(bytes));
    const data: unknown[] = [...args, ...buffers.map((buffer) => ({ deep: [buffer] }))];
    if (isAck) return { type: ACK, nsp, data, id: id ?? 0 };
    return id === undefined
      ? { type: EVENT, nsp, data: ['e', ...data] }
      : { type: EVENT, nsp, data: ['e', ...data], id };
  });

/** Beside binary the official encoder loses this key. */
const isFairToOfficial = ({ data }: Packet): boolean => !JSON.stringify(data).includes('"__proto__":');

describe('the encoder', () => {
  it.each<[string, Packet]>([
    ['0', { type: CONNECT, nsp: '/' }],
    ['0/admin,{"sid":"x"}', { type: CONNECT, nsp: '/admin', data: { sid: 'x' } }],
    ['1/admin,', { type: DISCONNECT, nsp: '/admin' }],
    ['2["foo"]', { type: EVENT, nsp: '/', data: ['foo'] }],
    ['2/admin,12["foo",{"a":1}]', { type: EVENT, nsp: '/admin', data: ['foo', { a: 1 }], id: 12 }],
    ['3/admin,0[]', { type: ACK, nsp: '/admin', data: [], id: 0 }],
    ['4{"message":"no"}', { type: CONNECT_ERROR, nsp: '/', data: { message: 'no' } }],
  ])('writes %s', (text, packet) => {
    expect(encode(packet)).toEqual([text]);
    expect(decodeAll([text])).toEqual([packet]);
  });

  it('leaves out data that is null, such as an auth that is', () => {
    expect(encode({ type: CONNECT, nsp: '/', data: null })).toEqual(['0']);
  });

  it('puts binary behind the text, wherever it was', () => {
    const bytes = Buffer.from([1, 2]);
    const view = new Uint16Array([3]);
    const { buffer } = new Uint8Array([4]);
    expect(encode({ type: EVENT, nsp: '/a', data: ['x', bytes, { b: [view] }, buffer], id: 7 })).toEqual([
      '53-/a,7["x",{"_placeholder":true,"num":0},{"b":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":2}]',
      bytes,
      view,
      buffer,
    ]);
  });

  it('takes what toJSON returns, binary too', () => {
    const bytes = Buffer.from([1]);
    const date = new Date(0);
    const data = ['x', { toJSON: () => ({ bytes }) }, { toJSON: () => bytes }, date];
    expect(encode({ type: EVENT, nsp: '/', data })).toEqual([
      `52-["x",{"bytes":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1},"${date.toJSON()}"]`,
      bytes,
      bytes,
    ]);
  });

  it('leaves what it is given as it was', () => {
    const data = ['x', { bytes: Buffer.from([1]) }];
    encode({ type: EVENT, nsp: '/', data });
    expect(data).toEqual(['x', { bytes: Buffer.from([1]) }]);
  });

  const circular: Record<string, unknown> = { many: [] };
  (circular['many'] as unknown[]).push(circular, circular);
  it.each([
    ['circular', circular],
    ['1,001 levels deep', nestedObject(1_000)],
    ['500,000 levels deep', nestedObject(500_000)],
    ['beside binary circular', [Buffer.alloc(1), circular]],
  ])('on the server refuses data that is %s', (_what, value) => {
    const packet: Packet = { type: EVENT, nsp: '/', data: ['x', value] };
    expect(() => new QuickEncoder().encode(packet)).toThrow(/deeper than 1000 levels/);
  });

  it.each([
    ['circular', circular],
    ['500,000 levels deep', nestedObject(500_000)],
    ['beside binary circular', [Buffer.alloc(1), circular]],
  ])('anywhere throws at data that is %s', (_what, value) => {
    expect(() => encode({ type: EVENT, nsp: '/', data: ['x', value] })).toThrow(Error);
  });

  it('refuses an object that would pass for somebody else’s bytes', () => {
    const data = ['x', { _placeholder: true, num: 0 }, Buffer.from('secret')];
    expect(() => encode({ type: EVENT, nsp: '/', data })).toThrow(/_placeholder/);
  });

  it('writes what the official one does', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        fc.pre(isFairToOfficial(packet));
        expect(encode(packet)).toEqual(new OfficialEncoder().encode({ ...packet } as never));
      }),
    );
  });
});

describe('the decoder', () => {
  it('reads back whatever the encoder wrote', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(decodeAll(encode(packet))).toEqual([packet]);
      }),
    );
  });

  it('reads what the official encoder wrote, and the other way round', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        fc.pre(isFairToOfficial(packet));
        expect(decodeAll(new OfficialEncoder().encode({ ...packet } as never))).toEqual([packet]);
        const official = new OfficialDecoder();
        const decoded: unknown[] = [];
        official.on('decoded', (one) => decoded.push(one));
        for (const part of encode(packet)) official.add(part);
        expect(decoded).toMatchObject([packet]);
      }),
    );
  });

  it.each(
    [
      // Types and framing
      ['', 'no type'],
      ['7', 'a type that there isn’t'],
      ['9["x"]', 'a type that there isn’t'],
      ['x', 'no packet'],
      ['2', 'an event without data'],
      ['42["x"]', 'an Engine.IO packet'],
      // Data of events
      ['2[]', 'an event without a name'],
      ['2{}', 'an event that is an object'],
      ['2null', 'an event that is null'],
      ['2"x"', 'an event that is a text'],
      ['2["a"', 'JSON that ends too soon'],
      ['2["a"]x', 'something behind the JSON'],
      ['2[1]', 'a number for a name'],
      ['2[null]', 'null for a name'],
      ['2[{}]', 'an object for a name'],
      ['2[["a"]]', 'an array for a name'],
      ['2["connect"]', 'a reserved name'],
      ['2["connect_error"]', 'a reserved name'],
      ['2["disconnect"]', 'a reserved name'],
      ['2["disconnecting"]', 'a reserved name'],
      ['2["newListener"]', 'a reserved name'],
      ['2["removeListener"]', 'a reserved name'],
      // Data of the others
      ['0[]', 'auth that is an array'],
      ['0null', 'auth that is null'],
      ['0"x"', 'auth that is a text'],
      ['1{}', 'a disconnect with data'],
      ['3["x"]', 'an acknowledgement of nothing'],
      ['31{}', 'an acknowledgement that is an object'],
      ['4[]', 'a refusal that is an array'],
      ['4', 'a refusal without words'],
      // Ids
      ['29007199254740992["x"]', 'an id past 2^53'],
      [`2${'9'.repeat(400)}["x"]`, 'an id of 400 digits'],
      ['2-1["x"]', 'an id below 0'],
      ['21.5["x"]', 'an id that is no whole number'],
      ['21e3["x"]', 'an id with an exponent'],
      // Attachments
      ['50-["x"]', 'no attachments at all'],
      ['5-1-["x"]', 'less than no attachments'],
      ['511-["x"]', 'more attachments than allowed'],
      ['51000000000-["x"]', 'a billion attachments'],
      ['51e3-["x"]', 'attachments with an exponent'],
      ['51["x"]', 'attachments without a dash'],
      ['5["x"]', 'an unknown number of attachments'],
      ['21-["x"]', 'attachments where there are none'],
      ['61-["x"]', 'attachments to an acknowledgement of nothing'],
      // Namespaces
      [`2/${'n'.repeat(4_096)},["x"]`, 'a name of 4,097 characters'],
      // Depth
      [`2["x",${nested(1_000)}]`, '1,001 levels'],
      [`2["x",${nested(450_000)}]`, '450,001 levels'],
      [`2["x",${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}]`, '100,001 levels of objects'],
      [`51-["x",${nested(1_000)},{"_placeholder":true,"num":0}]`, '1,001 levels beside binary'],
    ].map(([text, what]) => [what!, text!.slice(0, 30), text!]),
  )('refuses %s: %s', (_what, _start, text) => {
    expect(() => decodeOnServer(text)).toThrow(Error);
  });

  it.each([
    ['-1', 'less than 0'],
    ['1', 'an attachment that there isn’t'],
    ['0.5', 'no whole number'],
    ['"0"', 'a text'],
    ['"splice"', 'a method of arrays'],
    ['"length"', 'a property of arrays'],
    ['1e9', 'a billion'],
    ['null', 'null'],
  ])('refuses a placeholder whose number is %s: %s', (num) => {
    expect(() => decodeText(`51-["x",{"_placeholder":true,"num":${num}}]`)).toThrow(/payload|placeholder/);
  });

  it.each([
    ['two placeholders for one attachment', '51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]'],
    ['an attachment without a placeholder', '51-["x"]'],
  ])('refuses %s', (_what, text) => {
    expect(() => decodeText(text)).toThrow(/payload|placeholder/);
  });

  it('refuses text while attachments are due, bytes while none are, and anything else', () => {
    const decoder = new Decoder();
    expect(() => decoder.add(Buffer.from([1]))).toThrow(/binary/);
    expect(() => decoder.add(null)).toThrow(Error);
    expect(() => decoder.add({})).toThrow(Error);
    decoder.add('51-["x",{"_placeholder":true,"num":0}]');
    expect(() => decoder.add('2["x"]')).toThrow(/plaintext/);
  });

  it('forgets a packet that waits when it is destroyed', () => {
    const decoder = new Decoder();
    decoder.add('51-["x",{"_placeholder":true,"num":0}]');
    decoder.destroy();
    expect(() => decoder.add('2["x"]')).not.toThrow();
  });

  it('takes as many attachments as it is told', () => {
    const placeholders = Array.from({ length: 11 }, (_, num) => `{"_placeholder":true,"num":${num}}`);
    const text = `511-["x",${placeholders.join()}]`;
    expect(() => decodeText(text)).toThrow(/maxAttachments/);
    expect(decodeText(text, undefined, 11).data).toHaveLength(12);
    expect(() => decodeText(text, undefined, 0)).toThrow(/maxAttachments/);
  });

  it('takes 1,000 levels', () => {
    expect(decodeOnServer(`2["x",${nested(999)}]`).type).toBe(EVENT);
  });

  it.each([
    ['brackets', '['],
    ['braces', '{'],
    ['quotes and brackets', '"['],
    ['backslashes', '\\'],
    ['backslashes and quotes', '\\"[{'],
    ['two backslashes and a bracket', '\\\\['],
  ])('tells levels from %s in a text', (_what, text) => {
    for (const times of [1_001, 2_002]) {
      const data = ['x', text.repeat(times), { [text.repeat(times)]: [text] }, text];
      expect(decodeOnServer(`2${JSON.stringify(data)}`).data).toEqual(data);
      expect(() => decodeOnServer(`2${JSON.stringify(data).slice(0, -1)},${nested(1_000)}]`)).toThrow(/levels/);
    }
  });

  it('hands out a placeholder in a packet without binary as the data that it is', () => {
    const data = ['x', { _placeholder: true, num: 0 }];
    expect(decodeText('2["x",{"_placeholder":true,"num":0}]').data).toEqual(data);
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])(
    'lets %s be a name, a key and a placeholder’s place, and nothing more',
    (name) => {
      const [packet] = decodeAll([`51-["${name}",{"${name}":{"a":{"_placeholder":true,"num":0}}}]`, Buffer.from([1])]);
      expect(packet!.data[0]).toBe(name);
      expect(Object.hasOwn(packet!.data[1], name)).toBe(true);
      expect(({} as Record<string, unknown>)['a']).toBeUndefined();
      const [direct] = decodeAll([`51-["x",{"${name}":{"_placeholder":true,"num":0}}]`, Buffer.from([1])]);
      expect(Object.getPrototypeOf(direct!.data[1])).toBe(Object.prototype);
      expect(Object.getOwnPropertyDescriptor(direct!.data[1], name)!.value).toEqual(Buffer.from([1]));
      // Sent on, it is what it was.
      const sent = encode(packet!);
      expect(decodeAll(sent)).toEqual([packet]);
    },
  );

  it('never quotes what came, for it ends in logs', () => {
    expect(() => decodeText('2["x",secret]')).toThrow(/^invalid payload$/);
  });

  it('throws nothing but Errors at any text, and hands out nothing but valid packets', () => {
    const texts = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('0', '1', '2', '3', '4', '51-', '61-', '2/a,', '21'), fc.json())
        .map((two) => two.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let packet: Packet;
        try {
          packet = decodeText(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect(isPacketValid(packet)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(
    [
      ['brackets without end', '['.repeat(900_000)],
      ['objects without end', '{"a":'.repeat(180_000)],
      ['digits', '1'.repeat(900_000)],
      ['a number in an array', `["x",${'1'.repeat(900_000)}]`],
      ['escaped NULs', `["x","${'\\u0000'.repeat(150_000)}"]`],
      ['one key 100,000 times', `["x",{${Array.from({ length: 100_000 }, () => '"a":1').join()}}]`],
      ['brackets, closed', `["x",${nested(450_000)}]`],
      ['slashes', `/${'/'.repeat(900_000)}`],
      ['commas', ','.repeat(900_000)],
    ].map(([what, payload]) => ({ what, payload: payload! })),
  )('is done with 0.9 MB of $what in 50 ms', ({ payload }) => {
    // Time of our own, and the least of three: the machine has other work.
    const times = Array.from({ length: 3 }, () => {
      const before = process.cpuUsage();
      try {
        decodeOnServer(`2${payload}`);
      } catch {
        // Either will do: the point is how long it takes.
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
