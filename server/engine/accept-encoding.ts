/** Which content coding a peer takes. */

/**
 * The first of `ours` that a peer takes at all (RFC 9110 §12.5.3, less the order of weights).
 *
 * @param header - its `Accept-Encoding`
 */
export function preferredEncoding<T extends string>(
  header: string | string[] | undefined,
  ours: readonly T[],
): T | undefined {
  if (typeof header !== 'string') return undefined;
  const taken = new Set<string>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', weight = ''] = part.split(';');
    if (!/^\s*q=0(\.0*)?\s*$/.test(weight)) taken.add(name.trim());
  }
  return ours.find((name) => taken.has(name));
}
