/** On narrow screens one panel at a time is shown; the buttons of the bar choose which. Wide screens show all of them. */

type View = 'rooms' | 'chat' | 'inspector';

export function setUpViews(): (view: View) => void {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>('[data-shows]')];
  const show = (view: View): void => {
    document.documentElement.dataset['view'] = view;
    for (const button of buttons) {
      button.setAttribute('aria-current', String(button.dataset['shows'] === view));
    }
    // Where the focus was may be hidden now, and a keyboard would be lost.
    if (document.activeElement?.checkVisibility() === false) document.getElementById(view)?.focus();
  };
  for (const button of buttons) {
    // The markup names no other views than these.
    button.addEventListener('click', () => show(button.dataset['shows'] as View));
  }

  // Not by following the link: the address's hash names a room.
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a.skip')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      const target = document.getElementById(link.hash.slice(1));
      show(target?.id === 'inspector' ? 'inspector' : 'chat');
      target?.focus();
    });
  }
  addEventListener('keydown', (event) => {
    const isElsewhere = document.documentElement.dataset['view'] !== 'chat';
    if (event.key !== 'Escape' || !isElsewhere || document.querySelector('dialog[open]') !== null) return;
    show('chat');
    document.getElementById('draft')?.focus();
  });
  show('chat');
  return show;
}
