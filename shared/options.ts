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

/**
 * As {@link whole}, for options of Socket.IO's, whose users write them in other ways as well: as text from the environment, as
 * the result of a division, and `Infinity` for as much as there is.
 */
export function amount(least: number, most: number, fallback: number): Rule<number> {
  const { check } = whole(least, most, fallback);
  return { fallback, check: (name, given) => check(name, asWhole(given, most)) };
}

function asWhole(given: unknown, most: number): unknown {
  const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof number !== 'number' || Number.isNaN(number)) return given;
  // What is not bounded but by what a number can say.
  return number === Infinity && most === Number.MAX_SAFE_INTEGER ? most : Math.ceil(number);
}

/** As {@link flag}, for options of Socket.IO's, which goes by what is truthy. */
export function toggle(fallback: boolean): Rule<boolean> {
  return { fallback, check: (_name, given) => Boolean(given) };
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
