import { describe, expect, it } from 'vitest';
import type { SchemaResult, StandardSchema } from '../../shared/events/standard-schema.ts';
import { meet } from './meet.ts';
import { serve } from './raw-peer.ts';

/** A schema of one's own, as any library's looks from outside. */
function schema(validate: (value: unknown) => SchemaResult | Promise<SchemaResult>): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

const text = schema((value) =>
  typeof value === 'string' ? { value: value.trim() } : { issues: [{ message: 'not a text' }] },
);
const point = schema((value) => {
  const { x } = value as { x?: unknown };
  return typeof x === 'number' ? { value: { x } } : { issues: [{ message: 'not a number', path: [{ key: 'x' }] }] };
});
const slow = schema(async (value) => {
  await new Promise((resolve) => setTimeout(resolve, Number(value)));
  return { value };
});
const broken = schema(() => {
  throw new Error('broken schema');
});

async function validating() {
  const { io, url } = await serve();
  io.validate('say', text).validate('move', point, text).validate('wait', slow).validate('break', broken);
  const [client, socket] = await meet(io, url);
  const heard: unknown[][] = [];
  socket.onAny((...event: unknown[]) => {
    if (typeof event.at(-1) === 'function') (event.pop() as (answer: string) => void)('ok');
    heard.push(event);
  });
  return { io, client, heard };
}

describe('validate', () => {
  it('lets through what fits, as the schema makes it', async () => {
    const { io, client, heard } = await validating();
    expect(await client.emitWithAck('say', '  hi ')).toBe('ok');
    expect(await client.emitWithAck('move', { x: 1, y: 2 }, ' here ', 'more')).toBe('ok');
    expect(await client.emitWithAck('other', 1)).toBe('ok');
    expect(heard).toEqual([
      ['say', 'hi'],
      ['move', { x: 1 }, 'here', 'more'],
      ['other', 1],
    ]);
    expect(io.sockets.validators?.refusedCount).toBe(0);
  });

  it.each([
    ['say', [1], [{ message: 'not a text', path: [0] }]],
    ['say', [], [{ message: 'not a text', path: [0] }]],
    [
      'move',
      [{ x: 'one' }, 2],
      [
        { message: 'not a number', path: [0, 'x'] },
        { message: 'not a text', path: [1] },
      ],
    ],
  ])('answers %s with %j by what is wrong, and counts it', async (event, args, issues) => {
    const { io, client, heard } = await validating();
    expect(await client.emitWithAck(event, ...args)).toEqual({ error: 'invalid payload', issues });
    expect(heard).toEqual([]);
    expect(io.sockets.validators?.refusedCount).toBe(1);
  });

  it('drops what doesn’t fit and wants no answer', async () => {
    const { client, heard } = await validating();
    client.emit('say', 1);
    await client.emitWithAck('say', 'x');
    expect(heard).toEqual([['say', 'x']]);
  });

  it('keeps the order of events whose schemas take their time', async () => {
    const { client, heard } = await validating();
    client.emit('wait', 30);
    client.emit('wait', 1);
    client.emit('other', 2);
    await client.emitWithAck('say', 'last');
    expect(heard).toEqual([
      ['wait', 30],
      ['wait', 1],
      ['other', 2],
      ['say', 'last'],
    ]);
  });

  it('reports a schema that fails, and goes on', async () => {
    const { io, client, heard } = await validating();
    const reports: unknown[] = [];
    io.on('listener_error', (error, { event }) => reports.push(error, event));
    client.emit('break');
    client.emit('wait', 1);
    client.emit('break');
    await client.emitWithAck('say', 'x');
    expect(reports).toEqual([new Error('broken schema'), 'break', new Error('broken schema'), 'break']);
    expect(heard).toEqual([
      ['wait', 1],
      ['say', 'x'],
    ]);
  });

  it('holds for its namespace, and for those made on demand', async () => {
    const { io, url } = await serve();
    io.of('/plain');
    io.of(/^\/n\d$/).validate('say', text);
    const [free] = await meet(io, url, '/plain').then(([client, socket]) => {
      socket.on('say', (_value: unknown, reply: (answer: string) => void) => reply('ok'));
      return [client];
    });
    expect(await free!.emitWithAck('say', 1)).toBe('ok');
    io.of('/n1');
    const [bound] = await meet(io, url, '/n1');
    expect(await bound.emitWithAck('say', 1)).toMatchObject({ error: 'invalid payload' });
  });
});
