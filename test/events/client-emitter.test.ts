import { describe, expect, it, vi } from 'vitest';
import { Emitter } from '../../shared/emitter.ts';
import type { DefaultEventsMap } from '../../shared/emitter.ts';
import { uncaughtBy } from './client-uncaught.ts';

const emitter = (): Emitter<DefaultEventsMap, DefaultEventsMap> => new Emitter();

describe('an emitter', () => {
  it('calls listeners in the order in which they were added, with `this` and all arguments', () => {
    const calls: unknown[] = [];
    const one = emitter();
    one.on('news', function (this: unknown, ...args) {
      calls.push(['first', this === one, ...args]);
    });
    one.on('news', (...args) => calls.push(['second', ...args]));
    expect(one.emit('news', 1, 'two')).toBe(one);
    expect(calls).toEqual([
      ['first', true, 1, 'two'],
      ['second', 1, 'two'],
    ]);
  });

  it('calls a listener as often as it was added', () => {
    const listener = vi.fn<(...args: unknown[]) => void>();
    emitter().on('news', listener).on('news', listener).emit('news');
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('calls a listener added by `once` once, even when that emits the same again', () => {
    const one = emitter();
    const listener = vi.fn<(...args: unknown[]) => void>();
    one.on('news', (again) => void (again && one.emit('news', false)));
    one.once('news', listener);
    one.emit('news', true).emit('news', false);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalledWith(false);
  });

  it.each(['off', 'removeListener', 'removeEventListener', 'removeAllListeners'] as const)(
    '%s removes one addition of a listener, those of an event, or all',
    (off) => {
      const one = emitter();
      const listener = vi.fn<() => void>();
      one.on('a', listener).on('a', listener).once('a', listener).on('b', listener).on('c', listener);
      one[off]('a', listener);
      expect(one.listeners('a')).toEqual([listener, listener]);
      one[off]('a');
      expect(one.listeners('a')).toEqual([]);
      expect(one.hasListeners('b')).toBe(true);
      one[off]();
      expect([one.hasListeners('b'), one.hasListeners('c')]).toEqual([false, false]);
    },
  );

  it('removes nothing for a listener that is not there or that was lost', () => {
    const one = emitter().on('a', () => {});
    one.off('a', () => {}).off('b', () => {});
    // As in a program that forgot to keep its listener.
    one.off('a', undefined as unknown as () => void);
    expect(one.listeners('a')).toHaveLength(1);
  });

  it('still calls a listener in the emission during which it is removed, and not one that is added', () => {
    const one = emitter();
    const removed = vi.fn<(...args: unknown[]) => void>();
    const added = vi.fn<(...args: unknown[]) => void>();
    one.on('news', () => one.off('news', removed).on('news', added));
    one.on('news', removed);
    one.emit('news');
    expect([removed.mock.calls.length, added.mock.calls.length]).toEqual([1, 0]);
    one.emit('news');
    expect([removed.mock.calls.length, added.mock.calls.length]).toEqual([1, 1]);
  });

  it('gives away a list of listeners that is the caller’s own', () => {
    const one = emitter().on('news', () => {});
    one.listeners('news').pop();
    expect(one.listeners('news')).toHaveLength(1);
  });

  it('offers `on` as addEventListener too', () => {
    const listener = vi.fn<(...args: unknown[]) => void>();
    emitter().addEventListener('news', listener).emit('news', 1);
    expect(listener).toHaveBeenCalledWith(1);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', ''])(
    'takes %j for a name like any other',
    (name) => {
      const one = emitter();
      expect(one.hasListeners(name)).toBe(false);
      expect(one.listeners(name)).toEqual([]);
      one.emit(name);
      const listener = vi.fn<(...args: unknown[]) => void>();
      one.on(name, listener).emit(name, 'x');
      expect(listener).toHaveBeenCalledWith('x');
      expect(one.off(name).hasListeners(name)).toBe(false);
    },
  );

  it('takes a symbol for a name', () => {
    const name = Symbol('news');
    const listener = vi.fn<(...args: unknown[]) => void>();
    const one = new Emitter<{ [name]: (value: number) => void }, { [name]: (value: number) => void }>();
    one.on(name, listener).emit(name, 1);
    expect(listener).toHaveBeenCalledWith(1);
  });
});

describe('a signal', () => {
  it('removes the addition that it came with, and no other', () => {
    const one = emitter();
    const listener = vi.fn<(...args: unknown[]) => void>();
    const controller = new AbortController();
    one.on('news', listener, { signal: controller.signal }).on('news', listener);
    controller.abort();
    one.emit('news');
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('keeps a listener from being added when it is aborted already', () => {
    const one = emitter();
    one.on('news', () => {}, { signal: AbortSignal.abort() }).once('news', () => {}, { signal: AbortSignal.abort() });
    expect(one.hasListeners('news')).toBe(false);
  });

  it('silences a listener in the emission during which it is aborted', () => {
    const one = emitter();
    const controller = new AbortController();
    const listener = vi.fn<(...args: unknown[]) => void>();
    one.on('news', () => controller.abort());
    one.once('news', listener, { signal: controller.signal });
    one.emit('news');
    expect(listener).not.toHaveBeenCalled();
  });

  it('does no harm when the listener is gone already', () => {
    const one = emitter();
    const controller = new AbortController();
    const listener = vi.fn<(...args: unknown[]) => void>();
    one.once('news', listener, { signal: controller.signal }).emit('news').on('news', listener);
    controller.abort();
    expect(one.listeners('news')).toEqual([listener]);
  });
});

it('reports what a listener throws as uncaught, after the others were called', async () => {
  const error = new Error('of the listener');
  const after = vi.fn<(...args: unknown[]) => void>();
  const one = emitter()
    .on('news', () => {
      throw error;
    })
    .on('news', after);
  expect(await uncaughtBy(() => one.emit('news'))).toBe(error);
  expect(after).toHaveBeenCalledTimes(1);
});
