/** What of the options concerns TLS, as Node takes it. */
import type { ConnectionOptions } from 'node:tls';
import type { SocketOptions } from './options.ts';

/** Certificates are checked unless `rejectUnauthorized` is exactly `false`: left out, `undefined` and `null` check. */
export function tlsOf(options: SocketOptions): ConnectionOptions {
  const { pfx, key, passphrase, cert, ca, ciphers, rejectUnauthorized } = options;
  const given = Object.entries({ pfx, key, passphrase, cert, ca, ciphers }).filter(([, value]) => value != null);
  return { ...Object.fromEntries(given), rejectUnauthorized: rejectUnauthorized !== false };
}
