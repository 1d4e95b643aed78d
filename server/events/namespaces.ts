/** The namespaces of a server: those that there are, and those that are made when a client asks for them. */
import createDebug from 'debug';

import type { EventsMap } from '../../shared/emitter.ts';
import { Namespace } from './namespace.ts';
import { printable } from './printable.ts';
import { ParentNamespace } from './parent-namespace.ts';
import type { Server } from './server.ts';

const debug = createDebug('throughline:events:namespaces');

/** Decides on a namespace that isn't there yet: calls `next(null, true)` for it to be made. */
export type ParentNspNameMatchFn = (
  name: string,
  // What the client sent along.
  // oxlint-disable-next-line no-explicit-any
  auth: { [key: string]: any },
  next: (error: Error | null, success: boolean) => void,
) => void;

export class Namespaces<L extends EventsMap, E extends EventsMap, S extends EventsMap, D> {
  readonly byName: Map<string, Namespace<L, E, S, D>> = new Map();
  private readonly server: Server<L, E, S, D>;
  /** In the order in which they are asked. */
  private readonly parents: { match: RegExp | ParentNspNameMatchFn; parent: ParentNamespace<L, E, S, D> }[] = [];

  constructor(server: Server<L, E, S, D>) {
    this.server = server;
  }

  /** What {@link of} gave for patterns and functions. */
  get parentsByMatch(): Map<RegExp | ParentNspNameMatchFn, Namespace<L, E, S, D>> {
    return new Map(this.parents.map(({ match, parent }) => [match, parent]));
  }

  /** The namespace of that name, made if need be; for a pattern or a function what holds for all that match. */
  of(name: string | RegExp | ParentNspNameMatchFn): Namespace<L, E, S, D> {
    if (typeof name === 'function' || name instanceof RegExp) {
      const parent = new ParentNamespace(this.server);
      this.parents.push({ match: name, parent });
      return parent;
    }
    const slashed = String(name).startsWith('/') ? name : `/${name}`;
    return this.byName.get(slashed) ?? this.make(slashed);
  }

  /** Looks for a namespace on behalf of a client; calls `found` without one if the client can't have it. */
  find(
    name: string,
    auth: Record<string, unknown> | undefined,
    found: (namespace: Namespace<L, E, S, D> | false) => void,
  ): void {
    const present = this.byName.get(name);
    if (present) {
      found(present);
      return;
    }
    const asked = [...this.parents];
    const ask = (at: number): void => {
      const one = asked[at];
      if (one === undefined) {
        found(false);
        return;
      }
      const { match, parent } = one;
      let isAnswered = false;
      const decide = (error: Error | null, success: boolean): void => {
        if (isAnswered) return;
        isAnswered = true;
        if (error || !success) ask(at + 1);
        else {
          // While it was being decided upon another client may have had it made.
          const namespace = this.byName.get(name) ?? parent.createChild(name);
          found(namespace);
          // And this one may have gone.
          namespace.emptied();
        }
      };
      if (match instanceof RegExp) decide(null, matches(match, name));
      else {
        try {
          match(name, auth ?? {}, decide);
        } catch (error) {
          this.server.reportListenerError(error, { socket: undefined, event: 'connection' });
          decide(null, false);
        }
      }
    };
    ask(0);
  }

  add(namespace: Namespace<L, E, S, D>): void {
    this.byName.set(namespace.name, namespace);
  }

  remove(namespace: Namespace<L, E, S, D>): void {
    debug('%s is empty and goes', printable(namespace.name));
    if (this.byName.get(namespace.name) === namespace) this.byName.delete(namespace.name);
    Promise.resolve(namespace.adapter.close()).catch((error: unknown) => debug('adapter not closed: %s', error));
  }

  private make(name: string): Namespace<L, E, S, D> {
    const pattern = this.parents.find(({ match }) => match instanceof RegExp && matches(match, name));
    if (pattern) return pattern.parent.createChild(name);
    const namespace = new Namespace(this.server, name);
    this.server.addNamespace(namespace);
    return namespace;
  }
}

/** A pattern with the flags `g` or `y` goes on where it last stopped; we ask from the start. */
function matches(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}
