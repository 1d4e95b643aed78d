/** Names that an application can't emit. */
import { RESERVED_EVENTS } from '../../shared/events/packet.ts';

/** What a namespace emits by itself. */
export const RESERVED_BY_NAMESPACE: ReadonlySet<unknown> = new Set(['connect', 'connection', 'new_namespace']);

/** @throws Error for a reserved name, with Socket.IO's words */
export function refuseReserved(event: unknown, reserved: ReadonlySet<unknown> = RESERVED_EVENTS): void {
  if (reserved.has(event)) throw new Error(`"${String(event)}" is a reserved event name`);
}
