/** The dialog in which one chooses a name and a colour. */
import { limits } from '../limits.ts';
import { element, find } from './element.ts';
import { HUES, keepIdentity, type Identity } from './identity.ts';

/** @param changed - is called when a new name or colour was kept */
export function setUpMeDialog(identity: Identity, changed: () => void): void {
  const button = find('me', HTMLButtonElement);
  const dialog = find('me-dialog', HTMLDialogElement);
  const input = find('me-input', HTMLInputElement);
  const advice = find('me-advice', HTMLElement);
  const hues = find('hues', HTMLElement);

  const show = (): void => {
    find('me-name', HTMLElement).textContent = identity.name;
    button.style.setProperty('--hue', String(identity.hue));
  };
  show();

  button.addEventListener('click', () => {
    input.value = identity.name;
    advice.textContent = '';
    hues.replaceChildren(...HUES.map((hue, index) => drawHue(hue, index, hue === identity.hue)));
    dialog.showModal();
    input.select();
  });
  find('me-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close());
  find('me-form', HTMLFormElement).addEventListener('submit', (event) => {
    const name = input.value.replace(/\s+/gu, ' ').trim();
    if (name === '' || name.length > limits.nameLength) {
      event.preventDefault();
      advice.textContent = `A name has 1 to ${limits.nameLength} characters.`;
      return input.focus();
    }
    identity.name = name;
    identity.hue = Number(hues.querySelector<HTMLInputElement>('input:checked')?.value ?? identity.hue);
    keepIdentity(identity);
    show();
    changed();
  });
}

const HUE_NAMES = ['Coral', 'Amber', 'Olive', 'Green', 'Teal', 'Blue', 'Violet', 'Rose'] as const satisfies {
  length: (typeof HUES)['length'];
};

function drawHue(hue: number, index: number, isChosen: boolean): HTMLElement {
  const input = element('input', {
    attributes: { type: 'radio', name: 'hue', value: String(hue), 'aria-label': HUE_NAMES[index] },
  });
  input.checked = isChosen;
  const label = element('label', {}, input, element('span', { class: 'dot' }));
  label.style.setProperty('--hue', String(hue));
  return label;
}
