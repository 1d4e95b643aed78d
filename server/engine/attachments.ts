/** Where a server is attached: http servers, and Connect-style apps. Leaves each as it found it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { endUnanswered, tellConnects } from '../websocket/index.ts';
import type { PlainRequest } from '../websocket/index.ts';
import { intercept } from './interception.ts';
import type { AnyHttpServer, Interceptor } from './interception.ts';
import type { Middleware } from './middleware.ts';
import { resolveAttachOptions } from './options.ts';
import { quickConnections } from './quick-connections.ts';
import type { AttachOptions, AttachSettings } from './options.ts';

/** What answers: the engine server. */
export interface Handler {
  /** Answers an upgrade that came without HTTP's parser. */
  handlePlain(request: PlainRequest, head: Buffer): void;
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export class Attachments {
  private readonly handler: Handler;
  /** What undoes each. */
  private readonly undo: (() => void)[] = [];

  constructor(handler: Handler) {
    this.handler = handler;
  }

  attach(server: AnyHttpServer, options?: AttachOptions): void {
    const settings = resolveAttachOptions(options);
    const path = requestPath(settings);
    const { handler } = this;
    let isAttached = true;
    this.undo.push(() => void (isAttached = false));
    const connection = quickConnections(server, (request, rest) => {
      if (!isAttached || !request.url.startsWith(path)) return false;
      handler.handlePlain(request, rest);
      return true;
    });
    this.standIn(server, settings, {
      ...(connection && { connection }),
      request(request, response) {
        if (!request.url?.startsWith(path)) return false;
        handler.handleRequest(request, response);
        return true;
      },
      upgrade: this.upgradesUnder(path),
    });
  }

  middleware(options?: AttachOptions): Middleware {
    const settings = resolveAttachOptions(options);
    const path = requestPath(settings);
    const known = new WeakSet<AnyHttpServer>();
    return (request, response, next) => {
      const { server } = request.socket as { server?: AnyHttpServer };
      if (server !== undefined && !known.has(server)) {
        known.add(server);
        this.standIn(server, settings, { upgrade: this.upgradesUnder(path) });
      }
      // Express takes the path off `url` under which the middleware is mounted.
      const url = (request as { originalUrl?: string }).originalUrl ?? request.url;
      if (url?.startsWith(path)) this.handler.handleRequest(request, response);
      else next();
    };
  }

  /** Leaves all of them. */
  detach(): void {
    for (const undo of this.undo.splice(0)) undo();
  }

  private upgradesUnder(path: string): Required<Interceptor>['upgrade'] {
    return (request, socket, head) => {
      if (!request.url?.startsWith(path)) return false;
      this.handler.handleUpgrade(request, socket, head);
      return true;
    };
  }

  private standIn(server: AnyHttpServer, settings: AttachSettings, interceptor: Interceptor): void {
    const { destroyUpgrade, destroyUpgradeTimeout } = settings;
    const onForeign = (_request: IncomingMessage, stream: Duplex): void => {
      if (destroyUpgrade) endUnanswered(stream, destroyUpgradeTimeout);
    };
    const leave = intercept(server, interceptor);
    server.on('upgrade', onForeign);
    this.undo.push(leave, () => void server.off('upgrade', onForeign));
    if (!('updateSettings' in server)) return;
    // Over HTTP/2 a WebSocket is asked for otherwise, and Node makes requests of streams only where somebody listens to them.
    this.undo.push(tellConnects(server));
    server.on('request', ignore);
    this.undo.push(() => void server.off('request', ignore));
  }
}

/** What the URLs of our requests begin with. */
function requestPath({ path, addTrailingSlash }: AttachSettings): string {
  const bare = path.replace(/\/$/, '');
  return addTrailingSlash ? `${bare}/` : bare;
}

/** There only so that Node makes requests, which {@link intercept} takes or leaves to other listeners. */
function ignore(): void {}
