/** Node has no page that could go away or come back. */
import type { Environment } from './environment.ts';

export const watchPage: Environment['watchPage'] = () => () => {};

/** Calls a task when the code at hand is done, before anything else happens. A microtask would cost Node five times as much. */
export const nextTick = (task: () => void): void => process.nextTick(task);

/** The same, or sooner: when what came just now is dealt with. */
export { afterTurn } from '../../shared/websocket/turn.ts';

/** As what bytes arrive unless the application says otherwise. */
export const defaultBinaryType = 'nodebuffer';

/** Of options that only mean something here. */
export const platformDefaults = { perMessageDeflate: { threshold: 1024 }, agent: false, rejectUnauthorized: true };
