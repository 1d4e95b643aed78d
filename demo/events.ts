/** What the page and the server say to each other. Types only: what arrives is checked before it is believed. */

/** Sent as binary. It arrives as a `Buffer` in Node and as an `ArrayBuffer` in a browser. */
export type Bytes = ArrayBuffer | Uint8Array<ArrayBuffer>;

/** What a tab may forbid itself, to see how the session copes. */
export type Forbidden = 'websocket' | 'streaming';

/** Someone in the chat, as all see them. */
export interface Person {
  /** Derived from a key that only this person's tab knows, so nobody can speak as another. */
  readonly id: string;
  readonly name: string;
  /** Colour, as degrees on the wheel of OKLCH. */
  readonly hue: number;
}

/** What is known of an image before its bytes are there, so that the page can leave room for it. */
export interface ImageFacts {
  readonly width: number;
  readonly height: number;
}

export interface Message extends Draft {
  /** Counts up by one in each room: a page that misses a number knows it and asks. */
  readonly seq: number;
  /** When the server took it, in ms since 1970. */
  readonly at: number;
  readonly from: Person;
}

/** A message as its writer sends it. */
export interface Draft {
  /** Made by the writer, so that a message sent again after a lost answer is told once. */
  readonly id: string;
  readonly room: string;
  /** May be empty where there is an image. */
  readonly text: string;
  readonly image?: ImageFacts;
}

export interface RoomSummary {
  readonly name: string;
  readonly people: number;
}

export interface People {
  readonly room: string;
  readonly count: number;
  /** At most `limits.peopleListed` of them. */
  readonly listed: readonly Person[];
}

/** How far a page knows a room. `epoch` changes when the room is made anew, and its numbers with it. */
export interface Seen {
  readonly epoch: string;
  readonly seq: number;
}

/** A refusal says why, in a sentence for people. */
export interface Refusal {
  readonly ok: false;
  readonly why: string;
  /** Where trying again helps: after so many ms. */
  readonly retryInMs?: number;
}

export interface Entered {
  readonly ok: true;
  readonly epoch: string;
  /** What came after `Seen`, or all that the room remembers. */
  readonly messages: readonly Message[];
  /** The page must forget what it shows of this room: it is older than what the room remembers. */
  readonly afresh: boolean;
}

export type Answer<T> = (answer: T | Refusal) => void;

export interface ClientToServer {
  enter(room: string, seen: Seen | null, answer: Answer<Entered>): void;
  leave(room: string): void;
  say(draft: Draft, image: Bytes | null, answer: Answer<{ readonly ok: true; readonly message: Message }>): void;
  image(room: string, id: string, answer: Answer<{ readonly ok: true; readonly bytes: Bytes }>): void;
  typing(room: string): void;
  rename(name: string, hue: number, answer: Answer<{ readonly ok: true; readonly me: Person }>): void;
  /** Answered at once: the inspector's round trip. */
  echo(answer: () => void): void;
  /** Has the server cut what this tab has open of a transport and refuse it from now on, or allow it again. */
  forbid(transport: Forbidden, isForbidden: boolean, answer: Answer<{ readonly ok: true }>): void;
}

export interface ServerToClient {
  welcome(me: Person, forbidden: readonly Forbidden[]): void;
  /** How often each of the server's limits was hit; those that were not are left out. */
  limits(hits: Readonly<Record<string, number>>): void;
  rooms(rooms: readonly RoomSummary[]): void;
  people(people: People): void;
  message(message: Message, image: Bytes | null): void;
  typing(room: string, person: Person): void;
}
