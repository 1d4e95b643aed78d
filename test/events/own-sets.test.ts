/** Rooms of one's own: whoever looks finds a map of sets like any other. */
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { OwnSets } from '../../server/events/adapter/own-sets.ts';

function make(): OwnSets<string> {
  const sets = new OwnSets<string>();
  sets.setOwn('a');
  sets.set('b', new Set(['x', 'y']));
  return sets;
}

const plain = new Map([
  ['a', new Set(['a'])],
  ['b', new Set(['x', 'y'])],
]);

describe('a map with a set that was never asked for', () => {
  it.each<[string, (map: Map<string, Set<string>>) => unknown]>([
    ['get', (map) => [map.get('a'), map.get('b'), map.get('c')]],
    ['has', (map) => [map.has('a'), map.has('c')]],
    ['size', (map) => map.size],
    ['keys', (map) => [...map.keys()]],
    ['values', (map) => [...map.values()]],
    ['entries', (map) => [...map.entries()]],
    ['iteration', (map) => [...map]],
    [
      'forEach',
      (map) => {
        const seen: unknown[] = [];
        map.forEach((set, name, self) => seen.push(set, name, self === map));
        return seen;
      },
    ],
    ['a copy', (map) => new Map(map)],
    ['delete', (map) => [map.delete('a'), map.delete('a'), map.get('a')]],
    ['print', (map) => inspect(map)],
  ])('answers %s as any map does', (_what, ask) => expect(ask(make())).toEqual(ask(new Map(plain))));

  it('gives the same set each time, and keeps what is put into it', () => {
    const sets = make();
    sets.get('a')!.add('b');
    expect(sets.get('a')).toEqual(new Set(['a', 'b']));
    expect(sets.isOwn('a')).toBe(false);
  });

  it('does not share a set between two names', () => {
    const sets = make();
    sets.setOwn('c');
    sets.get('a')!.add('more');
    expect(sets.get('c')).toEqual(new Set(['c']));
  });
});
