/** A server's first packet: what it says, and what is said to it where nobody waits for it any more. */
import type { Clock } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { parseJson } from '../../shared/json.ts';
import type { HandshakeData } from './socket-events.ts';
import type { Counts, Transport } from './transport.ts';

/** How long a server may take to open a session that was closed meanwhile, so that it can be told (ms). */
const LEAVE_MS = 5_000;

/** What the server says with its first packet; undefined where that is none that opens a session. */
export function handshakeOf({ type, data }: Packet): HandshakeData | undefined {
  const said = parseJson(String(type === 'open' && data)) as Partial<HandshakeData> | null | undefined;
  if (!said?.sid || !Array.isArray(said.upgrades)) return undefined;
  // Some give their sessions numbers.
  said.sid += '';
  return said as HandshakeData;
}

/** Closed while the server was opening the session, which it would keep for one who comes back: it is told, once it can be. */
export function takeLeave(transport: Transport, clock: Clock, counts: Counts): void {
  const done = (): void => {
    timer.cancel();
    transport.close();
  };
  const timer = clock.after(LEAVE_MS, done);
  transport.once('error', done);
  transport.once('packet', (packet) => {
    const data = handshakeOf(packet);
    if (data) {
      transport.query['sid'] = data.sid;
      transport.counts = data.resume && counts;
      transport.farewell(1);
    }
    done();
  });
}
