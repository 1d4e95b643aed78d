/** Bounds how many zlib streams are at work at once: each holds a thread of the pool, which files and names need too. */

type Task = (finished: () => void) => void;

let working = 0;
const waiting: { readonly limit: number; readonly task: Task }[] = [];

/** Runs `task` as soon as fewer than `limit` are at work. It calls `finished` once when it is done. */
export function runInTurn(limit: number, task: Task): void {
  if (working < limit && waiting.length === 0) start(task);
  else waiting.push({ limit, task });
}

function start(task: Task): void {
  working++;
  task(finished);
}

function finished(): void {
  working--;
  while (waiting.length > 0 && working < waiting[0]!.limit) start(waiting.shift()!.task);
}
