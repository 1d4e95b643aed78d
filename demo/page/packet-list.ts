/** The packets as they pass, newest first. Bounded, drawn once a frame, and still while it is paused. */
import { element, find } from './element.ts';
import { bytesText, packetText } from './packet-text.ts';
import type { PacketSeen } from './engine-watch.ts';

const MOST_LISTED = 200;

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 1,
});

export class PacketList {
  private readonly list = find('packets', HTMLOListElement);
  private readonly pause = find('pause', HTMLButtonElement);
  private fresh: HTMLElement[] = [];
  private drawing = 0;
  private isPaused = false;

  constructor() {
    this.pause.addEventListener('click', () => {
      this.isPaused = !this.isPaused;
      this.pause.setAttribute('aria-pressed', String(this.isPaused));
      this.pause.textContent = this.isPaused ? 'Go on' : 'Pause';
    });
    find('clear', HTMLButtonElement).addEventListener('click', () => {
      this.fresh = [];
      this.list.replaceChildren();
    });
    const quiet = find('quiet', HTMLInputElement);
    const hide = (): void => void this.list.classList.toggle('hides-round-trips', quiet.checked);
    quiet.addEventListener('change', hide);
    hide();
  }

  /** @param isRoundTrip - the inspector's own question or its answer, which one may want to hide */
  add(packet: PacketSeen, transport: string, isRoundTrip: boolean): void {
    if (this.isPaused) return;
    this.fresh.push(drawPacket(packet, transport, isRoundTrip));
    if (this.fresh.length > MOST_LISTED) this.fresh.shift();
    this.drawing ||= requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.drawing = 0;
    this.list.prepend(...this.fresh.toReversed());
    this.fresh = [];
    while (this.list.childElementCount > MOST_LISTED) this.list.lastElementChild?.remove();
  }
}

function drawPacket({ direction, type, data }: PacketSeen, transport: string, isRoundTrip: boolean): HTMLElement {
  const { kind, isEngine, size, preview } = packetText(type, data);
  const now = new Date();
  return element(
    'li',
    {
      class: `${direction}${isEngine ? ' engine' : ''}${isRoundTrip ? ' round-trip' : ''}`,
      attributes: {
        'data-transport': transport,
        title: `${direction === 'in' ? 'Received' : 'Sent'} at ${clock.format(now)} by ${transport}`,
      },
    },
    element('span', {
      class: 'arrow',
      text: direction === 'in' ? '↓' : '↑',
      attributes: { 'aria-label': direction === 'in' ? 'received' : 'sent' },
    }),
    element('span', { class: 'kind', text: kind }),
    element('span', { class: 'size', text: bytesText(size) }),
    element('span', { class: 'preview', text: preview }),
  );
}
