/**
 * WebSockets of a session that exists: a probe, or, with `seen`, one that attaches at once.
 */
import { readCount } from '../../shared/engine/count.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { askApplication } from './admission.ts';
import type { Line } from './line.ts';
import { errors, notNow, refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { queryOf, turnOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import type { Transport } from './transport.ts';

/** An upgrade for `line`, whose session the request's checks found it to be. */
export interface Upgrade {
  readonly line: Line;
  readonly request: AnyRequest;
  /** Makes it a WebSocket; undefined where it is none. */
  accept(): Transport | undefined;
  /** Lets the peer in only to tell it of the session's end. */
  tell(packets: readonly Packet[]): void;
  refuse(why: Refusal): void;
}

export function takeUpgrade(upgrade: Upgrade): void {
  const { line, request, refuse } = upgrade;
  // A probe attaches nothing, so a poll may overtake it, as browsers that open WebSockets a little later make it do.
  if (line.core.resumable && queryOf(request)['seen'] !== undefined) {
    if (!line.attempts.takeTurn(turnOf(request))) return refuse(refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
    return attach(upgrade);
  }
  if (line.host.isDraining) return refuse(notNow('DRAINING'));
  if (!line.host.settings.allowUpgrades) return refuse(refusal(errors.BAD_REQUEST, { name: 'NO_UPGRADES' }));
  if (line.core.resumable && !line.attempts.begins(turnOf(request)))
    return refuse(refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
  const transport = upgrade.accept();
  if (transport === undefined) return;
  if (line.transport.name === 'websocket' && line.core.transport !== undefined) transport.close();
  else line.attempts.beginProbe(transport);
}

function attach({ line, request, accept, tell, refuse }: Upgrade): void {
  askApplication(request, line.host.settings, (refused) => {
    if (refused !== undefined) return refuse(refused);
    // The application may have taken its time.
    if (!line.attempts.takeTurn(turnOf(request))) return refuse(refusal(errors.BAD_REQUEST, { name: 'STALE_TURN' }));
    const seen = readCount(queryOf(request)['seen']);
    if (seen === undefined) line.core.end('count-impossible', 'seen is no count');
    if (seen === undefined || !line.core.goOnFrom(seen)) {
      const words = line.ending === 'journal-full' && line.host.farewells.toPoll(line.id);
      if (words) return tell(words);
      return refuse(refusal(errors.BAD_REQUEST, { name: 'BAD_COUNT' }));
    }
    line.attempts.begins(turnOf(request));
    const transport = accept();
    if (transport !== undefined && !line.attach(transport, seen, 'request')) transport.close();
  });
}
