/**
 * Options as tables: a default is written once and checked once, and nothing deeper down has a default of its own.
 */
import { ThroughlineError } from './errors.ts';

/** An option was given a value that it can't have. The message names the option, the value and the range. */
export class OptionError extends ThroughlineError {
  override readonly name = 'OptionError';
}

/** Checks one option's value and returns it, or throws an {@link OptionError}. */
export interface Rule<T> {
  readonly fallback: T;
  check(name: string, given: unknown): T;
}

/** A whole number from `least` to `most`, `fallback` where nothing is given. */
export function whole(least: number, most: number, fallback: number): Rule<number> {
  return {
    fallback,
    check(name, given) {
      if (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most) return given;
      throw new OptionError(
        'ERR_OPTION_RANGE',
        `${name} is ${String(given)}; give a whole number from ${least} to ${most}, or leave it out for ${fallback}.`,
      );
    },
  };
}

/** Yes or no, `fallback` where nothing is given. */
export function flag(fallback: boolean): Rule<boolean> {
  return {
    fallback,
    check(name, given) {
      if (typeof given === 'boolean') return given;
      throw new OptionError(
        'ERR_OPTION_TYPE',
        `${name} is ${String(given)}; give true or false, or leave it out for ${fallback}.`,
      );
    },
  };
}

/** What a table of rules resolves to. */
export type Resolved<Table extends Record<string, Rule<unknown>>> = {
  readonly [Name in keyof Table]: Table[Name]['fallback'];
};

/** Returns a complete, frozen copy. What the caller passed is neither kept nor changed; names not in the table are ignored. */
export function resolveOptions<Table extends Record<string, Rule<unknown>>>(
  table: Table,
  given: { readonly [Name in keyof Table]?: unknown } = {},
): Resolved<Table> {
  const resolved: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(table)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    resolved[name] = value === undefined ? rule.fallback : rule.check(name, value);
  }
  // The loop above filled in every name of the table, each with its own rule's type.
  return Object.freeze(resolved) as Resolved<Table>;
}
