/** `io`: from an address to a socket, over a connection that the namespaces of one server share. */
import type { ManagerOptions } from './manager-options.ts';
import { DEFAULT_PATH } from './manager-options.ts';
import { Manager } from './manager.ts';
import type { SocketOptions } from './socket-options.ts';
import type { Socket } from './socket.ts';
import { parseAddress } from './url.ts';

/** The managers that further namespaces can join, by the id of their address. */
const managers = new Map<string, Manager>();

type Options = Partial<ManagerOptions & SocketOptions>;

/**
 * A socket of the namespace that the address's path names; `/` where it names none.
 *
 * Namespaces of one server share a connection, unless `forceNew` or `multiplex: false` says otherwise. Called again with
 * the same address it opens a second connection: two sockets of one namespace can't share one.
 *
 * @param uri - of the server; the page's own where it is missing
 */
export function io(opts?: Options): Socket;
export function io(uri?: string, opts?: Options): Socket;
export function io(uri: string | Options = '', opts: Options = {}): Socket {
  if (typeof uri === 'object') return io('', uri);
  const { source, id, namespace } = parseAddress(uri, opts.path || DEFAULT_PATH);
  let manager = managers.get(id);
  if (opts.forceNew || opts.multiplex === false || manager?.nsps[namespace]) {
    manager = new Manager(source, opts);
  } else if (!manager) {
    managers.set(id, (manager = new Manager(source, opts)));
  }
  return manager.socket(namespace, opts);
}
