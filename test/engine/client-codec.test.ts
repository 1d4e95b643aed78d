/** The browser's codec of packets against `engine.io-parser`, which Node uses. */
import * as official from 'engine.io-parser';
import fc from 'fast-check';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import * as ours from '../../client/engine/codec-browser.ts';

type Packet = official.Packet;

const types = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'] as const;

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' })).filter((each) => !each.includes('\x1e'));
const bytes = fc.uint8Array().map((each) => each.slice());
const packets = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom(...types), data: text }),
    fc.record({ type: fc.constantFrom(...types) }),
    fc.record({ type: fc.constant('message' as const), data: bytes }),
  ),
  { minLength: 1, maxLength: 5 },
) as fc.Arbitrary<Packet[]>;

/** Bytes as numbers, whatever holds them. */
const plain = (packet: Packet): unknown => {
  const { data } = packet as { data?: unknown };
  if (data instanceof ArrayBuffer) return { ...packet, data: [...new Uint8Array(data)] };
  return ArrayBuffer.isView(data) ? { ...packet, data: [...(data as Uint8Array)] } : packet;
};

const payloadOf = (codec: typeof ours | typeof official, list: Packet[]): Promise<string> =>
  new Promise((resolve) => (codec as typeof ours).encodePayload(list, resolve));

describe('the browser\u2019s codec', () => {
  const { FileReader } = globalThis;

  beforeAll(() => {
    // Node has none; this is what of it is used.
    globalThis.FileReader = class {
      result = '';
      onload = (): void => {};
      async readAsDataURL(blob: Blob): Promise<void> {
        this.result = `data:;base64,${Buffer.from(await blob.arrayBuffer()).toString('base64')}`;
        this.onload();
      }
    } as never;
  });

  afterAll(() => {
    globalThis.FileReader = FileReader;
  });

  it('writes the payloads that engine.io-parser writes, and reads what both write', async () => {
    await fc.assert(
      fc.asyncProperty(packets, async (list) => {
        const payload = await payloadOf(ours, list);
        expect(payload).toBe(await payloadOf(official, list));
        expect(ours.decodePayload(payload, 'arraybuffer').map(plain)).toEqual(
          official.decodePayload(payload, 'arraybuffer').map(plain),
        );
      }),
    );
  });

  it('gives bytes to a WebSocket as they are', () => {
    const data = new Uint8Array([1, 2]);
    let given: unknown;
    ours.encodePacket({ type: 'message', data }, true, (encoded) => (given = encoded));
    expect(given).toBe(data);
    expect(ours.decodePacket(data.buffer, 'arraybuffer')).toEqual({ type: 'message', data: data.buffer });
    expect(ours.decodePacket(data.buffer, 'blob').data).toBeInstanceOf(Blob);
  });

  it('reads any text as engine.io-parser does, but takes no bad base64 for bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `4${rest}\x1e9\x1e4${rest}`),
        ),
        (payload) => {
          const read = ours.decodePayload(payload);
          if (!/(^|\x1e)b/.test(payload)) expect(read).toEqual(official.decodePayload(payload));
        },
      ),
    );
    expect(ours.decodePayload('b!!\x1e4a')).toEqual([{ type: 'error', data: 'parser error' }]);
  });
});
