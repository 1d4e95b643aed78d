/** nginx as a reverse proxy, configured well and badly. */
import { start, type Program } from './program.ts';

export const NGINX = '/usr/sbin/nginx';

/** For the location: what nginx's manual says to add for WebSockets. Without it upgrades are not passed on. */
export const upgrades = `
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;`;

/** For the location: our answers forbid it to buffer a stream; now it does not listen. */
export const buffers = `
      proxy_ignore_headers X-Accel-Buffering;`;

/** For the location: it gives up where the server is quiet for so long. */
export const readTimeout = (seconds: number) => `
      proxy_read_timeout ${seconds}s;`;

/** nginx as it comes, and directives for the location. */
export function startNginx(upstreamPort: number, ...directives: readonly string[]): Promise<Program> {
  return start({
    program: NGINX,
    configuration: (port, folder) => `
daemon off;
# One process, so that there is one to end.
master_process off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_set_header Host $http_host;${directives.join('')}
    }
  }
}
`,
    args: (file, folder) => ['-p', folder, '-c', file],
  });
}
