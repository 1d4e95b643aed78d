export { acceptUpgrade } from './accept-upgrade.ts';
export type { AcceptOptions } from './accept-upgrade.ts';
export { refuseUpgrade } from './refuse-upgrade.ts';
export type { Refusal } from './refuse-upgrade.ts';
