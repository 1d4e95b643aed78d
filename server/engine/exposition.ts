/** Metrics as text for Prometheus, in its exposition format 0.0.4. */
import type { ServerResponse } from 'node:http';

import type { Histogram } from './histogram.ts';

/** A number for each combination of the labels' values, the first label outermost; where there are no labels, the number. */
export type Values = number | Histogram | { readonly [labelValue: string]: Values };

/** One metric of a snapshot of type `From`. */
export interface Family<From> {
  /** With its unit at its end, and `_total` where it only grows. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  of(metrics: From): Values;
}

/** The families, one after the other, each with its values. */
export function expose<From>(families: readonly Family<From>[], metrics: From): string {
  return families.map((family) => write(family, family.of(metrics))).join('');
}

/** Answers a scrape. */
export function answerScrape(text: string, response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  response.end(text);
}

function write({ name, type, help, labels }: Omit<Family<never>, 'of'>, values: Values): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  const walk = (at: Values, given: readonly string[]): void => {
    const label = labels[given.length];
    if (label !== undefined)
      for (const [value, below] of Object.entries(at)) walk(below as Values, [...given, `${label}="${value}"`]);
    else if (typeof at === 'number') lines.push(`${name}${inBraces(given)} ${at}`);
    else lines.push(...histogramLines(name, given, at as Histogram));
  };
  walk(values, []);
  return `${lines.join('\n')}\n`;
}

function histogramLines(name: string, given: readonly string[], { count, sum, buckets }: Histogram): readonly string[] {
  // What has not been seen with these labels would be a screenful of zeros.
  if (count === 0 && given.length > 0) return [];
  return [
    ...Object.entries(buckets).map(([bound, upTo]) => `${name}_bucket${inBraces([...given, `le="${bound}"`])} ${upTo}`),
    `${name}_sum${inBraces(given)} ${sum}`,
    `${name}_count${inBraces(given)} ${count}`,
  ];
}

function inBraces(labels: readonly string[]): string {
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}
