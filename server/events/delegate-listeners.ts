/** Makes one emitter's listeners another's: both are then the same to whoever adds, removes or counts them. */
import type { EventEmitter } from 'node:events';

/** All of EventEmitter's methods that are about listeners, `emit` not among them. */
const METHODS = [
  'on',
  'addListener',
  'prependListener',
  'once',
  'prependOnceListener',
  'off',
  'removeListener',
  'removeAllListeners',
  'listeners',
  'rawListeners',
  'listenerCount',
  'eventNames',
  'setMaxListeners',
  'getMaxListeners',
] as const satisfies readonly (keyof EventEmitter)[];

/** @param target - says for each object made with `prototype` whose listeners it has */
export function delegateListeners<Source extends EventEmitter>(
  prototype: Source,
  target: (source: Source) => EventEmitter,
): void {
  for (const name of METHODS) {
    Object.defineProperty(prototype, name, {
      value(this: Source, ...args: unknown[]): unknown {
        const other = target(this);
        const result: unknown = Reflect.apply(other[name], other, args);
        // Methods that can be chained go on with whom they were called on.
        return result === other ? this : result;
      },
      configurable: true,
      writable: true,
    });
  }
}
