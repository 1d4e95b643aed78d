/**
 * Every call of a listener for a client's event, on the tracing channel `throughline:event` of `node:diagnostics_channel`: enough
 * for spans, and nothing of what the event carries. Where nobody has subscribed all that it costs is to see that.
 *
 * `start` and `end` enclose the call, `error` tells what it threw; of a listener that returns a promise `asyncStart` and
 * `asyncEnd` follow when that has settled, with `error` before them where it rejected. All have the same {@link EventTrace}.
 */
import { tracingChannel } from 'node:diagnostics_channel';

/** What is told of a call. */
export interface EventTrace {
  readonly event: string;
  readonly namespace: string;
  /** The socket's, which is public; that of the session is a secret. */
  readonly socketId: string;
  /** Whether the client waits for an answer. */
  readonly hasAck: boolean;
  /** Whether it returned a promise. Known from `end` on: then `asyncEnd` is where the work ends. */
  isAsync: boolean;
  /** What the listener threw, or its promise rejected with. */
  error?: unknown;
}

/** A socket, as far as calling its listeners goes. */
export interface TracedSocket {
  readonly id: string;
  readonly nsp: { readonly name: string };
  // As EventEmitter declares it.
  rawListeners(event: string): readonly Function[];
}

const channels = tracingChannel<unknown, EventTrace>('throughline:event');
const { start, end, asyncStart, asyncEnd, error: failed } = channels;

/** Whether anybody wants to know. The channels' own `hasSubscribers` is younger than Node 20. */
export function isTraced(): boolean {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    failed.hasSubscribers
  );
}

/**
 * Calls the listeners of `[name, ...args]` as an EventEmitter does, and tells of each.
 *
 * @param report - is told what a listener threw, behind which no other is called, or what its promise rejected with
 */
export function callTraced(
  socket: TracedSocket,
  [event, ...args]: readonly [string, ...unknown[]],
  report: (error: unknown) => void,
): void {
  const hasAck = typeof args.at(-1) === 'function';
  try {
    for (const listener of socket.rawListeners(event)) {
      const trace: EventTrace = { event, namespace: socket.nsp.name, socketId: socket.id, hasAck, isAsync: false };
      // In the store that a subscriber has bound to it, so that what the listener does is seen as part of it.
      start.runStores(trace, () => callOne(() => Reflect.apply(listener, socket, args), trace, report));
    }
  } catch (error) {
    report(error);
  }
}

function callOne(call: () => unknown, trace: EventTrace, report: (error: unknown) => void): void {
  try {
    follow(call(), trace, report);
  } catch (error) {
    trace.error = error;
    failed.publish(trace);
    throw error;
  } finally {
    end.publish(trace);
  }
}

function follow(result: unknown, trace: EventTrace, report: (error: unknown) => void): void {
  if (typeof (result as Partial<PromiseLike<unknown>> | undefined)?.then !== 'function') return;
  trace.isAsync = true;
  // Its `then` is called once alone: what only looks like a promise, as queries of databases do, may begin its work at each.
  Promise.resolve(result).then(
    () => settled(trace),
    (error: unknown) => {
      trace.error = error;
      failed.publish(trace);
      settled(trace);
      report(error);
    },
  );
}

function settled(trace: EventTrace): void {
  asyncStart.publish(trace);
  asyncEnd.publish(trace);
}
