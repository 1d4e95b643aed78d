/**
 * The chat itself: what each event of a page does. The order of business is the same everywhere: check what came, check
 * that it is allowed, do it, answer, tell the others.
 */
import { createHash } from 'node:crypto';
import type { Server, Socket } from 'throughline';
import { Allowance } from './allowance.ts';
import { checkDraft, checkForbidden, checkHue, checkId, checkName, checkRoom, checkSeen } from './checks.ts';
import { Firewall } from './firewall.ts';
import { ImageShelf } from './image-shelf.ts';
import { limits } from './limits.ts';
import { ROOM_NAME_ADVICE } from './room-name.ts';
import { Rooms } from './rooms.ts';
import type { ClientToServer, Person, Refusal, ServerToClient } from './events.ts';

interface Visitor {
  person: Person;
  readonly tab: string;
  /** How often this one may send a message. */
  readonly messages: Allowance;
}

type NoEvents = Record<string, never>;
export type ChatServer = Server<ClientToServer, ServerToClient, NoEvents, Visitor>;
type ChatSocket = Socket<ClientToServer, ServerToClient, NoEvents, Visitor>;

/** Lists that change often are told at most once in so many ms. */
const TELL_AFTER_MS = 150;

/** How often one may say that one types. */
const TYPING_PER_SECOND = 1;

export class Conversation {
  private readonly io: ChatServer;
  private readonly rooms = new Rooms();
  private readonly images = new ImageShelf(limits.imagesBytes);
  private readonly firewall = new Firewall();
  /** Rooms whose list of people is to be told with the next list of rooms. */
  private readonly changed = new Set<string>();
  private telling: NodeJS.Timeout | undefined;

  constructor(io: ChatServer) {
    this.io = io;
    io.engine.use(this.firewall.inspect);
    io.use((socket, next) => {
      const visitor = visitorOf(socket.handshake.auth);
      if (visitor === undefined) return next(new Error('the page did not say who you are; reload it'));
      socket.data = visitor;
      next();
    });
    io.on('connection', (socket) => this.welcome(socket));
  }

  private welcome(socket: ChatSocket): void {
    const events = new Allowance(limits.eventBurst, limits.eventsPerSecond);
    socket.use((_event, next) => {
      if (events.take() === 0) next();
      else socket.disconnect(true);
    });
    // Typed by what a good page sends; `unknown` here, for nobody says that it was a good page.
    socket.on('enter', (room: unknown, seen: unknown, ack: unknown) => this.enter(socket, room, seen, ack));
    socket.on('leave', (room: unknown) => this.leave(socket, checkRoom(room)));
    socket.on('say', (draft: unknown, image: unknown, ack: unknown) => this.say(socket, draft, image, ack));
    socket.on('image', (room: unknown, id: unknown, ack: unknown) => this.image(socket, room, id, ack));
    socket.on('rename', (name: unknown, hue: unknown, ack: unknown) => this.rename(socket, name, hue, ack));
    socket.on('echo', (ack: unknown) => answering(ack)());
    socket.on('forbid', (transport: unknown, isForbidden: unknown, ack: unknown) =>
      this.forbid(socket, transport, isForbidden, ack),
    );
    const typing = new Allowance(limits.roomsEach, TYPING_PER_SECOND);
    socket.on('typing', (given: unknown) => {
      const room = checkRoom(given);
      if (room === undefined || !isIn(socket, room) || typing.take() > 0) return;
      socket.to(channel(room)).volatile.emit('typing', room, socket.data.person);
    });
    socket.on('disconnecting', () => {
      for (const room of roomsOf(socket)) this.leave(socket, room);
    });

    const { person, tab } = socket.data;
    const forbidden = (['websocket', 'streaming'] as const).filter((transport) =>
      this.firewall.isForbidden(tab, transport),
    );
    socket.emit('welcome', person, forbidden);
    socket.emit('rooms', this.rooms.list());
  }

  private enter(socket: ChatSocket, givenRoom: unknown, seen: unknown, ack: unknown): void {
    const answer = answering(ack);
    const name = checkRoom(givenRoom);
    if (name === undefined) return answer(refuse(ROOM_NAME_ADVICE));
    const isNew = !isIn(socket, name);
    if (isNew && roomsOf(socket).length >= limits.roomsEach) {
      return answer(refuse(`You are in ${limits.roomsEach} rooms already; leave one first.`));
    }
    const room = this.rooms.open(name);
    if (room === undefined)
      return answer(refuse('There are too many rooms just now; come into one of those there are.'));
    if (isNew) {
      void socket.join(channel(name));
      room.arrive(socket.data.person);
      this.tell(name);
    } else {
      socket.emit('people', room.people());
    }
    answer({ ok: true, ...room.since(checkSeen(seen)) });
  }

  private leave(socket: ChatSocket, name: string | undefined): void {
    if (name === undefined || !isIn(socket, name)) return;
    void socket.leave(channel(name));
    this.rooms.get(name)?.depart(socket.data.person);
    this.rooms.left(name);
    this.tell(name);
  }

  private say(socket: ChatSocket, givenDraft: unknown, givenImage: unknown, ack: unknown): void {
    const answer = answering(ack);
    const checked = checkDraft(givenDraft, givenImage);
    if (checked === undefined) {
      return answer(
        refuse(
          `A message is text of at most ${limits.textLength} characters, or a PNG, JPEG, GIF or WebP of at most ${limits.imageBytes / 1000} kB.`,
        ),
      );
    }
    const { draft, image } = checked;
    const { person, messages } = socket.data;
    const room = isIn(socket, draft.room) ? this.rooms.get(draft.room) : undefined;
    if (room === undefined) return answer(refuse('You are not in that room.'));

    const told = room.find(draft.id);
    // The answer was lost on its way and the page asks again.
    if (told?.from.id === person.id) return answer({ ok: true, message: told });
    if (told !== undefined) return answer(refuse('Someone else has used that id.'));

    const waitMs = messages.take();
    if (waitMs > 0) return answer(refuse('That was quick; it goes in a moment.', waitMs));

    const { message, forgotten } = room.add(draft, person, Date.now());
    if (forgotten?.image !== undefined) this.images.drop(room.name, forgotten.id);
    if (image !== undefined) this.images.put(room.name, draft.id, image);
    answer({ ok: true, message });
    socket.to(channel(room.name)).emit('message', message, image ?? null);
  }

  private image(socket: ChatSocket, givenRoom: unknown, givenId: unknown, ack: unknown): void {
    const answer = answering(ack);
    const room = checkRoom(givenRoom);
    const id = checkId(givenId);
    const bytes = room !== undefined && id !== undefined && isIn(socket, room) ? this.images.get(room, id) : undefined;
    answer(bytes === undefined ? refuse('This picture is no longer kept.') : { ok: true, bytes });
  }

  private rename(socket: ChatSocket, givenName: unknown, givenHue: unknown, ack: unknown): void {
    const answer = answering(ack);
    const name = checkName(givenName);
    const hue = checkHue(givenHue);
    if (name === undefined || hue === undefined) {
      return answer(refuse(`A name has at most ${limits.nameLength} characters, and at least one.`));
    }
    const me: Person = { id: socket.data.person.id, name, hue };
    socket.data.person = me;
    for (const room of roomsOf(socket)) {
      this.rooms.get(room)?.rename(me);
      this.tell(room);
    }
    answer({ ok: true, me });
  }

  private forbid(socket: ChatSocket, given: unknown, isForbidden: unknown, ack: unknown): void {
    const answer = answering(ack);
    const transport = checkForbidden(given);
    if (transport === undefined) return answer(refuse('Only WebSocket and streaming can be forbidden.'));
    // First the answer: what is forbidden may be what would carry it.
    answer({ ok: true });
    if (isForbidden === true) setImmediate(() => this.firewall.forbid(socket.data.tab, transport));
    else this.firewall.allow(socket.data.tab, transport);
  }

  /** Tells a room who is in it, and everybody what rooms there are, soon and once. */
  private tell(room: string): void {
    this.changed.add(room);
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      for (const name of this.changed) {
        const people = this.rooms.get(name)?.people();
        if (people !== undefined) this.io.to(channel(name)).emit('people', people);
      }
      this.changed.clear();
      this.io.emit('rooms', this.rooms.list());
    }, TELL_AFTER_MS).unref();
  }
}

const CHANNEL = 'room:';

/** Our rooms' names within Socket.IO's, where each socket's own id is a room too. */
function channel(room: string): string {
  return CHANNEL + room;
}

function isIn(socket: ChatSocket, room: string): boolean {
  return socket.rooms.has(channel(room));
}

function roomsOf(socket: ChatSocket): string[] {
  return [...socket.rooms].filter((name) => name.startsWith(CHANNEL)).map((name) => name.slice(CHANNEL.length));
}

function visitorOf(auth: Record<string, unknown>): Visitor | undefined {
  const key = checkId(auth['key']);
  const tab = checkId(auth['tab']);
  const name = checkName(auth['name']);
  const hue = checkHue(auth['hue']);
  if (key === undefined || tab === undefined || name === undefined || hue === undefined) return undefined;
  // The key is the secret; what others see of it leads back to nothing.
  const id = createHash('sha256').update(key).digest('base64url').slice(0, 16);
  return { person: { id, name, hue }, tab, messages: new Allowance(limits.messageBurst, limits.messagesPerSecond) };
}

/** The answer of an event whose sender may not have asked for one. */
function answering(ack: unknown): (answer?: object) => void {
  // A function here was made by the library, for an event that carries an ack's id.
  return typeof ack === 'function' ? (ack as (answer?: object) => void) : () => {};
}

function refuse(why: string, retryInMs?: number): Refusal {
  return retryInMs === undefined ? { ok: false, why } : { ok: false, why, retryInMs };
}
