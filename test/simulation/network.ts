/**
 * The network between one client and one server, and the world of the client: requests and WebSockets that meet the weather.
 */
import type {
  ConnectOptions,
  Environment,
  HttpRequest,
  HttpSink,
  PageHint,
  WebSocketLike,
  WebSocketReceiver,
  Memory,
} from '../../client/engine/environment.ts';
import type { EventLoop } from './event-loop.ts';
import { Link } from './link.ts';
import type { Random } from './random.ts';
import { SimulatedRequest, SimulatedResponse, UpgradeSocket } from './server-side.ts';
import type { FaultKind, WayKind, Weather } from './weather.ts';

/** The server's side of things, as far as the network needs it. */
export interface ServerEntry {
  handleRequest(request: SimulatedRequest, response: SimulatedResponse): void;
  handleUpgrade(request: SimulatedRequest, socket: UpgradeSocket, head: Buffer): void;
}

const ERROR_PAGE = '<html><body><h1>Bad gateway</h1></body></html>';

export class Network implements Environment {
  /** The server that answers now. */
  server: ServerEntry | undefined;
  readonly clock: EventLoop;
  readonly random: () => number;
  /** A client of its own for each seed, which has learned nothing yet. */
  readonly memory: Memory = { priorWebsocketSuccess: false, proven: new Map() };
  /** Told of everything that crosses the network, to tell a seed's story. */
  trace: (line: string) => void = () => {};
  /** How often each kind of fault fired, and each way was taken. */
  readonly fired = new Map<FaultKind | WayKind, number>();
  private readonly loop: EventLoop;
  private readonly chance: Random;
  private readonly weather: Weather;
  private links = new Set<Link>();
  /** What the client's WebSockets are told things by. */
  private readonly whispers = new Set<(text: string) => void>();
  private hint: ((what: PageHint) => void) | undefined;

  constructor(loop: EventLoop, chance: Random, weather: Weather) {
    this.loop = loop;
    this.clock = loop;
    this.chance = chance;
    this.random = chance.unit;
    this.weather = weather;
    if (weather.delayMs[1] > 0) this.note('delay');
  }

  get isCalm(): boolean {
    return this.loop.now() >= this.weather.calmAt;
  }

  note(kind: FaultKind | WayKind): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1);
  }

  /** Cuts every connection. */
  cutAll(): void {
    for (const link of this.links) link.cut();
    this.links.clear();
  }

  /** The server asks the client to attach anew, as one does that is about to stop. */
  askToMove(withinMs: number): void {
    for (const whisper of this.whispers) {
      this.note('asked to move');
      whisper(`6{"move":{"within":${withinMs}}}`);
    }
  }

  /** The page goes where it may come back from, and does after a while. */
  putAside(forMs: number): void {
    if (!this.hint) return;
    this.note('page put aside');
    this.hint('hide');
    this.loop.after(forMs, () => this.hint?.('wake'));
  }

  /** The network is gone for a while: what is open hears nothing, new connections fail. */
  outage(forMs: number): void {
    // A jump of the clock may have brought it past the end of all faults; the last outage of all is for ever.
    if (this.isCalm && forMs !== Infinity) return;
    this.note('network lost');
    const { server } = this;
    this.server = undefined;
    for (const link of this.links) {
      link.silence('up');
      link.silence('down');
    }
    this.links.clear();
    if (forMs === Infinity) return;
    this.loop.after(forMs, () => {
      this.server ??= server;
      if (this.chance.chance(0.5)) this.hint?.('wake');
    });
  }

  readonly watchPage: Environment['watchPage'] = (hint) => {
    this.hint = hint;
    return () => {
      if (this.hint === hint) this.hint = undefined;
    };
  };

  readonly request = ({ url, body }: HttpRequest, sink: HttpSink): (() => void) => {
    let over = false;
    const label = `${body === undefined ? 'GET' : 'POST'} ${/transport=.*/.exec(url)?.[0]}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;
    this.trace(`-> ${label}`);
    const finish = (status: number, error?: unknown): void => {
      if (over) return;
      this.trace(`<- ${status} ${label}`);
      over = true;
      this.links.delete(link);
      sink.done(status, error);
    };
    const responses: SimulatedResponse[] = [];
    const link = this.dial({
      clientBroken: () => finish(0, new Error('connection reset')),
      serverBroken: () => {
        for (const response of responses) response.breakOff();
      },
    });
    const deliver = (answers: boolean): void => {
      const request = new SimulatedRequest(body === undefined ? 'GET' : 'POST', pathOf(url), { host: 'simulated' });
      const answer = this.answer(link, sink, finish, () => over);
      const response = new SimulatedResponse(
        request,
        answers ? answer : { congest: this.congest, part() {}, end() {} },
      );
      responses.push(response);
      const { server } = this;
      if (server === undefined) return link.cut();
      server.handleRequest(request, response);
      request.bring(body ?? '');
    };
    const errorPage = this.fires(this.weather.errorPage);
    if (errorPage && this.chance.chance(0.5)) {
      this.note('error page before the server');
      link.carry('up', () => link.carry('down', () => this.showErrorPage(sink, finish, () => over)));
    } else if (errorPage) {
      this.note('error page instead of the answer');
      link.carry('up', () => {
        deliver(false);
        link.carry('down', () => this.showErrorPage(sink, finish, () => over));
      });
    } else {
      if (this.fires(this.weather.repeat)) {
        this.note('repeated request');
        link.carry('up', () => deliver(false));
      }
      link.carry('up', () => deliver(true));
    }
    return () => {
      if (!over) this.trace(`aborted ${label}`);
      over = true;
      this.links.delete(link);
      link.release('client');
    };
  };

  readonly connect = (url: string, _options: ConnectOptions, receiver: WebSocketReceiver): WebSocketLike =>
    new ClientWebSocket(this, url, receiver);

  /** @internal what a WebSocket of the client does with the network */
  openWebSocket(
    url: string,
    end: { open(): void; message(data: string | Buffer): void; closed(): void },
  ): WebSocketLine {
    const { webSocket } = this.weather;
    this.trace(`-> ${/transport=.*/.exec(url)?.[0]}`);
    let socket: UpgradeSocket | undefined;
    const link = this.dial({
      clientBroken: () => {
        this.whispers.delete(whisper);
        end.closed();
      },
      serverBroken: () => socket?.connection?.end(new Error('ECONNRESET')),
    });
    if (webSocket === 'refused' && !this.isCalm) {
      this.note('websocket refused');
      link.carry('up', () => link.release('server'));
    } else {
      link.carry('up', () => {
        const { server } = this;
        if (server === undefined) return link.cut();
        socket = new UpgradeSocket({
          congest: this.congest,
          open: () => link.carry('down', () => end.open()),
          message: (data) => link.carry('down', () => end.message(data)),
          closed: () => link.release('server'),
        });
        server.handleUpgrade(
          new SimulatedRequest('GET', pathOf(url), { host: 'simulated', upgrade: 'websocket' }),
          socket,
          Buffer.alloc(0),
        );
      });
      if (webSocket === 'silent' && !this.isCalm) {
        this.note('websocket silent');
        this.loop.after(this.chance.whole(0, 1_000), () => {
          link.silence('up');
          link.silence('down');
        });
      } else if (webSocket === 'cut after a while' && !this.isCalm) {
        this.note('websocket cut after a while');
        this.loop.after(this.chance.whole(1, 3_000), () => link.cut());
      }
    }
    const whisper = (text: string): void => link.carry('down', () => end.message(text));
    this.whispers.add(whisper);
    return {
      send: (data) => link.carry('up', () => socket?.connection?.arrive(data)),
      close: () => {
        this.whispers.delete(whisper);
        this.links.delete(link);
        link.release('client');
      },
    };
  }

  private readonly congest = (taken: () => void): boolean => {
    if (!this.weather.isSlow || this.isCalm) return false;
    this.note('slow reader');
    this.loop.after(this.chance.whole(0, 300), taken);
    return true;
  };

  private fires(probability: number): boolean {
    return !this.isCalm && this.chance.chance(probability);
  }

  private dial(ends: { clientBroken(): void; serverBroken(): void }): Link {
    const link = new Link(this.loop, this.chance, this.weather.delayMs, ends);
    this.links.add(link);
    if (this.fires(this.weather.cut)) {
      this.note('cut');
      this.loop.after(this.chance.whole(0, 2 * this.weather.delayMs[1] + this.chance.pick([0, 2_000])), () =>
        link.cut(),
      );
    }
    if (this.fires(this.weather.silence)) {
      const kind = this.chance.pick(['silence both ways', 'silence up', 'silence down'] as const);
      this.note(kind);
      this.loop.after(this.chance.whole(0, 1_000), () => {
        if (kind !== 'silence down') link.silence('up');
        if (kind !== 'silence up') link.silence('down');
      });
    }
    return link;
  }

  private answer(link: Link, sink: HttpSink, finish: (status: number, error?: unknown) => void, isOver: () => boolean) {
    const loses = this.fires(this.weather.loseAnswer);
    const truncates = this.fires(this.weather.truncate);
    const buffers = this.weather.buffers && !this.isCalm;
    let held = '';
    const show = (status: number, text: string): void => {
      if (truncates && !isOver()) {
        this.note('truncated answer');
        sink.chunk(text.slice(0, this.chance.whole(0, text.length - 1)), status);
        return link.cut();
      }
      if (!isOver()) sink.chunk(text, status);
    };
    return {
      congest: this.congest,
      part: (status: number, text: string): void => {
        if (loses) {
          this.note('lost answer');
          link.cut();
        } else if (buffers) held += text;
        else link.carry('down', () => show(status, text));
      },
      end: (status: number): void => {
        if (loses) return link.cut();
        if (buffers) {
          this.note('buffered answer');
          if (held !== '') link.carry('down', () => show(status, held));
        }
        link.carry('down', () => finish(status));
      },
    };
  }

  private showErrorPage(sink: HttpSink, finish: (status: number) => void, isOver: () => boolean): void {
    if (isOver()) return;
    const status = this.chance.pick([502, 503, 504, 403]);
    sink.chunk(ERROR_PAGE, status);
    finish(status);
  }
}

interface WebSocketLine {
  send(data: string | Buffer): void;
  close(): void;
}

type Listener = (event: object) => void;

const CLOSED = 3;

/** The client's WebSocket. */
class ClientWebSocket implements WebSocketLike {
  readyState = 0;
  binaryType = 'arraybuffer';
  private readonly listeners = new Map<string, Listener>();
  private readonly line: WebSocketLine;

  constructor(network: Network, url: string, receiver: WebSocketReceiver) {
    this.line = network.openWebSocket(url, {
      open: () => {
        this.readyState = 1;
        this.tell('open');
      },
      message: (data) => {
        if (this.readyState < CLOSED) receiver.onData(typeof data === 'string' ? data : exactBuffer(data));
      },
      closed: () => this.end(),
    });
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener);
  }

  send(data: string | ArrayBuffer): void {
    if (this.readyState < CLOSED) this.line.send(typeof data === 'string' ? data : Buffer.from(data.slice(0)));
  }

  close(): void {
    if (this.readyState === CLOSED) return;
    this.line.close();
    this.end();
  }

  private tell(type: string): void {
    if (this.readyState < CLOSED) this.listeners.get(type)?.({});
  }

  private end(): void {
    this.tell('close');
    this.readyState = CLOSED;
  }
}

function exactBuffer(data: Buffer): ArrayBuffer {
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
}

function pathOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('//') + 2));
}
