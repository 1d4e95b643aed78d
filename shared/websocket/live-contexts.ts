/**
 * The compression contexts that hold memory: some 300 kB each. There are never too many of them, and none is kept for long
 * while it has nothing to do. One timer for all, and none where there are no contexts.
 */

/** Most contexts that are kept between messages, over all connections: past it the one idle longest gives its memory back. */
export const MAX_LIVE_CONTEXTS = 256;

/** A context that had nothing to do for so long, up to twice that, gives its memory back. */
export const IDLE_CONTEXT_MS = 3_000;

export interface LiveContext {
  /** Gives memory back; the context can still be used, and takes some again. Not asked for while it is at work. */
  rest(): void;
}

/** Oldest use first. The value is the sweep in which it was used last. */
const live = new Map<LiveContext, number>();
let sweeps = 0;
let timer: NodeJS.Timeout | undefined;

/** Notes that `context` was used just now and is idle from here on. */
export function keepContext(context: LiveContext): void {
  live.delete(context);
  live.set(context, sweeps);
  if (live.size > MAX_LIVE_CONTEXTS) for (const [oldest] of live) return restContext(oldest);
  timer ??= setInterval(sweep, IDLE_CONTEXT_MS).unref();
}

/** Forgets `context`: it is at work, or holds no memory any more. */
export function dropContext(context: LiveContext): void {
  live.delete(context);
}

function sweep(): void {
  for (const [context, used] of live) {
    if (used === sweeps) break;
    restContext(context);
  }
  sweeps++;
  if (live.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function restContext(context: LiveContext): void {
  live.delete(context);
  context.rest();
}
