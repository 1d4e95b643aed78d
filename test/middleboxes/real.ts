/** The proxies that people really have, configured well and badly, and what of Throughline gets through each. */
import { ForwardAgent } from './forward-agent.ts';
import { HAPROXY, startHaproxy } from './haproxy.ts';
import { NGINX, buffers, readTimeout, startNginx, upgrades } from './nginx.ts';
import { SQUID, startSquid } from './squid.ts';
import type { Program } from './program.ts';

/** Something to pass through. */
export interface Middlebox {
  readonly name: string;
  readonly program: string;
  readonly install: string;
  /** Starts it before the server on `upstreamPort`. */
  start(upstreamPort: number): Promise<Program>;
  /** A forward proxy: clients go to the server's own address, and say to this proxy that they do. */
  readonly isForward?: boolean;
  /** The transport that should carry the session in the end. */
  readonly carriedBy: 'websocket' | 'streaming' | 'polling';
  /** Whether it cuts what is quiet for two seconds. */
  readonly cuts?: boolean;
}

const nginx = { program: NGINX, install: 'apt-get install nginx-light' };

export const middleboxes: readonly Middlebox[] = [
  {
    ...nginx,
    name: 'nginx that passes upgrades on',
    start: (port) => startNginx(port, upgrades),
    carriedBy: 'websocket',
  },
  {
    ...nginx,
    name: 'nginx without upgrade headers',
    start: (port) => startNginx(port),
    carriedBy: 'streaming',
  },
  {
    ...nginx,
    name: 'nginx without upgrade headers, buffering whatever we say',
    start: (port) => startNginx(port, buffers),
    carriedBy: 'polling',
  },
  {
    ...nginx,
    name: 'nginx that waits two seconds',
    start: (port) => startNginx(port, upgrades, readTimeout(2)),
    carriedBy: 'websocket',
    cuts: true,
  },
  {
    ...nginx,
    name: 'nginx without upgrade headers that waits two seconds',
    start: (port) => startNginx(port, readTimeout(2)),
    carriedBy: 'streaming',
    cuts: true,
  },
  {
    program: HAPROXY,
    install: 'apt-get install haproxy',
    name: 'HAProxy that keeps a tunnel for two seconds',
    start: (port) => startHaproxy(port, 2_000),
    carriedBy: 'websocket',
    cuts: true,
  },
  {
    program: SQUID,
    install: 'apt-get install squid',
    name: 'squid as forward proxy',
    start: () => startSquid(),
    isForward: true,
    carriedBy: 'websocket',
  },
];

/** Where a client in Node connects, and how. */
export function routeThrough(
  box: Middlebox,
  running: Program,
  serverPort: number,
): { port: number; agent?: ForwardAgent } {
  return box.isForward === true ? { port: serverPort, agent: new ForwardAgent(running.port) } : { port: running.port };
}
