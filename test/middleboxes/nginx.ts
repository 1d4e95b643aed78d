/** nginx as a reverse proxy, configured well and badly. */
import { start, type Program } from './program.ts';

export const NGINX = '/usr/sbin/nginx';

export interface NginxOptions {
  /** Whether the upgrade of a WebSocket is passed on. As nginx comes, it isn't. */
  readonly upgrades: boolean;
  /** Further directives for the location. */
  readonly directives?: string;
}

export function startNginx(upstreamPort: number, { upgrades, directives = '' }: NginxOptions): Promise<Program> {
  const upgrading = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;';
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
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      ${upgrades ? upgrading : ''}
      ${directives}
    }
  }
}
`,
    args: (file, folder) => ['-p', folder, '-c', file],
  });
}
