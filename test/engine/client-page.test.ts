/** What a page in a browser tells of itself, without a browser. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { PageHint } from '../../client/engine/environment.ts';
import { watchPage } from '../../client/engine/environment-browser.ts';

describe('a page', () => {
  let page: EventTarget;
  let document: EventTarget & { hidden: boolean };

  beforeEach(() => {
    page = new EventTarget();
    document = Object.assign(new EventTarget(), { hidden: false });
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('document', document);
    return () => vi.unstubAllGlobals();
  });

  const happen = (target: EventTarget, type: string, more = {}): boolean =>
    target.dispatchEvent(Object.assign(new Event(type), more));

  it.each<[string, () => EventTarget, string, object, PageHint | undefined]>([
    ['goes', () => page, 'pagehide', { persisted: false }, 'leave'],
    ['is put aside', () => page, 'pagehide', { persisted: true }, 'hide'],
    ['is back', () => page, 'pageshow', { persisted: true }, 'wake'],
    ['wakes', () => document, 'resume', {}, 'wake'],
    ['has a network', () => page, 'online', {}, 'wake'],
    ['has none', () => page, 'offline', {}, 'wake'],
    ['is seen', () => document, 'visibilitychange', {}, 'wake'],
    ['may go, which is asked only of those who want to be closed then', () => page, 'beforeunload', {}, undefined],
  ])('%s', (_what, target, type, more, wanted) => {
    let hint: PageHint | undefined;
    const unwatch = watchPage((what) => (hint = what), {});
    happen(target(), type, more);
    expect(hint).toBe(wanted);
    hint = undefined;
    unwatch();
    happen(target(), type, more);
    expect(hint).toBeUndefined();
  });

  it('says nothing when it is hidden', () => {
    const hints: PageHint[] = [];
    watchPage((what) => hints.push(what), {});
    document.hidden = true;
    happen(document, 'visibilitychange');
    expect(hints).toEqual([]);
  });

  it('says that it goes once more where the first listener came to nothing, and only then', () => {
    const hints: PageHint[] = [];
    const unwatch = watchPage((what) => {
      hints.push(what);
      if (hints.length === 3) unwatch();
    }, {});
    happen(page, 'pagehide', { persisted: false });
    expect(hints).toEqual(['leave', 'leave']);
    happen(page, 'pagehide', { persisted: false });
    expect(hints).toEqual(['leave', 'leave', 'leave']);
  });

  it('may ask that going be enough', () => {
    const hints: PageHint[] = [];
    watchPage((what) => hints.push(what), { closeOnBeforeunload: true });
    happen(page, 'beforeunload');
    expect(hints).toEqual(['leave']);
  });
});
