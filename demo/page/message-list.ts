/**
 * The messages of the room that is shown, strung along a line: a full dot is told, a hollow one on its way.
 * Follows what is new while one looks at the end, and leaves one alone while one reads further up.
 */
import { limits } from '../limits.ts';
import { element, find } from './element.ts';
import { linked } from './linked.ts';
import type { Pictures } from './pictures.ts';
import type { Unsent } from './outbox.ts';
import type { ImageFacts, Message, Person } from '../events.ts';

export interface MessageListOwner {
  isMe(person: Person): boolean;
  me(): Person;
  retry(unsent: Unsent): void;
  discard(unsent: Unsent): void;
  enlarge(url: string, from: Person): void;
}

/** Pixels from the end within which one counts as looking at the end. */
const NEAR_END = 80;

/** Messages of one person within so many ms stand together under one name. */
const TOGETHER_MS = 4 * 60_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

export class MessageList {
  private readonly log = find('log', HTMLElement);
  private readonly told = find('told', HTMLOListElement);
  private readonly unsent = find('unsent', HTMLOListElement);
  private readonly toLatest = find('to-latest', HTMLButtonElement);
  private readonly owner: MessageListOwner;
  private readonly pictures: Pictures;
  private last: Message | undefined;
  private missed = 0;

  constructor(owner: MessageListOwner, pictures: Pictures) {
    this.owner = owner;
    this.pictures = pictures;
    this.toLatest.addEventListener('click', () => this.toEnd());
    this.log.addEventListener('scroll', () => this.isAtEnd() && this.nothingMissed(), { passive: true });
  }

  /** Shows another room, or this one afresh. */
  show(messages: readonly Message[], unsent: readonly Unsent[]): void {
    // A reader of the screen should not read a whole room aloud.
    this.log.setAttribute('aria-busy', 'true');
    this.last = undefined;
    this.told.replaceChildren();
    for (const message of messages) this.append(message);
    if (messages.length === 0) {
      this.told.append(element('li', { class: 'nothing', text: 'Nothing was said here yet.' }));
    }
    this.showUnsent(unsent);
    this.toEnd();
    requestAnimationFrame(() => this.log.removeAttribute('aria-busy'));
  }

  add(message: Message): void {
    const wasAtEnd = this.isAtEnd();
    this.append(message);
    if (wasAtEnd || this.owner.isMe(message.from)) return this.toEnd();
    this.missed += 1;
    this.toLatest.textContent = this.missed === 1 ? '1 new message ↓' : `${this.missed} new messages ↓`;
    this.toLatest.hidden = false;
  }

  showUnsent(unsent: readonly Unsent[]): void {
    const wasAtEnd = this.isAtEnd();
    this.unsent.replaceChildren(...unsent.map((each) => this.drawUnsent(each)));
    if (wasAtEnd) this.toEnd();
  }

  private append(message: Message): void {
    if (this.last === undefined) this.told.replaceChildren();
    const { last } = this;
    const isTogether =
      last?.from.id === message.from.id && last.from.name === message.from.name && message.at - last.at < TOGETHER_MS;
    this.last = message;
    const item = draw(message.from, message.text, isTogether ? undefined : this.heading(message));
    if (message.image !== undefined) item.append(this.drawPicture(message, message.image));
    this.told.append(item);
    // The room forgets the oldest too.
    if (this.told.childElementCount > limits.history) this.told.firstElementChild?.remove();
  }

  private heading(message: Message): HTMLElement {
    const at = new Date(message.at);
    const isToday = at.toDateString() === new Date().toDateString();
    return element(
      'p',
      { class: 'heading' },
      element('strong', { text: message.from.name }),
      ...(this.owner.isMe(message.from) ? [' ', element('span', { class: 'faint', text: 'you' })] : []),
      ' ',
      element('time', {
        text: (isToday ? clock : calendar).format(at),
        attributes: { datetime: at.toISOString() },
      }),
    );
  }

  private drawUnsent(unsent: Unsent): HTMLElement {
    const item = draw(this.owner.me(), unsent.draft.text);
    item.classList.add(unsent.state);
    if (unsent.image !== null) {
      const url = this.pictures.hold(unsent.draft.room, unsent.draft.id, unsent.image);
      item.append(
        element('img', {
          class: 'picture',
          attributes: { src: url, alt: 'Your picture', ...sizes(unsent.draft.image) },
        }),
      );
    }
    if (unsent.state !== 'refused') {
      item.append(
        element('p', { class: 'faint', text: unsent.state === 'sending' ? 'Sending …' : 'Waiting to be sent' }),
      );
      return item;
    }
    const retry = element('button', { class: 'quiet', text: 'Try again', attributes: { type: 'button' } });
    const discard = element('button', { class: 'quiet', text: 'Discard', attributes: { type: 'button' } });
    retry.addEventListener('click', () => this.owner.retry(unsent));
    discard.addEventListener('click', () => this.owner.discard(unsent));
    item.append(element('p', { class: 'advice', text: unsent.why ?? '' }), element('p', {}, retry, ' ', discard));
    return item;
  }

  private drawPicture(message: Message, facts: ImageFacts): HTMLElement {
    const image = element('img', { attributes: { alt: `Picture from ${message.from.name}`, ...sizes(facts) } });
    const frame = element(
      'button',
      {
        class: 'picture',
        attributes: { type: 'button', 'aria-label': `Enlarge the picture from ${message.from.name}` },
      },
      image,
    );
    this.pictures.fetch(message.room, message.id).then(
      (url) => {
        image.src = url;
        frame.addEventListener('click', () => this.owner.enlarge(url, message.from));
      },
      (error: Error) => frame.replaceWith(element('p', { class: 'faint', text: error.message })),
    );
    return frame;
  }

  private isAtEnd(): boolean {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END;
  }

  private toEnd(): void {
    this.log.scrollTop = this.log.scrollHeight;
    this.nothingMissed();
  }

  private nothingMissed(): void {
    this.missed = 0;
    this.toLatest.hidden = true;
  }
}

function draw(from: Person, text: string, heading?: HTMLElement): HTMLElement {
  const item = element('li', { class: heading === undefined ? 'message' : 'message first' });
  item.style.setProperty('--hue', String(from.hue));
  if (heading !== undefined) item.append(heading);
  if (text !== '') item.append(element('p', { class: 'text' }, ...linked(text)));
  return item;
}

/** Width and height in the markup let the browser keep the place before the bytes are there. */
function sizes(facts: ImageFacts | undefined): Record<string, string> {
  return facts === undefined ? {} : { width: String(facts.width), height: String(facts.height) };
}
