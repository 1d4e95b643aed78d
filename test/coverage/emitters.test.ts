/** What every emitter of ours can do, ours and Node's methods alike: one suite for all of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as client from '../../client/index.ts';
import * as engineClient from '../../client/engine/index.ts';
import * as server from '../../index.ts';
import * as adapter from '../../server/events/adapter/index.ts';
import * as engine from '../../server/engine/index.ts';
import { makeInstances } from './instances.mjs';

let made: Awaited<ReturnType<typeof makeInstances>>;
beforeAll(async () => {
  made = await makeInstances({ server, client, engine, engineClient, adapter });
});
afterAll(() => made.close());

interface Emitter {
  on(event: string, listener: () => void): this;
  once(event: string, listener: () => void): this;
  off(event: string, listener?: () => void): this;
  removeListener(event: string, listener?: () => void): this;
  removeAllListeners(event?: string): this;
  listeners(event: string): unknown[];
}

const named = (prefix: string, names: string): string[] => names.split(' ').map((name) => `${prefix}:${name}`);

const onServer = named('socket.io', 'Server Namespace Socket').concat(
  named('engine.io', 'Server Socket Transport'),
  named('socket.io-adapter', 'Adapter SessionAwareAdapter ClusterAdapter ClusterAdapterWithHeartbeat'),
);
const onClient = named('socket.io-client', 'Manager Socket').concat(
  named('engine.io-client', 'Socket Transport Fetch NodeXHR XHR NodeWebSocket WebSocket'),
);

describe.each([...onServer, ...onClient])('%s', (key) => {
  it('adds and removes listeners, by all names', () => {
    const emitter = made.instances.get(key) as Emitter;
    const first = (): void => {};
    const second = (): void => {};
    expect(emitter.on('something', first).on('something', second).listeners('something')).toEqual([first, second]);
    expect(emitter.removeListener('something', first).listeners('something')).toEqual([second]);
    expect(emitter.off('something', second).listeners('something')).toEqual([]);
    emitter.once('something', first);
    expect(emitter.removeAllListeners('something').listeners('something')).toEqual([]);
  });
});

describe.each(onClient)('%s', (key) => {
  it('says whether anyone listens', () => {
    const emitter = made.instances.get(key) as Emitter & { hasListeners(event: string): boolean };
    expect(emitter.hasListeners('something')).toBe(false);
    expect(emitter.on('something', () => {}).hasListeners('something')).toBe(true);
    emitter.removeAllListeners('something');
  });
});

describe.each(onServer)('%s', (key) => {
  it('has the rest of Node’s emitter', () => {
    const emitter = made.instances.get(key) as NodeJS.EventEmitter;
    const names = ['first', 'second', 'third'] as const;
    const [first, second, third] = names.map(() => (): void => {}) as [() => void, () => void, () => void];
    emitter
      .addListener('something', second)
      .prependListener('something', first)
      .prependOnceListener('something', third);
    expect(emitter.listenerCount('something')).toBe(3);
    expect(emitter.listeners('something')).toEqual([third, first, second]);
    expect(emitter.rawListeners('something').slice(1)).toEqual([first, second]);
    expect(emitter.eventNames()).toContain('something');
    emitter.removeAllListeners('something');
    expect(emitter.setMaxListeners(77).getMaxListeners()).toBe(77);
  });
});
