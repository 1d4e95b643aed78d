/**
 * What goes on, on channels of `node:diagnostics_channel`: for tracing and metrics, from outside of the application. Nothing is
 * made where nobody has subscribed, and a subscriber that throws harms no session: Node tells the process of it.
 *
 * | channel                        | message                                                                         |
 * | ------------------------------ | ------------------------------------------------------------------------------- |
 * | `throughline:session:open`     | `{ session, transport }`: its name                                              |
 * | `throughline:session:suspend`  | `{ session, code }`: why the transport was lost                                 |
 * | `throughline:session:resume`   | `{ session, suspendedMs, replayed }`                                            |
 * | `throughline:session:close`    | `{ session, code, by, message }`: why, of the catalogue, and who ended it       |
 * | `throughline:transport:change` | `{ session, from, to, why }`: names                                             |
 * | `throughline:reject`           | `{ code, name }` of a request that was refused: Engine.IO's code, and ours      |
 * | `throughline:limit`            | `{ session, code }`: the limit that was hit, and the session where there is one |
 */
import { channel } from 'node:diagnostics_channel';

export const diagnostics = {
  open: channel('throughline:session:open'),
  suspend: channel('throughline:session:suspend'),
  resume: channel('throughline:session:resume'),
  close: channel('throughline:session:close'),
  change: channel('throughline:transport:change'),
  reject: channel('throughline:reject'),
  limit: channel('throughline:limit'),
} as const;
