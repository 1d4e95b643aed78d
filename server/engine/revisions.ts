/** Which codec a request asks for: by the revision of Engine.IO that it names, and by whether its sender takes binary. */
import type { Codec } from './codec.ts';
import { queryOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import { revision3 } from './revision-3.ts';
import { revision4 } from './revision-4.ts';

/** The revision that a request names; who names none means the third. Undefined where that is not served. */
export function revisionOf(request: AnyRequest, allowsRevision3: boolean): 3 | 4 | undefined {
  const { EIO = '3' } = queryOf(request);
  return EIO === '4' ? 4 : EIO === '3' && allowsRevision3 ? 3 : undefined;
}

/** @param request - says with `b64` that its sender takes text alone */
export function codecFor(revision: number, request: AnyRequest): Codec {
  const kind = queryOf(request)['b64'] === undefined ? 'binary' : 'textual';
  return revision === 3 ? revision3[kind] : revision4[kind];
}
