/**
 * Visits every array and object in a packet's data, depth first and without recursion: neither a deep value from the wire
 * nor a circular one of the application's can exhaust the stack.
 */
import { ThroughlineError } from '../errors.ts';

/** Most levels of arrays and objects in a packet, its own array counted. Deeper ones are refused in both directions. */
export const MAX_DEPTH = 1_000;

/** An array or an object, as something that holds values. */
export type Holder = Record<string | number, unknown>;

// `Blob` is missing in older browsers; `File` is one.
const isBlob = (value: unknown): boolean => typeof Blob === 'function' && value instanceof Blob;

/** Whether a value travels as an attachment. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || isBlob(value);
}

/**
 * Calls `isLeaf` for every array and object in `root`, in no particular order; what it claims is not entered.
 * An object with `toJSON` is taken for what that returns, as `JSON.stringify` does.
 *
 * @returns whether anything was claimed
 * @throws {@link ThroughlineError} `ERR_ARGUMENT` past {@link MAX_DEPTH}, where circular data ends as well
 */
export function walk(root: object, isLeaf: (value: object, holder: Holder, key: string | number) => boolean): boolean {
  let found = false;
  let holder: Holder | undefined = root as Holder;
  let depth = 1;
  const waiting: Holder[] = [];
  const depths: number[] = [];
  while (holder) {
    if (depth > MAX_DEPTH) throw new ThroughlineError('ERR_ARGUMENT', `data nests deeper than ${MAX_DEPTH} levels`);
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
      // Not null, nor anything but an object: checked above, twice.
      if (isLeaf(value as object, holder, key)) found = true;
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
