/** How sessions come to be: whether one may be opened, under which id, and its first packet. */
import debug from 'debug';

import type { TransportName } from '../../shared/engine/packet.ts';
import type { ResumeTerms } from '../../shared/engine/session.ts';
import { headerOf } from '../websocket/index.ts';
import { askApplication } from './admission.ts';
import { diagnostics } from './diagnostics.ts';
import { Line } from './line.ts';
import { OpenPackets } from './open-packet.ts';
import { errors, notNow, refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Registry } from './registry.ts';
import { queryOf, shrink } from './request.ts';
import type { AnyRequest } from './request.ts';
import { revisionOf } from './revisions.ts';
import { shortId } from './session-id.ts';
import type { Transport } from './transport.ts';

const log = debug('throughline:engine:openings');

/** The server, as its new sessions see it. */
export interface OpeningHost {
  /** A new session's id, or the application's promise of one. */
  idFor(request: AnyRequest): string | PromiseLike<string>;
  upgrades(transport: TransportName): TransportName[];
}

/** Called once: why no session may be opened, or under which id. */
type Admitted = (refused: Refusal | undefined, id: string) => void;

export class Openings {
  private readonly host: OpeningHost;
  private readonly registry: Registry;
  private readonly openPackets: OpenPackets;

  constructor(host: OpeningHost, registry: Registry) {
    this.host = host;
    this.registry = registry;
    this.openPackets = new OpenPackets(registry.settings, (transport) => host.upgrades(transport));
  }

  /** Asks whether a session may be opened, and under which id. */
  admit(request: AnyRequest, done: Admitted): void {
    if (this.registry.isDraining) return done(notNow('DRAINING'), '');
    if (this.registry.isCrowded) return done(notNow('TOO_MANY_SESSIONS'), '');
    askApplication(request, this.registry.settings, (refused) => {
      if (refused === undefined) this.giveId(request, done);
      else done(refused, '');
    });
  }

  /** What a session runs on that was admitted under `id`: to be given its transport. */
  newLine(request: AnyRequest, id: string): Line {
    // It passed the checks, so it names one.
    const protocol = revisionOf(request, this.registry.settings.allowEIO3) ?? 4;
    return new Line(this.registry, { id, request, protocol, origin: headerOf(request, 'origin') });
  }

  /** The session is one from now on. */
  begin(line: Line, transport: Transport, request: AnyRequest): void {
    const terms = this.termsFor(request);
    if (log.enabled) log('%s: opened on %s', shortId(line.id), transport.name);
    this.registry.add(line);
    line.open(transport, this.openPackets.write(line.id, transport.name, terms), terms);
    if (diagnostics.open.hasSubscribers) diagnostics.open.publish({ session: line.session, transport: transport.name });
    shrink(request);
  }

  private giveId(request: AnyRequest, done: Admitted): void {
    let id: string | PromiseLike<string>;
    try {
      id = this.host.idFor(request);
    } catch (error) {
      return done(noId(error), '');
    }
    if (typeof id === 'object') this.awaitId(id, done);
    else this.checkId(id, done);
  }

  private awaitId(id: PromiseLike<string>, done: Admitted): void {
    Promise.resolve(id).then(
      (given) => this.checkId(given, done),
      (error: unknown) => done(noId(error), ''),
    );
  }

  /** @param id what the application gave, or we: any text that is new, or a number */
  private checkId(id: unknown, done: Admitted): void {
    const text = typeof id === 'number' ? String(id) : id;
    if (typeof text === 'string' && text !== '' && this.registry.get(text) === undefined) done(undefined, text);
    else done(noId(new TypeError('generateId gave no id that is new')), '');
  }

  /** Resume is for those who ask for it. */
  private termsFor(request: AnyRequest): ResumeTerms | undefined {
    const { resume, EIO } = queryOf(request);
    return resume === '1' && EIO === '4' ? this.registry.terms : undefined;
  }
}

function noId(error: unknown): Refusal {
  return refusal(errors.BAD_REQUEST, { name: 'ID_GENERATION_ERROR', error });
}
