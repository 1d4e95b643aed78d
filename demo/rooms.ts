/**
 * The rooms: who is in each, and what was said last. Kept in memory and bounded in every direction; a room that
 * someone is in never goes. Says nothing to anybody: that is the conversation's part.
 */
import { randomUUID } from 'node:crypto';
import { limits } from './limits.ts';
import type { Draft, Entered, Message, People, Person, RoomSummary, Seen } from './events.ts';

/** Rooms that are always there, so that nobody comes into an empty house. */
const LASTING: readonly string[] = ['lobby', 'pictures', 'quiet-corner'];

export class Room {
  readonly name: string;
  readonly epoch = randomUUID();
  private readonly messages: Message[] = [];
  private lastSeq = 0;
  /** By the person's id; someone with several tabs is here once. */
  private readonly present = new Map<string, { person: Person; tabs: number }>();

  constructor(name: string) {
    this.name = name;
  }

  get isEmpty(): boolean {
    return this.present.size === 0;
  }

  get isSilent(): boolean {
    return this.messages.length === 0;
  }

  arrive(person: Person): void {
    const tabs = this.present.get(person.id)?.tabs ?? 0;
    this.present.set(person.id, { person, tabs: tabs + 1 });
  }

  depart(person: Person): void {
    const entry = this.present.get(person.id);
    if (entry === undefined) return;
    entry.tabs -= 1;
    if (entry.tabs === 0) this.present.delete(person.id);
  }

  rename(person: Person): void {
    const entry = this.present.get(person.id);
    if (entry !== undefined) entry.person = person;
  }

  people(): People {
    const listed: Person[] = [];
    for (const { person } of this.present.values()) {
      if (listed.length === limits.peopleListed) break;
      listed.push(person);
    }
    return { room: this.name, count: this.present.size, listed };
  }

  /** What a page that has seen so much still lacks. */
  since(seen: Seen | undefined): Omit<Entered, 'ok'> {
    const oldest = this.messages[0]?.seq ?? this.lastSeq + 1;
    const afresh = seen?.epoch !== this.epoch || seen.seq < oldest - 1 || seen.seq > this.lastSeq;
    const messages = afresh ? [...this.messages] : this.messages.filter(({ seq }) => seq > seen.seq);
    return { epoch: this.epoch, messages, afresh };
  }

  find(id: string): Message | undefined {
    return this.messages.findLast((message) => message.id === id);
  }

  /** Adds a message, and returns it with the one that had to go for it. */
  add(draft: Draft, from: Person, at: number): { message: Message; forgotten: Message | undefined } {
    this.lastSeq += 1;
    const message: Message = { ...draft, seq: this.lastSeq, at, from };
    this.messages.push(message);
    return { message, forgotten: this.messages.length > limits.history ? this.messages.shift() : undefined };
  }
}

export class Rooms {
  /** In the order of last use: the first empty one is the one to go. */
  private readonly byName = new Map<string, Room>();

  constructor() {
    for (const name of LASTING) this.byName.set(name, new Room(name));
  }

  get(name: string): Room | undefined {
    return this.byName.get(name);
  }

  /** The room of that name, made if need be; `undefined` where all rooms are taken by people. */
  open(name: string): Room | undefined {
    const room = this.byName.get(name) ?? this.make(name);
    if (room === undefined) return undefined;
    this.byName.delete(name);
    this.byName.set(name, room);
    return room;
  }

  /** Someone has left it: a room in which nothing was said goes with the last. */
  left(name: string): void {
    const room = this.byName.get(name);
    if (room?.isEmpty === true && room.isSilent && !LASTING.includes(name)) this.byName.delete(name);
  }

  list(): RoomSummary[] {
    const rooms = [...this.byName.values()].map((room) => ({ name: room.name, people: room.people().count }));
    return rooms.sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
  }

  private make(name: string): Room | undefined {
    if (this.byName.size >= limits.rooms) {
      const idle = [...this.byName.values()].find((room) => room.isEmpty && !LASTING.includes(room.name));
      if (idle === undefined) return undefined;
      this.byName.delete(idle.name);
    }
    return new Room(name);
  }
}

function rank(name: string): number {
  return LASTING.includes(name) ? LASTING.indexOf(name) : LASTING.length;
}
