/**
 * Writes leave once a turn: whoever has something to send is asked for it when the tick is over, all in one go, so that
 * what is sent within a tick leaves in one write. What answers a chunk leaves a little later, with the answers of a few others.
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
  flushEach(tasks);
}

/** Turns that have begun and not ended: one within another where both ends are in this process and nothing is between them. */
let turns = 0;
const afterwards: (() => void)[] = [];

/** A chunk begins to be handled. Whoever says so says {@link endTurn} too, whatever happens. */
export function beginTurn(): void {
  turns++;
}

/** A chunk was handled: now for what was put off until then. */
export function endTurn(): void {
  if (--turns > 0) return;
  // One that throws leaves the others to the next turn.
  while (afterwards.length > 0) afterwards.shift()!();
}

/**
 * Calls `task` when the code at hand is done: at the end of the turn, or of the tick where there is none. What it sends leaves
 * with the rest. A tick for each message would be 0.4 of the 13.7 µs that an echo takes at a client (test/bench).
 */
export function afterTurn(task: () => void): void {
  if (turns > 0) afterwards.push(task);
  else process.nextTick(task);
}

function flushEach(tasks: readonly Flushable[]): void {
  for (let at = 0; at < tasks.length; at++) tasks[at]!.flush();
}

/**
 * Answers of so many connections leave together at most. Nothing but writes in a row, they find all that they need at hand, and
 * their peers awake: an echo with a hundred connections takes 0.94 of the time with 8 of them together, 0.88 with 64 (test/bench).
 */
const TOGETHER = 64;

/** Taken as it is now: an application's test may stop the clock, and whatever is called so by then, but not its connections. */
const afterRound = setImmediate;

let answers: Flushable[] = [];
/** When the first of them was ready (ms). */
let answeredAt = 0;
let isImmediateDue = false;
/** Whether a connection has opened since the loop went round. */
let hasOpened = false;
/** Who answered last: twice in a row, and it is alone. */
let last: Flushable | undefined;

/**
 * Calls `flush` once some others are ready as well, the loop has read all that has come, or a millisecond has passed: so an
 * answer never waits for more than one slow listener of another connection's. Who is alone waits for nothing.
 */
export function flushWithOthers(task: Flushable): void {
  if (task === last) return task.flush();
  last = task;
  flushTogether(task);
}

/** {@link flushWithOthers} for a task that comes once, so that one can't tell whether it is alone. */
export function flushTogether(task: Flushable): void {
  const now = Date.now();
  if (answers.length === 0) answeredAt = now;
  if (answers.push(task) === TOGETHER || now !== answeredAt) return flushAnswers();
  if (isImmediateDue) return;
  isImmediateDue = true;
  afterRound(onImmediate);
}

/**
 * {@link flushWithOthers} for the answer that opens a connection. The loop accepts one connection a round: where many come at
 * once, each round would have the answers of one or two. So they wait for a round in which none opens, or for a millisecond;
 * opening a connection takes 0.8 of the time then, a socket.io one too (test/bench).
 */
export function flushOpening(task: Flushable): void {
  hasOpened = true;
  flushWithOthers(task);
}

/** `task` will never have anything to flush again: nothing here is to hold it. */
export function forget(task: Flushable): void {
  if (last === task) last = undefined;
}

function onImmediate(): void {
  isImmediateDue = hasOpened && answers.length > 0 && Date.now() === answeredAt;
  hasOpened = false;
  if (isImmediateDue) afterRound(onImmediate);
  else flushAnswers();
}

function flushAnswers(): void {
  const tasks = answers;
  answers = [];
  flushEach(tasks);
}
