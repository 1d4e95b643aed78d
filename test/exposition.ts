/**
 * Reads Prometheus's text exposition format 0.0.4, strictly: what a lenient scraper would let pass is an error here.
 */

export interface Exposed {
  /** The type of each family. */
  readonly types: ReadonlyMap<string, string>;
  /** The value of each series, by its name and labels as they are written. */
  readonly series: ReadonlyMap<string, number>;
  /** The values that each label has anywhere. */
  readonly labelValues: ReadonlyMap<string, ReadonlySet<string>>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const HELP = new RegExp(`^# HELP (${NAME}) (\\S.*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?)$`);
const SUFFIXES: Record<string, readonly string[]> = { histogram: ['_bucket', '_sum', '_count'] };

/** @throws Error that names the line which is wrong */
export function parseExposition(text: string): Exposed {
  const types = new Map<string, string>();
  const series = new Map<string, number>();
  const labelValues = new Map<string, Set<string>>();
  const helped = new Set<string>();
  let family = '';
  let helpOf = '';
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.slice(0, -1).split('\n')) {
    const wrong = (why: string): Error => new Error(`${why}: ${line}`);
    const [, helpName] = HELP.exec(line) ?? [];
    const [, typeName, type] = TYPE.exec(line) ?? [];
    if (helpName !== undefined) {
      if (helped.has(helpName)) throw wrong('told twice');
      helped.add((helpOf = helpName));
      continue;
    }
    if (typeName !== undefined) {
      if (helpOf !== typeName || types.has(typeName)) throw wrong('a type that does not follow its help');
      if ((type === 'counter') !== typeName.endsWith('_total')) throw wrong('a counter, and only that, is a total');
      types.set((family = typeName), type!);
      continue;
    }
    const [, name, labels = '', ...rest] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw wrong('no line of the format');
    const suffixes = SUFFIXES[types.get(family) ?? ''] ?? [''];
    if (helpOf !== family || !suffixes.some((suffix) => name === family + suffix)) throw wrong('not of this family');
    const key = labels === '' ? name : `${name}{${labels}}`;
    if (series.has(key)) throw wrong('a series told twice');
    series.set(key, Number(rest.at(-1)));
    for (const [, label, value] of labels.matchAll(new RegExp(LABEL, 'g')))
      labelValues.set(label!, (labelValues.get(label!) ?? new Set()).add(value!));
  }
  for (const [name, type] of types) if (type === 'histogram') checkHistogram(name, series);
  return { types, series, labelValues };
}

/** For each set of labels the buckets grow up to `+Inf`, which holds them all, and there are a sum and a count. */
function checkHistogram(name: string, series: ReadonlyMap<string, number>): void {
  const buckets = new Map<string, [bound: number, upTo: number][]>();
  for (const [key, value] of series) {
    const match = new RegExp(`^${name}_bucket\\{(.*?),?le="([^"]+)"\\}$`).exec(key);
    if (match === null) continue;
    const [, labels, bound] = match;
    const list = buckets.get(labels!) ?? [];
    list.push([bound === '+Inf' ? Infinity : Number(bound), value]);
    buckets.set(labels!, list);
  }
  for (const [labels, list] of buckets) {
    const braces = labels === '' ? '' : `{${labels}}`;
    const ascends = list.every(([bound, upTo], index) => {
      const [boundBefore, upToBefore] = list[index - 1] ?? [-Infinity, 0];
      return bound > boundBefore && upTo >= upToBefore;
    });
    const [last, all] = list.at(-1)!;
    if (!ascends || last !== Infinity || all !== series.get(`${name}_count${braces}`))
      throw new Error(`buckets of ${name}${braces} don't add up`);
    if (series.get(`${name}_sum${braces}`) === undefined) throw new Error(`${name}${braces} has no sum`);
  }
}
