/** The rooms there are, with what one has missed in them, and who is in the room that is shown. */
import { ROOM_NAME_ADVICE, roomName } from '../room-name.ts';
import { element, find } from './element.ts';
import type { People, Person, RoomSummary } from '../events.ts';

export interface RoomLine extends RoomSummary {
  readonly isShown: boolean;
  readonly isJoined: boolean;
  readonly unread: number;
}

export class Sidebar {
  private readonly rooms = find('room-list', HTMLUListElement);
  private readonly people = find('people', HTMLUListElement);
  private readonly elsewhere = find('unread-elsewhere', HTMLElement);

  /** @param open - is given the name of a room that one wants to go to */
  constructor(open: (room: string) => void) {
    this.takeNewRooms(open);
    this.rooms.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      const links = [...this.rooms.querySelectorAll('a')];
      const at = links.findIndex((link) => link === document.activeElement);
      links[(at + step + links.length) % links.length]?.focus();
      event.preventDefault();
    });
  }

  showRooms(lines: readonly RoomLine[]): void {
    const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.hash : undefined;
    this.rooms.replaceChildren(...lines.map(drawRoom));
    // Drawn anew under the reader's finger: the focus stays where it was.
    if (focused !== undefined) this.rooms.querySelector<HTMLAnchorElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();

    const unread = lines.reduce((sum, line) => sum + line.unread, 0);
    this.elsewhere.hidden = unread === 0;
    this.elsewhere.textContent = String(unread);
  }

  showPeople(people: People | undefined, isMe: (person: Person) => boolean): void {
    const listed = people?.listed ?? [];
    const items = listed.map((person) => drawPerson(person, isMe(person)));
    const more = (people?.count ?? 0) - listed.length;
    if (more > 0) items.push(element('li', { class: 'faint', text: `and ${more} more` }));
    this.people.replaceChildren(...items);
  }

  private takeNewRooms(open: (room: string) => void): void {
    const input = find('new-room-name', HTMLInputElement);
    const advice = find('new-room-advice', HTMLElement);
    input.addEventListener('input', () => (advice.textContent = ''));
    find('new-room', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const room = roomName(input.value);
      if (room === undefined) {
        advice.textContent = ROOM_NAME_ADVICE;
        return input.focus();
      }
      input.value = '';
      open(room);
    });
  }
}

function drawRoom(line: RoomLine): HTMLElement {
  const people = line.people === 1 ? '1 person' : `${line.people} people`;
  const link = element(
    'a',
    { attributes: { href: `#${encodeURIComponent(line.name)}`, 'aria-current': line.isShown ? 'page' : undefined } },
    element('span', { class: 'name', text: line.name }),
    ...(line.unread > 0
      ? [
          element('span', { class: 'badge', text: String(line.unread) }),
          element('span', { class: 'visually-hidden', text: 'unread,' }),
        ]
      : []),
    element('span', { class: 'count', text: String(line.people), attributes: { 'aria-hidden': 'true' } }),
    element('span', { class: 'visually-hidden', text: people }),
  );
  return element('li', { class: line.isJoined ? 'joined' : '' }, link);
}

function drawPerson(person: Person, isMe: boolean): HTMLElement {
  const item = element(
    'li',
    { class: 'person' },
    element('span', { class: 'dot' }),
    element('span', { class: 'name', text: person.name }),
  );
  item.style.setProperty('--hue', String(person.hue));
  if (isMe) item.append(element('span', { class: 'faint', text: 'you' }));
  return item;
}
