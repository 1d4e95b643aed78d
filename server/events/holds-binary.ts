/**
 * Looks for binary in a packet's data, depth first and without recursion: neither a deep value from the wire nor a circular
 * one of the application's can exhaust the stack.
 */
import { isBinary } from '../../shared/events/attachments.ts';
import { ThroughlineError } from '../../shared/errors.ts';
import { tooDeep } from './depth.ts';

type Holder = Record<string | number, unknown>;

/**
 * Whether there is binary in an array or object, at any depth. An object with `toJSON` is taken for what that returns, as
 * `JSON.stringify` does.
 *
 * @throws {@link ThroughlineError} `ERR_ARGUMENT` past `maxDepth` levels, where circular data ends as well
 */
export function holdsBinary(root: object, maxDepth: number): boolean {
  let holder: Holder | undefined = root as Holder;
  let found = false;
  let depth = 1;
  const waiting: Holder[] = [];
  const depths: number[] = [];
  while (holder) {
    if (depth > maxDepth) throw new ThroughlineError('ERR_ARGUMENT', tooDeep(maxDepth));
    const keys: string[] | undefined = Array.isArray(holder) ? undefined : Object.keys(holder);
    const count = keys ? keys.length : (holder as unknown as unknown[]).length;
    for (let index = 0; index < count; index++) {
      const key = keys ? keys[index]! : index;
      let value = holder[key];
      if (typeof value !== 'object' || value === null) continue;
      const { toJSON } = value as { toJSON?: unknown };
      if (typeof toJSON === 'function' && !isBinary(value)) {
        value = toJSON.call(value, String(key));
        if (typeof value !== 'object' || value === null) continue;
      }
      // All of it is looked at even so: what nests too deep is refused beside binary too.
      if (isBinary(value)) found = true;
      else {
        waiting.push(value as Holder);
        depths.push(depth + 1);
      }
    }
    holder = waiting.pop();
    depth = depths.pop()!;
  }
  return found;
}
