/** What all connections of one server or client have in common: made once, shared by all. */
import type { Role } from './frame.ts';
import type { FrameReaderOptions } from './frame-reader.ts';
import type { Limits } from './limits.ts';

export interface ConnectionSettings {
  readonly role: Role;
  readonly limits: Limits;
  /** Whether pings are answered by themselves. */
  readonly autoPong: boolean;
  /** How frames are read: without permessage-deflate, and with it. */
  readonly plain: Required<FrameReaderOptions>;
  readonly deflated: Required<FrameReaderOptions>;
}

export interface ConnectionOptions {
  readonly role: Role;
  readonly limits: Limits;
  /** Whether texts come as the checked bytes that they were. Default false: as strings. */
  readonly textAsBytes?: boolean | undefined;
  /** Whether pings are answered by themselves. Default true. */
  readonly autoPong?: boolean | undefined;
}

/** Each set of limits with its settings: one for each role, way of texts, and way of pongs. */
const made = new WeakMap<Limits, (ConnectionSettings | undefined)[]>();

/** The same object for the same options. */
export function connectionSettings(options: ConnectionOptions): ConnectionSettings {
  const { role, limits, textAsBytes, autoPong } = options;
  const variant = (role === 'server' ? 0 : 1) + (textAsBytes === true ? 2 : 0) + (autoPong === false ? 4 : 0);
  const variants = made.get(limits) ?? [];
  const known = variants[variant];
  if (known !== undefined) return known;
  made.set(limits, variants);
  return (variants[variant] = makeSettings(options));
}

function makeSettings({ role, limits, textAsBytes = false, autoPong = true }: ConnectionOptions): ConnectionSettings {
  const { maxMessageBytes, maxFragments } = limits;
  const plain = { role, maxMessageBytes, maxFragments, textAsBytes, deflate: false };
  return { role, limits, autoPong, plain, deflated: { ...plain, deflate: true } };
}
