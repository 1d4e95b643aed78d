/** What happened to the session, newest first: what the library tells of each way it tried, and what else was seen. */
import { element, find } from './element.ts';
import type { Rung } from './engine-watch.ts';

const MOST_TOLD = 60;

/** After these the way carries the session; after all others it doesn't. */
const CARRIES: ReadonlySet<Rung['why']> = new Set(['opened', 'climbed', 'resumed']);

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export class Story {
  private readonly list = find('story', HTMLOListElement);
  private readonly known = new WeakSet<Rung>();

  /** Tells those of the ways that were not told yet. */
  tellRungs(rungs: readonly Rung[]): void {
    for (const rung of rungs) {
      if (this.known.has(rung)) continue;
      this.known.add(rung);
      const { transport, why, detail, meaning } = rung;
      const known = typeof detail === 'string' || typeof detail === 'number' ? `, ${detail}` : '';
      const line = element(
        'span',
        {},
        element('b', { text: `${transport} ${why}` }),
        `${known}. `,
        element('i', { text: meaning }),
      );
      this.insert(rung.at, line, CARRIES.has(why) ? transport : 'none');
    }
  }

  tell(what: string, transport: string): void {
    this.insert(Date.now(), element('span', { text: what }), transport);
  }

  /** A failure may be heard of later than what it led to, so the place is found by the time. */
  private insert(at: number, line: HTMLElement, transport: string): void {
    const attributes = { datetime: new Date(at).toISOString() };
    const item = element(
      'li',
      { attributes: { 'data-transport': transport } },
      element('time', { text: clock.format(at), attributes }),
      line,
    );
    const older = [...this.list.children].find(
      (each) => (each.firstElementChild as HTMLTimeElement).dateTime <= attributes.datetime,
    );
    this.list.insertBefore(item, older ?? null);
    while (this.list.childElementCount > MOST_TOLD) this.list.lastElementChild?.remove();
  }
}
