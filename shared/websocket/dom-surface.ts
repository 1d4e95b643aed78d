/** WHATWG's way of listening to a WebSocket: `onmessage` and its kin, `addEventListener`, and what they are called with. */
import { EventEmitter } from 'node:events';

import { DomListeners } from './dom-listeners.ts';
import type { DomListener } from './dom-listeners.ts';
import type { SocketEventMap } from './socket-events.ts';

type Handler<Name extends keyof SocketEventMap> = ((event: SocketEventMap[Name]) => void) | null;

export abstract class DomSurface extends EventEmitter {
  private domListeners: DomListeners | undefined = undefined;

  /** The object that a listener of `type` is called with, out of what the emitter was given. */
  protected abstract toEvent(type: keyof SocketEventMap, emitted: unknown[]): SocketEventMap[keyof SocketEventMap];

  get onopen(): Handler<'open'> {
    return this.dom.attribute('open');
  }

  set onopen(listener: Handler<'open'>) {
    this.dom.setAttribute('open', listener);
  }

  get onmessage(): Handler<'message'> {
    return this.dom.attribute('message');
  }

  set onmessage(listener: Handler<'message'>) {
    this.dom.setAttribute('message', listener);
  }

  get onclose(): Handler<'close'> {
    return this.dom.attribute('close');
  }

  set onclose(listener: Handler<'close'>) {
    this.dom.setAttribute('close', listener);
  }

  get onerror(): Handler<'error'> {
    return this.dom.attribute('error');
  }

  set onerror(listener: Handler<'error'>) {
    this.dom.setAttribute('error', listener);
  }

  addEventListener<Name extends keyof SocketEventMap>(
    type: Name,
    listener: DomListener<SocketEventMap[Name]>,
    options: { readonly once?: boolean } = {},
  ): void {
    this.dom.add(type, listener, options.once === true);
  }

  removeEventListener<Name extends keyof SocketEventMap>(
    type: Name,
    listener: DomListener<SocketEventMap[Name]>,
  ): void {
    this.dom.remove(type, listener);
  }

  private get dom(): DomListeners {
    return (this.domListeners ??= new DomListeners(this, (type, emitted) => this.toEvent(type, emitted)));
  }
}
