/** The page around a connection in a browser: when it sleeps, wakes, is put aside, or goes away. */
import type { Environment, PageHint } from './environment.ts';

export const watchPage: Environment['watchPage'] = (hint, { closeOnBeforeunload }) => {
  // A worker has some of these events and no `document`.
  const { document } = globalThis;
  const control = new AbortController();
  const listen = (target: EventTarget | undefined, types: string, what: (event: Event) => PageHint | false): void => {
    for (const type of types.split(' ')) {
      target?.addEventListener?.(
        type,
        (event) => {
          const told = what(event);
          if (told) hint(told);
        },
        control,
      );
    }
  };
  listen(globalThis, 'online offline pageshow', () => 'wake');
  listen(document, 'resume', () => 'wake');
  listen(document, 'visibilitychange', () => !document.hidden && 'wake');
  listen(globalThis, 'pagehide', (event) => ((event as PageTransitionEvent).persisted ? 'hide' : 'leave'));
  if (closeOnBeforeunload) listen(globalThis, 'beforeunload', () => 'leave');
  return () => control.abort();
};

/** As what bytes arrive unless the application says otherwise. */
export const defaultBinaryType = 'arraybuffer';
