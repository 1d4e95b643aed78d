/**
 * What the arguments of events must look like, by schemas of the application's: a listener hears of what fits alone.
 *
 * Who sent what doesn't fit is told so through the event's acknowledgement, if it wants one.
 */
import createDebug from 'debug';

import type { SchemaIssue, SchemaResult, StandardSchema } from '../../shared/events/standard-schema.ts';
import type { EventCounts } from './counts.ts';

const debug = createDebug('throughline:events:validators');

/** What an acknowledgement is given instead of an answer. */
export interface InvalidPayload {
  readonly error: 'invalid payload';
  /** What is wrong. The path begins with the argument's index. */
  readonly issues: readonly { readonly message: string; readonly path: readonly PropertyKey[] }[];
}

export class Validators {
  /** How many events were refused. */
  refusedCount = 0;
  private readonly byEvent: Map<string, readonly StandardSchema[]> = new Map();
  private readonly counts: EventCounts;

  /** @param counts - the server's, for all its namespaces */
  constructor(counts: EventCounts) {
    this.counts = counts;
  }

  /** @param schemas - one for each argument, in order; arguments past them may be anything */
  set(event: string, schemas: readonly StandardSchema[]): void {
    this.byEvent.set(event, schemas);
  }

  has(event: string): boolean {
    return this.byEvent.has(event);
  }

  /**
   * Checks the arguments of an event and puts in their place what the schemas make of them.
   *
   * @returns whether all fit; a promise where a schema takes its time
   */
  check(event: unknown[]): boolean | Promise<boolean> {
    const schemas = this.byEvent.get(event[0] as string) ?? [];
    const results = schemas.map((schema, index) => schema['~standard'].validate(argumentOf(event, index)));
    if (results.some((result) => result instanceof Promise)) {
      return Promise.all(results).then((all) => this.conclude(event, all));
    }
    // None is a promise: checked above.
    return this.conclude(event, results as SchemaResult[]);
  }

  private conclude(event: unknown[], results: readonly SchemaResult[]): boolean {
    const issues = results.flatMap((result, index) => (result.issues ?? []).map((issue) => plain(issue, index)));
    const callback = event.at(-1);
    if (issues.length > 0) {
      this.refusedCount++;
      this.counts.invalidPayloads++;
      debug('%j refused: %d issues', event[0], issues.length);
      if (typeof callback === 'function') callback({ error: 'invalid payload', issues } satisfies InvalidPayload);
      return false;
    }
    const args = results.map((result) => (result as { value: unknown }).value);
    // What is missing and may be, stays missing: the callback is the last argument, wherever that is.
    const given = event.length - 1 - (typeof callback === 'function' ? 1 : 0);
    event.splice(1, Math.min(given, args.length), ...args.slice(0, given));
    return true;
  }
}

/** An argument, where the callback that may end them is none. */
function argumentOf(event: readonly unknown[], index: number): unknown {
  const value = event[index + 1];
  return typeof value === 'function' ? undefined : value;
}

function plain({ message, path = [] }: SchemaIssue, index: number): InvalidPayload['issues'][number] {
  return { message, path: [index, ...path.map((part) => (typeof part === 'object' ? part.key : part))] };
}
