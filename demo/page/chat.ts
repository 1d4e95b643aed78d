/**
 * The chat's page: which rooms one is in, which one is shown, and what came in them. It keeps what the server says in
 * step with what is seen; how things look is left to the modules that it is made of.
 */
import { ANSWER_WITHIN_MS, type ChatSocket } from './connection.ts';
import { Composer } from './composer.ts';
import { find } from './element.ts';
import { setUpMeDialog } from './me-dialog.ts';
import { MessageList } from './message-list.ts';
import { Outbox } from './outbox.ts';
import { Pictures } from './pictures.ts';
import { keepRooms, keepUnsent, recallRooms, recallUnsent, roomInAddress } from './recall.ts';
import { RoomLog } from './room-log.ts';
import { Sidebar } from './sidebar.ts';
import { TypingNotice } from './typing-notice.ts';
import { setUpViewer } from './viewer.ts';
import type { Message, Person, RoomSummary } from '../events.ts';
import type { Identity } from './identity.ts';
import type { Picture } from './image-intake.ts';

/** Where one is who did not say where to go. */
const HOME = 'lobby';

export class Chat {
  private readonly socket: ChatSocket;
  private readonly identity: Identity;
  private readonly showChat: () => void;
  private readonly joined = new Map<string, RoomLog>();
  private readonly pictures: Pictures;
  private readonly outbox: Outbox;
  private readonly list: MessageList;
  private readonly composer: Composer;
  private readonly sidebar: Sidebar;
  private readonly typing: TypingNotice;
  private summaries: readonly RoomSummary[] = [];
  private shown: RoomLog;
  /** Known when the server has said so. */
  private me: Person;

  /** @param showChat - brings the chat to the front, where only one panel is */
  constructor(socket: ChatSocket, identity: Identity, showChat: () => void) {
    this.socket = socket;
    this.identity = identity;
    this.showChat = showChat;
    this.me = { id: '', name: identity.name, hue: identity.hue };
    this.pictures = new Pictures(socket);
    this.outbox = new Outbox({
      isOpen: () => socket.connected,
      send: ({ draft, image }) => socket.timeout(ANSWER_WITHIN_MS).emitWithAck('say', draft, image),
      taken: (message) => this.receive(message),
      changed: () => this.unsentChanged(),
    });
    const enlarge = setUpViewer();
    this.list = new MessageList(
      {
        isMe: (person) => person.id === this.me.id,
        me: () => this.me,
        retry: (unsent) => this.outbox.retry(unsent),
        discard: (unsent) => this.outbox.discard(unsent),
        enlarge,
      },
      this.pictures,
    );
    this.typing = new TypingNotice(() => socket.volatile.emit('typing', this.shown.name));
    this.composer = new Composer({
      send: (text, picture) => void this.send(text, picture),
      typing: () => this.typing.iType(),
    });
    this.sidebar = new Sidebar((room) => (location.hash = encodeURIComponent(room)));
    setUpMeDialog(identity, () => this.rename());
    find('leave', HTMLButtonElement).addEventListener('click', () => this.leave());

    const unsent = recallUnsent();
    for (const room of recallRooms()) this.joined.set(room, new RoomLog(room));
    this.shown = this.join(roomInAddress() ?? HOME);
    this.show(this.shown);
    addEventListener('hashchange', () => this.go(roomInAddress() ?? HOME));
    document.addEventListener('visibilitychange', () => this.read());
    this.listen();
    for (const draft of unsent) this.outbox.add(draft, null);
  }

  private listen(): void {
    const { socket } = this;
    socket.on('connect', () => {
      for (const room of this.joined.values()) this.enter(room);
      void this.outbox.run();
    });
    socket.on('welcome', (me) => (this.me = me));
    socket.on('rooms', (rooms) => {
      this.summaries = rooms;
      this.showRooms();
    });
    socket.on('people', (people) => {
      const room = this.joined.get(people.room);
      if (room === undefined) return;
      room.people = people;
      if (room === this.shown) this.showPeople();
    });
    socket.on('message', (message, image) => {
      if (image !== null) this.pictures.hold(message.room, message.id, image);
      this.receive(message);
    });
    socket.on('typing', (room, person) => {
      if (room === this.shown.name) this.typing.theyType(person);
    });
  }

  /** A message that was told: by another, or by oneself and taken by the server. */
  private receive(message: Message): void {
    const room = this.joined.get(message.room);
    if (room === undefined) return;
    const fate = room.take(message);
    if (fate === 'gap') this.enter(room); // the server knows what is missing
    if (fate === 'next') this.showMessages(room, [message]);
  }

  /** By callback and not by promise: messages that come right behind the answer must find it taken. */
  private enter(room: RoomLog): void {
    this.socket.timeout(ANSWER_WITHIN_MS).emit('enter', room.name, room.seen, (error, answer) => {
      if (error !== null) return; // the line was lost; at the next `connect` it is entered again
      if (!answer.ok) {
        this.forget(room);
        return this.composer.advise(`${room.name}: ${answer.why}`);
      }
      const news = room.entered(answer);
      if (!answer.afresh) this.showMessages(room, news);
      else if (room === this.shown) this.list.show(room.messages, this.unsentHere());
    });
  }

  private showMessages(room: RoomLog, messages: readonly Message[]): void {
    for (const message of messages) {
      if (!this.isRead(room) && message.from.id !== this.me.id) room.unread += 1;
      if (room !== this.shown) continue;
      this.typing.stopped(message.from);
      this.list.add(message);
    }
    this.showRooms();
  }

  private go(name: string): void {
    const room = this.join(name);
    this.showChat();
    if (room !== this.shown) this.show(room);
  }

  private join(name: string): RoomLog {
    const known = this.joined.get(name);
    if (known !== undefined) return known;
    const room = new RoomLog(name);
    this.joined.set(name, room);
    keepRooms(this.joined.keys());
    if (this.socket.connected) this.enter(room);
    return room;
  }

  private show(room: RoomLog): void {
    this.shown = room;
    find('room-title', HTMLElement).textContent = room.name;
    find('leave', HTMLButtonElement).hidden = room.name === HOME;
    this.list.show(room.messages, this.unsentHere());
    this.composer.show(room.name);
    this.typing.clear();
    this.read();
    this.showPeople();
  }

  private leave(): void {
    const { shown } = this;
    this.socket.emit('leave', shown.name);
    this.forget(shown);
  }

  private forget(room: RoomLog): void {
    this.joined.delete(room.name);
    keepRooms(this.joined.keys());
    if (room !== this.shown) return this.showRooms();
    this.go(HOME);
    location.hash = HOME;
  }

  private async send(text: string, picture: Picture | undefined): Promise<void> {
    const draft = { id: crypto.randomUUID(), room: this.shown.name, text };
    this.typing.iSent();
    if (picture === undefined) return this.outbox.add(draft, null);
    const { blob, width, height } = picture;
    this.outbox.add({ ...draft, image: { width, height } }, await blob.arrayBuffer());
  }

  private rename(): void {
    const { name, hue } = this.identity;
    this.me = { ...this.me, name, hue };
    // Where the line is lost just now, the next session begins with the new name anyway.
    if (!this.socket.connected) return;
    this.socket.emit('rename', name, hue, (answer) => {
      if (!answer.ok) this.composer.advise(answer.why);
    });
  }

  private read(): void {
    if (this.isRead(this.shown)) this.shown.unread = 0;
    this.showRooms();
  }

  private isRead(room: RoomLog): boolean {
    return room === this.shown && document.visibilityState === 'visible';
  }

  private unsentHere() {
    return this.outbox.waiting.filter(({ draft }) => draft.room === this.shown.name);
  }

  private unsentChanged(): void {
    this.list.showUnsent(this.unsentHere());
    keepUnsent(this.outbox.waiting);
  }

  private showRooms(): void {
    const known = new Set(this.summaries.map(({ name }) => name));
    const mine = [...this.joined.keys()].filter((name) => !known.has(name)).map((name) => ({ name, people: 0 }));
    this.sidebar.showRooms(
      [...this.summaries, ...mine].map((summary) => ({
        ...summary,
        isShown: summary.name === this.shown.name,
        isJoined: this.joined.has(summary.name),
        unread: this.joined.get(summary.name)?.unread ?? 0,
      })),
    );
    const unread = [...this.joined.values()].reduce((sum, room) => sum + room.unread, 0);
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${this.shown.name} · Throughline`;
  }

  private showPeople(): void {
    const { people } = this.shown;
    this.sidebar.showPeople(people, (person) => person.id === this.me.id);
    const count = people?.count ?? 0;
    find('room-facts', HTMLElement).textContent = count === 0 ? '' : count === 1 ? 'only you' : `${count} people`;
  }
}
