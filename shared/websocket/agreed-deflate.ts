/** What was agreed on about compression, turned into what does it: each role has its own half of the agreement. */
import type { DeflateAgreement } from './deflate-agreement.ts';
import type { DeflateSettings } from './deflate-options.ts';
import { Deflater } from './deflater.ts';
import type { Role } from './frame.ts';
import { Inflater } from './inflater.ts';

/** How both ends compress, and how we go about it. */
export interface AgreedDeflate {
  readonly agreement: DeflateAgreement;
  readonly settings: DeflateSettings;
  /** The answer, as the header said it. */
  readonly extension: string;
}

export function newDeflater(role: Role, { agreement, settings }: AgreedDeflate): Deflater {
  return role === 'server'
    ? new Deflater(agreement.serverMaxWindowBits, agreement.serverNoContextTakeover, settings)
    : new Deflater(agreement.clientMaxWindowBits, agreement.clientNoContextTakeover, settings);
}

export function newInflater(role: Role, { agreement, settings }: AgreedDeflate): Inflater {
  return role === 'server'
    ? new Inflater(agreement.clientMaxWindowBits, agreement.clientNoContextTakeover, settings.concurrencyLimit)
    : new Inflater(agreement.serverMaxWindowBits, agreement.serverNoContextTakeover, settings.concurrencyLimit);
}
