/** Waits for the answers to a broadcast: all that are due, or those that come in time. */
import type { Packet } from '../../shared/events/packet.ts';
import type { Adapter } from './adapter/adapter.ts';
import type { BroadcastOptions } from './adapter/types.ts';
import { timedOut } from './timed-out.ts';

/**
 * Broadcasts `packet` and calls `done` once. How many answers are due is known when every server of the group has told how
 * many clients it reached; a server that doesn't tell makes it time out.
 */
export function collectAnswers(
  adapter: Adapter,
  packet: Packet,
  options: BroadcastOptions,
  done: (error: Error | null, answers: unknown[]) => void,
): void {
  const answers: unknown[] = [];
  let serversMissing = 0;
  let serversKnown = false;
  let answersMissing = 0;
  let isDone = false;
  const finish = (error: Error | null): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    done(error, answers);
  };
  const check = (): void => {
    if (serversKnown && serversMissing === 0 && answersMissing === 0) finish(null);
  };
  const timeoutMs = options.flags?.timeout;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => finish(timedOut()), timeoutMs);
  adapter.broadcastWithAck(
    packet,
    options,
    (clientCount) => {
      answersMissing += clientCount;
      serversMissing--;
      check();
    },
    (answer) => {
      // Late ones don't change what the application already has in hand.
      if (isDone) return;
      answers.push(answer);
      answersMissing--;
      check();
    },
  );
  if (options.flags?.local) {
    // No other server is asked, and how many clients are here was told within the call.
    serversMissing = 0;
    serversKnown = true;
    check();
    return;
  }
  adapter.serverCount().then(
    (count) => {
      serversMissing += count;
      serversKnown = true;
      check();
    },
    (error: Error) => finish(error),
  );
}
