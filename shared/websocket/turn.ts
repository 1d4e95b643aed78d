/**
 * Writes leave once a turn: whoever has something to send is asked for it when the tick is over, all in one go, so that
 * what is sent within a tick leaves in one write.
 *
 * `process.nextTick` rather than `queueMicrotask`: its queue runs after the microtasks, so that what a chain of promises
 * sends leaves together.
 */

export interface Flushable {
  flush(): void;
}

let waiting: Flushable[] = [];

/** Calls `flush` when this tick is over. The caller asks once a turn. */
export function flushAtEndOfTurn(task: Flushable): void {
  if (waiting.push(task) === 1) process.nextTick(flushAll);
}

function flushAll(): void {
  const tasks = waiting;
  waiting = [];
  for (let at = 0; at < tasks.length; at++) tasks[at]!.flush();
}
