/** squid as a forward proxy. */
import { start, type Program } from './program.ts';

export const SQUID = '/usr/sbin/squid';

export function startSquid(): Promise<Program> {
  return start({
    program: SQUID,
    configuration: (port, folder) => `
http_port 127.0.0.1:${port}
http_access allow all
cache deny all
pid_filename none
access_log none
cache_log ${folder}/cache.log
coredump_dir ${folder}
memory_cache_shared off
shutdown_lifetime 0 seconds
`,
    // In the foreground, in one process.
    args: (file) => ['-N', '-f', file],
  });
}
