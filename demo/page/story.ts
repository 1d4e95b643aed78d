/** What happened to the session, in sentences, newest first. */
import { element, find } from './element.ts';

const MOST_TOLD = 60;

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export class Story {
  private readonly list = find('story', HTMLOListElement);

  tell(what: string, transport: string): void {
    const now = new Date();
    const item = element(
      'li',
      { attributes: { 'data-transport': transport } },
      element('time', { text: clock.format(now), attributes: { datetime: now.toISOString() } }),
      element('span', { text: what }),
    );
    this.list.prepend(item);
    while (this.list.childElementCount > MOST_TOLD) this.list.lastElementChild?.remove();
  }
}
