/** The encoder on the server: long texts among the arguments of an event are written faster. The result is the same. */
import { Encoder } from '../../shared/events/encoder.ts';
import { LONG_FROM, quote } from './quote.ts';

const isLong = (value: unknown): value is string => typeof value === 'string' && value.length >= LONG_FROM;

export class QuickEncoder extends Encoder {
  protected override stringify(data: unknown[], replacer?: (key: string, value: unknown) => unknown): string {
    if (replacer !== undefined || !Array.isArray(data) || !data.some(isLong)) return super.stringify(data, replacer);
    // What JSON has no word for is null in a list.
    const values = data.map((value) => (isLong(value) ? quote(value) : (JSON.stringify(value) ?? 'null')));
    return `[${values.join(',')}]`;
  }
}
