import type { TransportName } from '../../shared/engine/packet.ts';
import type { ResumeTerms } from '../../shared/engine/session.ts';
import type { Settings } from './options.ts';

/** Writes the open packets. Behind the id they are the same for all sessions of a kind, and written once. */
export class OpenPackets {
  private readonly settings: Settings;
  private readonly upgrades: (transport: TransportName) => readonly TransportName[];
  /** What is behind the id, by transport, without resume and with it. */
  private readonly rests = { plain: new Map<TransportName, string>(), resuming: new Map<TransportName, string>() };

  constructor(settings: Settings, upgrades: (transport: TransportName) => readonly TransportName[]) {
    this.settings = settings;
    this.upgrades = upgrades;
  }

  /** @param terms - undefined for a peer that can't resume */
  write(sid: string, transport: TransportName, terms: ResumeTerms | undefined): string {
    const rests = terms === undefined ? this.rests.plain : this.rests.resuming;
    let rest = rests.get(transport);
    if (rest === undefined) {
      rest = this.writeRest(transport, terms);
      rests.set(transport, rest);
    }
    return `{"sid":${JSON.stringify(sid)},${rest}`;
  }

  private writeRest(transport: TransportName, terms: ResumeTerms | undefined): string {
    const { pingInterval, pingTimeout, maxHttpBufferSize: maxPayload } = this.settings;
    // Others don't know what streaming is.
    const upgrades = this.upgrades(transport).filter((name) => name !== 'streaming' || terms !== undefined);
    const resume = terms === undefined ? undefined : { window: terms.windowMs };
    return JSON.stringify({ upgrades, pingInterval, pingTimeout, maxPayload, resume }).slice(1);
  }
}
