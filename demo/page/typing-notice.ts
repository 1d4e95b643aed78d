/** Who is typing, told in words, and word to the others that oneself is. */
import { find } from './element.ts';
import type { Person } from '../events.ts';

/** Told to the others at most this often while one types. */
const TELL_EVERY_MS = 2_500;

/** Someone of whom no further word came in this time has stopped. */
const STOPPED_AFTER_MS = 4_000;

export class TypingNotice {
  private readonly line = find('typing', HTMLElement);
  private readonly tell: () => void;
  private readonly typing = new Map<string, { readonly name: string; readonly timer: number }>();
  private toldAt = -Infinity;

  constructor(tell: () => void) {
    this.tell = tell;
  }

  iType(): void {
    if (performance.now() - this.toldAt < TELL_EVERY_MS) return;
    this.toldAt = performance.now();
    this.tell();
  }

  /** The next keystroke begins another message. */
  iSent(): void {
    this.toldAt = -Infinity;
  }

  theyType(person: Person): void {
    window.clearTimeout(this.typing.get(person.id)?.timer);
    const timer = window.setTimeout(() => this.stopped(person), STOPPED_AFTER_MS);
    this.typing.set(person.id, { name: person.name, timer });
    this.show();
  }

  stopped(person: Person): void {
    window.clearTimeout(this.typing.get(person.id)?.timer);
    if (this.typing.delete(person.id)) this.show();
  }

  clear(): void {
    for (const { timer } of this.typing.values()) window.clearTimeout(timer);
    this.typing.clear();
    this.show();
  }

  private show(): void {
    const names = [...this.typing.values()].map(({ name }) => name);
    if (names.length === 0) this.line.textContent = '';
    else if (names.length > 2) this.line.textContent = 'Several people are typing …';
    else this.line.textContent = `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing …`;
  }
}
