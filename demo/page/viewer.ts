import { find } from './element.ts';
import type { Person } from '../events.ts';

/** Shows one picture large. Escape, a click or Enter closes it, and the focus goes back to where it was. */
export function setUpViewer(): (url: string, from: Person) => void {
  const dialog = find('viewer', HTMLDialogElement);
  const image = find('viewer-image', HTMLImageElement);
  find('viewer-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', () => dialog.close());
  return (url, from) => {
    image.src = url;
    image.alt = `Picture from ${from.name}`;
    dialog.showModal();
  };
}
