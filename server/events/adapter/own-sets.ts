/**
 * A map of sets to names, in which a set that holds nothing but its own name is made when somebody asks for it.
 *
 * Each socket is in a room of its own, and most are in no other: twice such a set, in `rooms` and in `sids`, would be a tenth of
 * what an idle socket takes.
 */
import { inspect } from 'node:util';

/** Stands for a set that isn't made yet. */
const OWN: Set<never> = new Set();

export class OwnSets<Name> extends Map<Name, Set<Name>> {
  /** Whether there is such a set, and nobody has asked for it. */
  isOwn(name: Name): boolean {
    return super.get(name) === OWN;
  }

  /** Puts a set in that holds `name` alone. */
  setOwn(name: Name): void {
    super.set(name, OWN);
  }

  override get(name: Name): Set<Name> | undefined {
    const set = super.get(name);
    if (set !== OWN) return set;
    const made = new Set([name]);
    super.set(name, made);
    return made;
  }

  override *entries(): MapIterator<[Name, Set<Name>]> {
    for (const name of this.keys()) yield [name, this.get(name)!];
  }

  override *values(): MapIterator<Set<Name>> {
    for (const name of this.keys()) yield this.get(name)!;
  }

  override [Symbol.iterator](): MapIterator<[Name, Set<Name>]> {
    return this.entries();
  }

  override forEach(visit: (set: Set<Name>, name: Name, map: Map<Name, Set<Name>>) => void, self?: unknown): void {
    for (const [name, set] of this.entries()) visit.call(self, set, name, this);
  }

  /** People print it to see who is where. */
  [inspect.custom](): Map<Name, Set<Name>> {
    return new Map(this.entries());
  }
}
