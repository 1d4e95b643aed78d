/**
 * Questions to the other servers of a group, and the answers that come in: one from each, once, or as many as come in time.
 */
import type { ServerId } from './cluster-messages.ts';

/** Not all servers answered in time. */
export class PeersMissingError extends Error {
  override readonly name = 'PeersMissingError';
  /** What came in time. */
  readonly responses: unknown[];
  /** The servers that didn't answer, where it is known which there are. */
  readonly missing: ServerId[];

  constructor(message: string, responses: unknown[], missing: ServerId[]) {
    super(message);
    this.responses = responses;
    this.missing = missing;
  }
}

interface Pending {
  readonly heard: Set<ServerId>;
  /** Which servers are to answer, where it is known; else only how many. */
  readonly missing: Set<ServerId> | undefined;
  readonly expected: number;
  readonly answers: unknown[];
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answers: unknown[]) => void;
}

export class PeerRequests {
  private readonly pending: Map<string, Pending> = new Map();

  /**
   * Waits for answers to `id`.
   *
   * @param peers - who is to answer, or how many
   * @returns the answers; rejects with a {@link PeersMissingError} after `timeoutMs`
   */
  wait(id: string, peers: ReadonlySet<ServerId> | number, timeoutMs: number): Promise<unknown[]> {
    const expected = typeof peers === 'number' ? peers : peers.size;
    if (expected <= 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const missing = typeof peers === 'number' ? undefined : new Set(peers);
      const answers: unknown[] = [];
      const heard = new Set<ServerId>();
      const timer = setTimeout(() => {
        this.pending.delete(id);
        const what = missing
          ? `timeout reached: missing ${missing.size} responses`
          : `timeout reached: only ${heard.size} responses received out of ${expected}`;
        reject(new PeersMissingError(what, answers, [...(missing ?? [])]));
      }, timeoutMs);
      this.pending.set(id, { heard, missing, expected, answers, timer, resolve });
    });
  }

  /** An answer came. One that nobody waits for, or a second one of the same server, is ignored. */
  answer(id: string, from: ServerId, answers: readonly unknown[]): void {
    const request = this.pending.get(id);
    if (request === undefined || request.heard.has(from)) return;
    request.heard.add(from);
    request.missing?.delete(from);
    request.answers.push(...answers);
    this.check(id, request);
  }

  /** A server is gone: nobody waits for it any longer. */
  forget(peer: ServerId): void {
    for (const [id, request] of this.pending) if (request.missing?.delete(peer)) this.check(id, request);
  }

  private check(id: string, { missing, heard, expected, timer, resolve, answers }: Pending): void {
    if (missing ? missing.size > 0 : heard.size < expected) return;
    clearTimeout(timer);
    this.pending.delete(id);
    resolve(answers);
  }
}
