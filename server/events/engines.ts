/** The engines that bring a server its sessions: one for each time that it was attached, asked and told as if they were one. */
import type { ServerResponse } from 'node:http';

import type { DrainOptions, Health as EngineHealth, Metrics } from '../engine/index.ts';
import { noMetrics, sumOf } from '../engine/metrics.ts';
import type { BindableEngine } from './engine.ts';

/** How a server fares: `starting` until it is attached to something. */
export type Health = Omit<EngineHealth, 'state'> & { readonly state: EngineHealth['state'] | 'starting' };

export class Engines {
  private readonly all = new Set<BindableEngine>();
  /** What those counted that were dismissed. */
  private past: Metrics = noMetrics();
  private drained: Promise<void> | undefined = undefined;
  private isClosed = false;

  add(engine: BindableEngine): void {
    this.all.add(engine);
    this.isClosed = false;
    this.drained = undefined;
  }

  /** Once begun it goes on; a second call waits for the first. Those of another kind know nothing of it, and are let be. */
  drain(options: DrainOptions | undefined): Promise<void> {
    return (this.drained ??= Promise.all([...this.all].map((engine) => engine.drain?.(options))).then(() => {}));
  }

  health(): Health {
    const each = [...this.all].flatMap((engine) => engine.health?.() ?? []);
    const sum = (of: (health: EngineHealth) => number): number => each.reduce((total, health) => total + of(health), 0);
    const isDraining = each.some(({ state }) => state !== 'ready');
    return {
      state: this.isClosed ? 'closed' : isDraining ? 'draining' : this.all.size > 0 ? 'ready' : 'starting',
      sessions: sum(({ sessions }) => sessions),
      suspended: sum(({ suspended }) => suspended),
      queuedBytes: sum(({ queuedBytes }) => queuedBytes),
      // One process, one loop.
      loopLagMs: Math.max(0, ...each.map(({ loopLagMs }) => loopLagMs)),
    };
  }

  /** What is left of the time for a drain (ms); undefined where none was begun. */
  get drainLeftMs(): number | undefined {
    const each = [...this.all].flatMap(({ drainLeftMs }) => drainLeftMs ?? []);
    return each.length === 0 ? undefined : Math.max(...each);
  }

  /** Those of another kind don't count. */
  metrics(): Metrics {
    return sumOf([this.past, ...[...this.all].flatMap((engine) => engine.metrics?.() ?? [])]);
  }

  /**
   * Ends all sessions. Engines of ours stay in front of their http servers: what still comes is for them, and not for the
   * application.
   *
   * @returns when that is done, and what makes them leave
   */
  dismiss(): { readonly done: Promise<unknown>; leave(): void } {
    const engines = [...this.all];
    this.isClosed = true;
    const dismissed = engines.map((engine) => (engine.dismiss ?? engine.close).call(engine));
    this.past = this.metrics();
    this.all.clear();
    return {
      done: Promise.allSettled(dismissed),
      leave() {
        for (const engine of engines) if (engine.dismiss) engine.close();
      },
    };
  }
}

/** Answers with `health` as JSON: 200 while new sessions are let in, 503 else. */
export function answerHealth(health: Health, response: ServerResponse): void {
  response.writeHead(health.state === 'ready' ? 200 : 503, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(JSON.stringify(health));
}
