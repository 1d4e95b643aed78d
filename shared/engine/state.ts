/** The states of a session, and every move between them. */
import type { Timer } from '../clock.ts';
import type { ReasonCode } from './reason.ts';
import type { Transport } from './transport.ts';

/** What a session is, with what it owns there. */
export type State =
  | { readonly name: 'opening' }
  | { readonly name: 'open'; readonly transport: Transport }
  | { readonly name: 'closing'; readonly transport: Transport; readonly why: ReasonCode }
  | { readonly name: 'suspended'; readonly since: number; readonly window: Timer } // ms on the session's clock
  | { readonly name: 'closed' };

/** What moves a session: `lose` only with resume, without it a lost transport is an `end`; `close` lets what waits leave first. */
export type Input = 'attach' | 'lose' | 'close' | 'end';

/** Every move there is. An input that leads back to its row changes no state. */
// prettier-ignore
export const moves: Record<State['name'], Record<Input, State['name']>> = {
  opening:   { attach: 'open',    lose: 'closed',     close: 'closed',  end: 'closed' },
  open:      { attach: 'open',    lose: 'suspended',  close: 'closing', end: 'closed' },
  closing:   { attach: 'closing', lose: 'closed',     close: 'closing', end: 'closed' },
  suspended: { attach: 'open',    lose: 'suspended',  close: 'closed',  end: 'closed' },
  closed:    { attach: 'closed',  lose: 'closed',     close: 'closed',  end: 'closed' },
};
