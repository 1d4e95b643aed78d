/**
 * An agent for a forward proxy (RFC 9110 §7.3.2): requests are sent to it with their whole address, and what asks for an
 * upgrade goes through a tunnel that `CONNECT` digs.
 */
import { Agent, request, type ClientRequest, type ClientRequestArgs } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

type Done = (error: Error | null, socket: Duplex) => void;

export class ForwardAgent extends Agent {
  /** How many tunnels were asked for. */
  tunnels = 0;
  private readonly proxyPort: number;

  constructor(proxyPort: number) {
    super({ keepAlive: true });
    this.proxyPort = proxyPort;
  }

  /** Node calls it for each request, before its head is written. */
  addRequest(outgoing: ClientRequest, options: ClientRequestArgs): void {
    const origin = `${options.host}:${options.port}`;
    const isUpgrade = outgoing.getHeader('upgrade') !== undefined;
    if (!isUpgrade) outgoing.path = `http://${origin}${outgoing.path}`;
    // A connection of the one kind must not be used again for the other.
    const kind = isUpgrade ? { path: `tunnel to ${origin}` } : { host: '127.0.0.1', port: this.proxyPort };
    const inherited = Agent.prototype as unknown as { addRequest(request: ClientRequest, options: object): void };
    inherited.addRequest.call(this, outgoing, { ...options, ...kind, origin, isUpgrade });
  }

  override createConnection(given: ClientRequestArgs, done?: Done): Duplex | undefined {
    // With what addRequest has put there.
    const options = given as ClientRequestArgs & { readonly origin?: string; readonly isUpgrade?: boolean };
    if (options.isUpgrade !== true) return connect(this.proxyPort, '127.0.0.1');
    this.tunnels += 1;
    const digging = request({
      port: this.proxyPort,
      host: '127.0.0.1',
      method: 'CONNECT',
      path: options.origin ?? '',
      agent: false,
    });
    // Where there is an error nobody looks at the socket, but the types want one.
    const refuse = (error: Error) => done?.(error, digging.socket as Duplex);
    digging.on('connect', (answer, socket) => {
      if (answer.statusCode === 200) return done?.(null, socket);
      socket.destroy();
      refuse(new Error(`the proxy answers ${answer.statusCode} to CONNECT`));
    });
    digging.on('error', refuse);
    digging.end();
    // The callback gives it.
    return undefined;
  }
}
