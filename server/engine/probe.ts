/**
 * A transport that is being tried while another one carries the session. It disturbs nothing until the peer says `5`, and
 * comes to nothing at anything else, or when it takes too long.
 */
import debug from 'debug';

import type { Timer } from '../../shared/clock.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';
import { shortId } from './session-id.ts';
import type { Transport } from './transport.ts';

const log = debug('throughline:engine:probe');

const PROBE = 'probe';

/** What a probe tells the line that it belongs to. */
export interface ProbeOwner {
  readonly id: string;
  /** The peer was told that this way is open. */
  probeAnswered(probe: Probe): void;
  /** The peer goes over. @param count - what it said with that */
  probeWon(probe: Probe, count: RawData | undefined): void;
  /** It came to nothing. */
  probeLost(probe: Probe): void;
}

export class Probe {
  readonly transport: Transport;
  /** Whether the peer has asked, and been answered. */
  isAnswered = false;
  private readonly owner: ProbeOwner;
  private readonly timeout: Timer;

  constructor(transport: Transport, owner: ProbeOwner, withinMs: number) {
    this.transport = transport;
    this.owner = owner;
    this.timeout = transport.clock.after(withinMs, () => this.drop('upgrade timeout'));
  }

  /** Answers the peer, which sees in that that this way is open. */
  answer(): void {
    this.isAnswered = true;
    this.transport.send([{ type: 'pong', data: PROBE }]);
    this.owner.probeAnswered(this);
  }

  hear(packet: Packet): void {
    if (packet.type === 'ping' && packet.data === PROBE && !this.isAnswered) this.answer();
    else if (packet.type === 'upgrade' && this.isAnswered) this.owner.probeWon(this, packet.data);
    else this.drop('neither probe nor upgrade');
  }

  /** It carries the session from now on, and is no probe any more. */
  settle(): void {
    this.timeout.cancel();
  }

  drop(why: string): void {
    log('%s: %s is not taken, %s', shortId(this.owner.id), this.transport.name, why);
    this.settle();
    this.owner.probeLost(this);
    this.transport.close();
  }
}
