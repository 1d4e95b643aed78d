/** The page around a connection in a browser: when it sleeps, wakes, is put aside, or goes away. */
import type { Environment } from './environment.ts';

export const watchPage: Environment['watchPage'] = (hint, { closeOnBeforeunload }) => {
  // A worker has some of these events and no `document`.
  const { document } = globalThis;
  const control = new AbortController();
  // Firefox kills the script that runs as a tab is closed, whichever it is: the second one gets through.
  const types = ['online', 'offline', 'pageshow', 'pagehide', 'pagehide', 'resume', 'visibilitychange'];
  // Who listens to it is kept out of the back/forward cache by some browsers.
  if (closeOnBeforeunload) types.push('beforeunload');
  for (const type of types) {
    (/^[rv]/.test(type) ? document : globalThis)?.addEventListener?.(
      type,
      (event: Event) => {
        if (type === 'visibilitychange' && document.hidden) return;
        hint(/hide|before/.test(type) ? ((event as PageTransitionEvent).persisted ? 'hide' : 'leave') : 'wake');
      },
      control,
    );
  }
  return () => control.abort();
};

/** Calls a task when the code at hand is done, before anything else happens. */
export const nextTick = queueMicrotask;

/** The same here; Node knows when a message is dealt with. */
export { nextTick as afterTurn };

/** As what bytes arrive unless the application says otherwise. */
export const defaultBinaryType = 'arraybuffer';

/** Browsers decide for themselves what else there would be to choose. */
export const platformDefaults = {};
