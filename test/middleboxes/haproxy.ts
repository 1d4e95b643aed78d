/** HAProxy as a reverse proxy. */
import { start, type Program } from './program.ts';

export const HAPROXY = '/usr/sbin/haproxy';

/** @param tunnelMs how long a WebSocket may be quiet until it is cut */
export function startHaproxy(upstreamPort: number, tunnelMs: number): Promise<Program> {
  return start({
    program: HAPROXY,
    configuration: (port) => `
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel ${tunnelMs}ms
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server node 127.0.0.1:${upstreamPort}
`,
    // In the foreground.
    args: (file) => ['-db', '-f', file],
  });
}
