/** Where one writes: text that grows with its lines, pictures by paste, drop or button, and word that one is typing. */
import { limits } from '../limits.ts';
import { element, find } from './element.ts';
import { picturesIn, takePicture, type Picture } from './image-intake.ts';
import { tabMemory } from './memory.ts';

export interface ComposerOwner {
  send(text: string, picture: Picture | undefined): void;
  typing(): void;
}

/** Pictures that can be made ready at once. */
const MOST_ATTACHED = 4;

export class Composer {
  private readonly form = find('composer', HTMLFormElement);
  private readonly draft = find('draft', HTMLTextAreaElement);
  private readonly advice = find('composer-advice', HTMLElement);
  private readonly list = find('attached', HTMLUListElement);
  private readonly owner: ComposerOwner;
  private readonly attached = new Set<Picture>();
  private room = '';

  constructor(owner: ComposerOwner) {
    this.owner = owner;
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.draft.addEventListener('keydown', (event) => {
      // An Enter that chooses a word in an input method is not meant for us.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.draft.addEventListener('input', () => this.changed());
    const input = find('attach', HTMLInputElement);
    input.addEventListener('change', () => {
      void this.attach([...(input.files ?? [])]);
      input.value = '';
      this.draft.focus();
    });
    this.draft.addEventListener('paste', (event) => {
      const pictures = picturesIn(event.clipboardData);
      if (pictures.length === 0) return;
      event.preventDefault();
      void this.attach(pictures);
    });
    this.takeDrops(find('chat', HTMLElement));
  }

  /** Each room keeps its own unfinished text, over a reload too. */
  show(room: string): void {
    if (room === this.room) return;
    this.room = room;
    const kept = tabMemory.read(`draft:${room}`);
    this.draft.value = typeof kept === 'string' ? kept : '';
    this.draft.placeholder = `Say something in ${room} …`;
    this.advise('');
    this.grow();
  }

  advise(text: string): void {
    this.advice.textContent = text;
  }

  private changed(): void {
    tabMemory.write(`draft:${this.room}`, this.draft.value);
    const over = this.draft.value.length - limits.textLength;
    this.advise(over > 0 ? `${over} characters too many: a message has at most ${limits.textLength}.` : '');
    this.grow();
    if (this.draft.value !== '') this.owner.typing();
  }

  private submit(): void {
    const text = this.draft.value.trim();
    if (text.length > limits.textLength) return this.changed();
    const pictures = [...this.attached];
    if (text === '' && pictures.length === 0) return;
    // The words go with the first picture.
    this.owner.send(text, pictures[0]);
    for (const picture of pictures.slice(1)) this.owner.send('', picture);
    this.attached.clear();
    this.list.replaceChildren();
    this.draft.value = '';
    this.changed();
    this.draft.focus();
  }

  private async attach(files: readonly File[]): Promise<void> {
    this.advise('');
    for (const file of files) {
      if (this.attached.size >= MOST_ATTACHED) return this.advise(`At most ${MOST_ATTACHED} pictures at once.`);
      try {
        const picture = await takePicture(file);
        this.attached.add(picture);
        this.list.append(this.drawAttached(picture));
      } catch (error) {
        this.advise((error as Error).message); // takePicture throws nothing else
      }
    }
  }

  private drawAttached(picture: Picture): HTMLElement {
    const url = URL.createObjectURL(picture.blob);
    const image = element('img', { attributes: { src: url, alt: 'Picture to send' } });
    const remove = element('button', {
      text: '×',
      attributes: { type: 'button', 'aria-label': 'Remove this picture' },
    });
    const item = element('li', {}, image, remove);
    image.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
    remove.addEventListener('click', () => {
      this.attached.delete(picture);
      item.remove();
      this.draft.focus();
    });
    return item;
  }

  private takeDrops(target: HTMLElement): void {
    // A file dropped beside the target would replace the page.
    for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
    target.addEventListener('dragenter', () => target.classList.add('dropping'));
    target.addEventListener('dragleave', (event) => {
      if (!target.contains(event.relatedTarget as Node | null)) target.classList.remove('dropping');
    });
    target.addEventListener('drop', (event) => {
      target.classList.remove('dropping');
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) void this.attach(files);
    });
  }

  private grow(): void {
    this.draft.style.height = 'auto';
    this.draft.style.height = `${this.draft.scrollHeight}px`;
  }
}
