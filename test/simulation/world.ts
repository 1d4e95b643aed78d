/**
 * One simulation: a client and a server of ours, complete but for the bytes of HTTP and WebSocket, in a world of the seed's
 * making. What it claims is in `check`: each message once and in order, both ways, or an honest end; and once the weather is
 * calm, all arrives within two heartbeats.
 */
import { Socket } from '../../client/engine/socket.ts';
import { Server, type CloseDetails, type Receiver, type Session } from '../../server/engine/index.ts';
import { Application, type Violation } from './application.ts';
import { EventLoop } from './event-loop.ts';
import { enterWorld } from './globals.ts';
import { Network, type ServerEntry } from './network.ts';
import { Random } from './random.ts';
import { drawWeather, type FaultKind, type WayKind, type Weather } from './weather.ts';

/** How often the server pings and how long it waits: mostly short; the long one leaves room for what is noticed sooner. */
const heartbeats = {
  short: { pingInterval: 2_000, pingTimeout: 1_500 },
  long: { pingInterval: 12_000, pingTimeout: 8_000 },
};
/** What delays may add to that in the worst weather. */
const SLACK_MS = 5_000;
/** What a server takes at once that takes little: a few messages. */
const SMALL_BYTES = 100;
/** So many of ours fit in that, at least. */
const FEW = 4;
/** How often a client speaks that goes on in the calm (ms): what it hears of its own messages is no sign of the way down. */
const CHATTER_MS = 400;

/** How many messages a journal may hold: sometimes awkwardly few. */
const journalSizes = [1, 3, 10, 1_000, 1_000, 1_000];

/** Most bytes that one end may keep in a simulation: its messages are short and its journals small. */
const MOST_KEPT_BYTES = 20_000;

/** What a simulation came to. */
export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly fired: ReadonlyMap<FaultKind | WayKind, number>;
  readonly delivered: number;
  /** Whether the session lived to the end; if not it ended honestly. */
  readonly survived: boolean;
}

interface Pair {
  readonly name: string;
  readonly session: Session;
  readonly application: Application;
}

export class World {
  private readonly seed: number;
  private readonly chance: Random;
  private readonly loop = new EventLoop();
  private readonly weather: Weather;
  private readonly windowMs: number;
  private readonly heartbeat: (typeof heartbeats)['short'];
  /** Two heartbeats (ms): so long may it take in the calm until all has arrived. */
  private readonly patienceMs: number;
  private readonly network: Network;
  private readonly violations: Violation[] = [];
  private readonly pairs = new Map<string, Pair>();
  private server: Server | undefined;
  /** How much either end had sent when the calm began. */
  private sentBefore = { client: 0, server: 0 };
  private socket!: Socket;
  private client!: Application;
  private readonly log: (line: string) => void;

  constructor(seed: number, log: (line: string) => void = () => {}) {
    this.seed = seed;
    this.log = log;
    this.chance = new Random(seed);
    enterWorld(this.loop, this.chance);
    this.weather = drawWeather(this.chance);
    this.windowMs = this.chance.pick([2_000, 20_000, 20_000]);
    this.heartbeat = heartbeats[seed % 5 === 0 ? 'long' : 'short'];
    this.patienceMs = 2 * (this.heartbeat.pingInterval + this.heartbeat.pingTimeout);
    this.network = new Network(this.loop, this.chance, this.weather);
    this.network.trace = (line) => log(`${this.loop.now()}   ${line}`);
  }

  run(): Outcome {
    const { loop, weather } = this;
    this.log(JSON.stringify(weather));
    this.startServer();
    this.startClient();
    this.scheduleMessages();
    this.scheduleFaults();
    loop.runUntil(weather.calmAt, () => this.violations.length > 0);
    const isDone = (): boolean => this.violations.length > 0 || this.isSettled();
    this.noteSent();
    if (this.seed % 4 === 0) this.chatter();
    loop.runUntil(loop.now() + this.patienceMs + this.passageMs, isDone);
    if (this.violations.length === 0) this.checkLiveness();
    const survived = !this.client.isClosed;
    const delivered =
      this.client.received + this.pairOfClient().reduce((sum, pair) => sum + pair.application.received, 0);
    this.end();
    return {
      seed: this.seed,
      violations: this.violations,
      fired: this.network.fired,
      delivered,
      survived,
    };
  }

  private violate = (what: Violation): void => {
    this.violations.push(`${what} (at ${this.loop.now()} ms)`);
    this.log(`${this.loop.now()} VIOLATION ${what}`);
  };

  private startServer(): void {
    const { chance, loop } = this;
    const server = new Server({
      ...this.heartbeat,
      upgradeTimeout: 1_000,
      ...(this.seed % 3 === 0 && { allowRequest: this.decideLater }),
      ...(this.takesLittle && { maxHttpBufferSize: SMALL_BYTES }),
      resume: { window: this.windowMs, maxPackets: chance.pick(journalSizes), maxBytes: 10_000 },
    });
    this.server = server;
    this.network.server = server as unknown as ServerEntry;
    server.on('connection', (session: Session) => {
      const name = `s${this.pairs.size}`;
      this.log(`${loop.now()} server: session ${name} opens`);
      const application = new Application(`server ${name}`, chance, session, this.violate);
      this.pairs.set(session.id, { name, session, application });
      const message = (data: string | Buffer): void => {
        this.log(`${loop.now()} server ${name} got ${String(data)}`);
        application.hear(data);
      };
      const closed = (word: string, details: CloseDetails): void => {
        this.log(`${loop.now()} server ${name} closes: ${word} ${JSON.stringify(details)}`);
        application.close();
      };
      // As the events floor takes it: where nobody listens, messages go a shorter way.
      if (this.seed % 2 === 1) session.receiver = { message, closed };
      else this.listen(name, session, message, closed);
      if (chance.chance(0.5)) application.say(name);
    });
  }

  private listen(name: string, session: Session, message: Receiver['message'], closed: Receiver['closed']): void {
    let isSuspended = false;
    session.on('message', message);
    session.on('suspend', () => (isSuspended = true));
    session.on('resume', () => (isSuspended = false));
    for (const event of ['suspend', 'resume', 'transport'])
      session.on(event, (what) => this.log(`${this.loop.now()} server ${name} ${event} ${what?.name ?? what}`));
    session.on('close', (word: string, details: CloseDetails) => {
      closed(word, details);
      if (details.code === 'window-passed' && !isSuspended)
        this.violate(`session ${name} ended by its window while it was open`);
    });
  }

  private startClient(): void {
    const { loop, chance } = this;
    const transports = chance.pick([
      undefined,
      undefined,
      ['websocket'],
      ['polling'],
      ['polling', 'websocket'],
      ['streaming', 'websocket'],
      ['polling', 'streaming'],
    ]);
    const resume = { maxPackets: chance.pick(journalSizes), reportPackets: chance.pick([1, 2, 128]) };
    const options = transports ? { transports, resume } : { resume };
    this.log(`client ${JSON.stringify(options)}`);
    // What one session remembers for the next would make a seed depend on the one before.
    Socket.priorWebsocketSuccess = false;
    const socket = new Socket(`http://seed-${this.seed}/`, options, this.network);
    this.socket = socket;
    const application = new Application('client', chance, socket, this.violate);
    this.client = application;
    socket.on('message', (data: unknown) => {
      this.log(`${loop.now()} client got ${String(data)}`);
      application.hear(data);
    });
    socket.on('error', (error) => this.log(`${loop.now()} client error ${String(error)}`));
    socket.on('transport', ({ name, why }) => this.network.note(`${why} ${name}` as WayKind));
    for (const event of ['open', 'suspend', 'resume', 'transport', 'upgrade'] as const)
      socket.on(
        event as never,
        ((what: unknown) =>
          this.log(
            `${loop.now()} client ${event} ${JSON.stringify((what as { name?: string })?.name ?? '')}`,
          )) as never,
      );
    socket.on('close', (reason, details) => {
      this.log(`${loop.now()} client closes: ${reason} ${JSON.stringify(details)}`);
      application.close();
    });
  }

  private scheduleMessages(): void {
    const { chance, loop, weather } = this;
    const count = chance.whole(5, 40);
    for (let index = 0; index < count; index++) {
      loop.after(chance.whole(0, weather.calmAt), () => {
        for (let burst = chance.pick([1, 1, 1, 5]); burst > 0; burst--) this.sayOne();
      });
    }
  }

  private sayOne(): void {
    if (this.chance.chance(0.5)) {
      if (!this.client.isClosed) this.client.say('c');
      return;
    }
    for (const { application, name } of this.pairOfClient()) if (!application.isClosed) application.say(name);
  }

  private scheduleFaults(): void {
    const { weather, loop, network, chance } = this;
    for (const { at, forMs } of weather.outages)
      loop.after(at, () => network.outage(Math.min(forMs, Math.max(0, weather.calmAt - loop.now()))));
    for (const at of weather.jumps) {
      loop.after(at, () => {
        const ms = chance.pick([100, 5_000, 3_600_000]);
        network.note(ms > 10_000 ? 'sleep' : 'clock jump');
        this.log(`${loop.now()} the clock jumps by ${ms}`);
        loop.jump(ms);
      });
    }
    for (const at of weather.moves) loop.after(at, () => network.askToMove(chance.pick([0, 200, 2_000])));
    for (const { at, forMs } of weather.asides) loop.after(at, () => network.putAside(forMs));
    for (const at of weather.restarts) {
      loop.after(at, () => {
        network.note('server restart');
        this.log(`${loop.now()} the server restarts`);
        this.server!.removeAllListeners();
        for (const pair of this.pairs.values()) {
          pair.session.removeAllListeners();
          pair.session.receiver = undefined;
          pair.application.isClosed = true;
        }
        this.server!.close();
        network.cutAll();
        this.startServer();
      });
    }
  }

  /** An application that asks somebody else whether to let a request in. */
  private readonly decideLater = (_request: unknown, decide: (error: null, isAllowed: boolean) => void): void => {
    this.loop.after(this.chance.pick([0, 10, 200]), () => decide(null, true));
  };

  /** The server's half of the client's session. */
  private pairOfClient(): Pair[] {
    const pair = this.pairs.get(this.socket.id ?? '');
    return pair ? [pair] : [];
  }

  /** What was sent until now is to arrive in the calm. */
  private noteSent(): void {
    const [pair] = this.pairOfClient();
    this.sentBefore = { client: this.client.sent, server: pair?.application.sent ?? 0 };
  }

  /** Whether the server takes but a few messages at once. */
  private get takesLittle(): boolean {
    return this.seed % 7 === 0;
  }

  /** What such a server needs beyond that for what waits (ms): a POST's round trip for each few. */
  private get passageMs(): number {
    return this.takesLittle ? Math.ceil(this.sentBefore.client / FEW) * 2 * this.weather.delayMs[1] : 0;
  }

  /** The client speaks on, until that is settled. */
  private chatter(): void {
    if (this.client.isClosed || this.isSettled()) return;
    this.client.say('c');
    this.loop.after(CHATTER_MS, () => this.chatter());
  }

  private isSettled(): boolean {
    // A request to open a session may be lost without a word: the events floor's `timeout` is for that.
    if (this.client.isClosed || this.socket.readyState === 'opening') return true;
    const [pair] = this.pairOfClient();
    if (pair === undefined) return false;
    return pair.application.isClosed
      ? false
      : pair.application.received >= this.sentBefore.client && this.client.received >= this.sentBefore.server;
  }

  private checkLiveness(): void {
    if (this.isSettled()) {
      const [pair] = this.pairOfClient();
      if (pair && pair.session.bufferedAmount > MOST_KEPT_BYTES)
        this.violate(`the server keeps ${pair.session.bufferedAmount} bytes`);
      return;
    }
    const [pair] = this.pairOfClient();
    this.violate(
      `not all arrived within two heartbeats of calm: client sent ${this.client.sent}, server got ${pair?.application.received}; server sent ${pair?.application.sent}, client got ${this.client.received}; client ${this.socket.readyState}, server ${pair?.session.readyState}`,
    );
  }

  /** Closes from either end, or loses the network for good: both must hear of the end, and nothing may stay behind. */
  private end(): void {
    const { loop, network } = this;
    if (this.violations.length > 0) return;
    const wasOpen = this.socket.readyState === 'open';
    const how = wasOpen ? this.chance.pick(['client closes', 'server closes', 'network gone']) : 'client closes';
    this.log(`${loop.now()} the end: ${how}`);
    if (how === 'client closes') this.socket.close();
    else if (how === 'server closes') for (const { session } of this.pairs.values()) session.close();
    else network.outage(Infinity);
    loop.runUntil(loop.now() + this.patienceMs + this.windowMs + SLACK_MS);
    if (wasOpen && !this.client.isClosed) this.violate(`the client never heard of the end: ${how}`);
    for (const { name, application } of this.pairs.values())
      if (!application.isClosed) this.violate(`session ${name} never heard of the end: ${how}`);
    this.socket.close();
    this.server!.close();
    // As long as the server keeps the word of a session's end for a peer that might still ask.
    loop.runUntil(loop.now() + 60_000);
    if (loop.pending > 0) this.violate(`${loop.pending} timers are left`);
  }
}
