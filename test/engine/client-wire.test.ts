/** What our engine client asks for, byte by byte, and what it makes of answers: a world in which a test writes the answers. */
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  Environment,
  HttpRequest,
  HttpSink,
  PageHint,
  WebSocketEvent,
  WebSocketReceiver,
} from '../../client/engine/environment.ts';
import { Socket, type SocketOptions } from '../../client/engine/index.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { heard } from './client-stage.ts';

const handshake = (more: object = {}): string =>
  `0${JSON.stringify({ sid: 'secret', upgrades: [], pingInterval: 1_000, pingTimeout: 500, maxPayload: 1_000, ...more })}`;

const resumable = handshake({ resume: { window: 20_000 } });

/** A request that waits for a test to answer it. */
interface Asked {
  readonly query: Record<string, string>;
  readonly body: string | undefined;
  isAborted: boolean;
  chunk(text: string, status?: number): void;
  end(text?: string, status?: number): void;
  fail(): void;
}

/** A WebSocket whose other end is the test. */
interface Dialled {
  readonly query: Record<string, string>;
  readonly sent: unknown[];
  readyState: number;
  isClosed: boolean;
  tell(type: string, event?: WebSocketEvent): void;
  receive(message: string): void;
}

class ScriptedWorld implements Environment {
  readonly memory = { priorWebsocketSuccess: false, proven: new Map<string, string>() };
  readonly clock = new VirtualClock();
  readonly asked: Asked[] = [];
  readonly dialled: Dialled[] = [];
  readonly random = (): number => 0.5;
  /** For a test to say what the page is about to do. */
  hint!: (what: PageHint) => void;

  readonly watchPage = (hint: (what: PageHint) => void) => {
    this.hint = hint;
    return () => {};
  };

  readonly request = ({ url, body }: HttpRequest, sink: HttpSink): (() => void) => {
    const asked: Asked = {
      query: queryOf(url),
      body,
      isAborted: false,
      chunk: (text, status = 200) => sink.chunk(text, status),
      end(text = '', status = 200) {
        if (text) sink.chunk(text, status);
        sink.done(status);
      },
      fail: () => sink.done(0, new Error('reset')),
    };
    this.asked.push(asked);
    return () => {
      asked.isAborted = true;
    };
  };

  readonly connect = (url: string, _options: unknown, receiver: WebSocketReceiver) => {
    const listeners = new Map<string, (event: WebSocketEvent) => void>();
    const dialled: Dialled = {
      query: queryOf(url),
      sent: [],
      readyState: 1,
      isClosed: false,
      tell: (type, event = {}) => listeners.get(type)?.(event),
      receive: (message) => receiver.onData(message),
    };
    this.dialled.push(dialled);
    return {
      binaryType: '',
      get readyState() {
        return dialled.readyState;
      },
      addEventListener: (type: string, listener: (event: WebSocketEvent) => void) => void listeners.set(type, listener),
      send: (data: unknown) => void dialled.sent.push(data),
      close: () => void (dialled.isClosed = true),
    };
  };

  /** The newest request that has a body, or has none. */
  newest(hasBody: boolean): Asked {
    return this.asked.findLast(({ body }) => (body !== undefined) === hasBody)!;
  }

  get get(): Asked {
    return this.newest(false);
  }

  get post(): Asked {
    return this.newest(true);
  }
}

function queryOf(url: string): Record<string, string> {
  const { t, ...query } = Object.fromEntries(new URL(url).searchParams);
  void t;
  return query;
}

let world: ScriptedWorld;
let events: unknown[];
let got: unknown[];

beforeEach(() => {
  world = new ScriptedWorld();
  events = [];
  got = [];
});

function start(options: SocketOptions): Socket {
  const socket = new Socket('http://host', options, world);
  socket.on('message', (data) => got.push(data));
  for (const event of ['open', 'suspend', 'resume', 'close', 'upgrade'] as const)
    socket.on(event, (...args: unknown[]) => events.push(args.length > 0 ? [event, args.at(-1)] : event));
  return socket;
}

const closed = (code: string): unknown => expect.arrayContaining([['close', expect.objectContaining({ code })]]);

describe('a page that goes', () => {
  it.each([
    ['on its WebSocket', 1, []],
    ['by a request, where the browser has closed that and not told yet', 2, ['1']],
  ] as const)('says so %s', (_how, readyState, byRequest) => {
    start({ transports: ['websocket'] });
    const dialled = world.dialled[0]!;
    dialled.tell('open');
    dialled.receive(resumable);
    dialled.readyState = readyState;
    world.hint('leave');
    // What is sent on one that is closed is lost, and no error.
    if (readyState === 1) expect(dialled.sent).toEqual(['1']);
    expect(world.asked.map(({ body }) => body)).toEqual(byRequest);
    expect(dialled.isClosed).toBe(true);
    expect(events).toEqual(closed('closed-here'));
  });
});

describe('polling that can resume', () => {
  let socket: Socket;

  beforeEach(() => {
    socket = start({ transports: ['polling'] });
    world.get.end(resumable);
  });

  it('says with each GET what was seen, and with each POST where it begins', () => {
    expect(world.asked[0]!.query).toEqual({ EIO: '4', transport: 'polling', resume: '1' });
    const session = { EIO: '4', transport: 'polling', sid: 'secret' };
    expect(world.get.query).toEqual({ ...session, seen: '0', turn: '1' });
    world.get.end('4a\x1e4b');
    expect(world.get.query).toEqual({ ...session, seen: '2', turn: '2' });
    expect(got).toEqual(['a', 'b']);
  });

  it('drops what it has seen already', () => {
    const first = world.get;
    first.chunk('4a\x1e4b');
    first.end();
    world.get.fail();
    expect(events).toContainEqual(['suspend', { code: 'transport-error' }]);
    expect(world.get.query).toMatchObject({ seen: '2', attach: '1' });
    world.get.end('60\x1e4c');
    expect(got).toEqual(['a', 'b', 'c']);
    expect(events).toContainEqual(['resume', { suspendedMs: 0, replayed: 0 }]);
  });

  it.each([
    [502, '<html>bad gateway</html>'],
    [503, '4not a packet'],
    [504, '<html>gateway timeout</html>'],
    [403, '<html>forbidden</html>'],
    [400, '{"code":3,"message":"Bad request"}'],
    [0, ''],
  ])('takes status %i for a lost transport, and nothing in it for a packet', (status, body) => {
    world.get.end(body, status);
    expect(got).toEqual([]);
    expect(events).toEqual(['open', ['suspend', { code: 'transport-error' }]]);
    world.get.end('60');
    expect(events.at(-1)).toEqual(['resume', expect.anything()]);
  });

  it('ends where the server knows the session no more', () => {
    world.get.end('{"code":1,"message":"Session ID unknown"}', 400);
    expect(events).toEqual(closed('session-unknown'));
    // A server that did not notice is told.
    expect(world.post.body).toMatch(/1$/);
    world.post.end('ok');
    expect(world.clock.pending).toBe(0);
  });

  it('comes back after waits that double, until the window has passed', () => {
    world.get.fail();
    const tries: number[] = [];
    while (!events.some((event) => Array.isArray(event) && event[0] === 'close')) {
      const before = world.asked.length;
      world.get.fail();
      while (world.asked.length === before && world.clock.now() < 30_000) world.clock.turn(50);
      tries.push(world.clock.now());
    }
    expect(tries.slice(0, 6)).toEqual([100, 300, 700, 1_500, 3_100, 5_100]);
    expect(events).toEqual(closed('window-passed'));
    expect(world.clock.pending).toBe(0);
  });

  it('takes a server for gone that is silent for an interval and a timeout', () => {
    world.clock.turn(1_499);
    expect(events).toEqual(['open']);
    world.clock.turn(1);
    expect(events).toContainEqual(['suspend', { code: 'heartbeat-missed' }]);
  });

  it('takes any byte for a sign of life, be it a message that takes long to arrive, and gives signs itself', () => {
    for (let second = 0; second < 10; second++) {
      world.clock.turn(1_000);
      world.get.chunk('4'.repeat(10));
      if (second === 0) continue;
      expect(world.post.body).toBe('20');
      world.post.end('ok');
    }
    expect(events).toEqual(['open']);
    expect(world.asked.filter(({ body }) => body === '20')).toHaveLength(9);
  });

  it('waits for the answer to a POST the longer, the larger that is', () => {
    socket.send('x'.repeat(900));
    for (let quarter = 0; quarter < 6; quarter++) {
      world.clock.turn(250);
      world.get.chunk('4');
    }
    world.clock.turn(200);
    expect(events).toEqual(['open']);
    world.clock.turn(50);
    expect(events).toContainEqual(['suspend', { code: 'transport-error' }]);
  });

  it('asks anew after a sleep, and does not condemn for what it could not hear', () => {
    world.clock.sleep(3_600_000);
    expect(events).toEqual(['open']);
    expect(world.post.body).toBe('20');
    world.get.end('30');
    world.clock.turn(1_400);
    expect(events).toEqual(['open']);
  });

  it('ends with the reason that the server told before', () => {
    world.get.end('6{"why":"journal-full"}\x1e1');
    expect(events).toEqual(closed('journal-full'));
  });

  it.each(['__proto__', 'constructor', 'nonsense', 'closed-here'])('makes nothing of the reason %s', (why) => {
    world.get.end(`6{"why":"${why}","unknown":{}}\x1e1`);
    expect(events).toEqual(closed('closed-by-peer'));
  });

  it.each(['6-1', '61e9', '6999', '2x', '3-', '0{}', '5', '9', '', '6{'])(
    'takes the bad packet %j for a broken transport, and nothing behind it for a message',
    (packet) => {
      world.get.end(`4before\x1e${packet}\x1e4behind`);
      expect(got).toEqual(['before']);
      expect(events.at(-1)).toEqual(['suspend', { code: expect.stringMatching(/^(malformed|transport-error)$/) }]);
      world.get.end('60\x1e4behind');
      expect(got).toEqual(['before', 'behind']);
    },
  );
});

describe('a POST that can be repeated', () => {
  it('says from which message it counts, and is sent again from what the server has seen', () => {
    const socket = start({ transports: ['polling'] });
    world.get.end(resumable);
    socket.send('a');
    expect(world.post).toMatchObject({ body: '4a', query: { from: '1' } });
    socket.send('b').send('c');
    world.post.fail();
    expect(world.get.query).toMatchObject({ attach: '1' });
    // It doesn't wait to be told what has arrived: what has is known by its number.
    expect(world.post).toMatchObject({ body: '4a\x1e4b\x1e4c', query: { from: '1' } });
    const posts = world.asked.length;
    world.get.end('61');
    expect(events).toContainEqual(['resume', { suspendedMs: 0, replayed: 1 }]);
    expect(socket.unconfirmed).toBe(2);
    world.post.end('ok');
    socket.send('d');
    expect(world.post).toMatchObject({ body: '4d', query: { from: '4' } });
    expect(world.asked).toHaveLength(posts + 2);
    world.get.end('64');
    expect(socket.unconfirmed).toBe(0);
  });

  it('goes out at once with what is sent between the loss and the attach', () => {
    const socket = start({ transports: ['polling'] });
    world.get.end(resumable);
    world.get.fail();
    socket.send('a');
    expect(world.post).toMatchObject({ body: '4a', query: { from: '1' } });
    expect(world.get.query).toMatchObject({ attach: '1' });
    world.get.end('60');
    world.post.end('ok');
    expect(socket.writeBuffer).toEqual([]);
    expect(world.asked.filter(({ body }) => body !== undefined)).toHaveLength(1);
  });

  it('ends where a message is too big for the server after all', () => {
    const socket = start({ transports: ['polling'] });
    world.get.end(resumable);
    socket.send('a');
    world.post.end('', 413);
    expect(events).toEqual(closed('too-big'));
  });
});

describe('streaming as text/event-stream', () => {
  const events = (...packets: string[]): string =>
    packets.map((packet) => `data: ${JSON.stringify(packet)}\n\n`).join('');

  beforeEach(() => {
    start({ transports: ['streaming'], eventStream: true });
    expect(world.get.query).toMatchObject({ transport: 'streaming', sse: '1' });
  });

  it('hands on each event as it arrives, however the stream is cut, and no comment of a proxy', () => {
    for (const unit of `${events(resumable)}: still here\n\n${events('4a\r\nb', '4c')}data: "4`) world.get.chunk(unit);
    expect(got).toEqual(['a\r\nb', 'c']);
  });

  it.each(['"4\\x"', '"x"', '{"4":0}', ''])('takes %j for a broken transport', (data) => {
    world.get.chunk(events(resumable));
    const stream = world.get;
    stream.chunk(`data: ${data}\n\n`);
    expect([got, stream.isAborted]).toEqual([[], true]);
  });
});

describe('streaming', () => {
  beforeEach(() => {
    start({ transports: ['streaming'] });
  });

  it('hands on each packet as it arrives, however the stream is cut', () => {
    for (const unit of `${resumable}\x1e4ä\x1e4b`) world.get.chunk(unit);
    expect(got).toEqual(['ä']);
    world.get.chunk('c\x1e');
    expect(got).toEqual(['ä', 'bc']);
  });

  it('goes on with another stream when one ends, and drops what was cut short', () => {
    world.get.chunk(`${resumable}\x1e4a\x1e4b`);
    world.get.end();
    expect(got).toEqual(['a']);
    expect(world.get.query).toMatchObject({ transport: 'streaming', seen: '1', turn: '1' });
    expect(world.get.query).not.toHaveProperty('attach');
    world.get.chunk('60\x1e4b\x1e');
    expect(got).toEqual(['a', 'b']);
    expect(events).toEqual(['open']);
  });

  it('leaves no request behind', () => {
    world.get.chunk(`${resumable}\x1e`);
    const { get } = world;
    get.fail();
    expect(events.at(-1)).toEqual(['suspend', { code: 'transport-error' }]);
    world.get.chunk('60\x1e');
    const open = world.get;
    get.chunk('4late\x1e');
    expect(got).toEqual([]);
    open.end('1\x1e');
    expect(events).toEqual(closed('closed-by-peer'));
    expect(world.clock.pending).toBe(0);
  });
});

it.each([
  ['as it is', false],
  ['as events', true],
])(
  'takes no longer for the end of a long packet than for its beginning, however a stream is cut: %s',
  (_how, eventStream) => {
    const write = (packet: string): string => (eventStream ? `data: ${JSON.stringify(packet)}\n\n` : `${packet}\x1e`);
    start({ transports: ['streaming'], eventStream });
    world.get.chunk(write(resumable));
    const letters = 'x'.repeat(200_000);
    // To look through all that has come at each piece would take a minute.
    const before = process.cpuUsage();
    for (const piece of write(`4${letters}`)) world.get.chunk(piece);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
    expect(got).toEqual([letters]);
  },
);

describe('climbing', () => {
  const offered = handshake({ resume: { window: 20_000 }, upgrades: ['websocket', 'streaming'] });

  it('moves to a WebSocket by a count, and sends on it only what the server lacks', async () => {
    const socket = start({});
    world.get.end(offered);
    const [ws] = world.dialled;
    expect(ws!.query).toEqual({ EIO: '4', transport: 'websocket', sid: 'secret', turn: '1' });
    ws!.tell('open');
    expect(ws!.sent).toEqual(['2probe']);
    world.get.end('4a');
    socket.send('x').send('y');
    ws!.receive('3probe');
    expect(ws!.sent.at(-1)).toBe('51');
    expect(socket.transport.name).toBe('polling');
    ws!.receive('61');
    expect(socket.transport.name).toBe('websocket');
    await heard(socket, 'drain');
    expect(ws!.sent.at(-1)).toBe('4y');
    expect(events).toContain('open');
    ws!.receive('4b');
    expect(got).toEqual(['a', 'b']);
    expect(events.filter((event) => Array.isArray(event) && event[0] === 'suspend')).toEqual([]);
  });

  it('moves to a stream whose first piece arrives while it is open', () => {
    const socket = start({ transports: ['polling', 'streaming'] });
    world.get.end(offered);
    const probe = world.asked.findLast(({ query }) => query['transport'] === 'streaming')!;
    expect(probe.query).not.toHaveProperty('seen');
    probe.chunk('3probe\x1e');
    expect(world.post).toMatchObject({ body: '50', query: { transport: 'streaming', from: '1' } });
    world.post.end('ok');
    probe.chunk('60\x1e4a\x1e');
    expect(socket.transport.name).toBe('streaming');
    expect(got).toEqual(['a']);
  });

  it('says nothing more by the old way once it has said how far it is, for that could be overtaken', () => {
    const socket = start({ transports: ['polling', 'streaming'] });
    world.get.end(offered);
    const [, probe, poll] = world.asked;
    socket.send('x');
    const before = world.post;
    expect(before).toMatchObject({ body: '4x', query: { transport: 'polling' } });
    probe!.chunk('3probe\x1e');
    const move = world.post;
    expect(move).toMatchObject({ body: '50', query: { transport: 'streaming' } });
    socket.send('y');
    before.end('ok');
    poll!.end('20\x1e4a');
    expect(got).toEqual(['a']);
    expect(world.post).toBe(move);
    move.end('ok');
    probe!.chunk('61\x1e');
    expect(world.post).toMatchObject({ body: '4y', query: { transport: 'streaming', from: '2' } });
  });

  it('is told by a probe, too, that the session is over', () => {
    start({ transports: ['polling', 'streaming'] });
    world.get.end(offered);
    const probe = world.asked.findLast(({ query }) => query['transport'] === 'streaming')!;
    probe.chunk('6{"why":"journal-full"}\x1e1\x1e');
    expect(events).toEqual(closed('journal-full'));
  });

  it('does not take what a probe hears for a sign that the session lives', () => {
    start({ transports: ['polling', 'streaming'] });
    world.get.end(offered);
    world.clock.turn(1_000);
    world.asked.findLast(({ query }) => query['transport'] === 'streaming')!.chunk('no', 502);
    world.clock.turn(500);
    expect(events.at(-1)).toEqual(['suspend', { code: 'heartbeat-missed' }]);
  });

  it('is not fooled by a stream that was held back to its end', () => {
    const socket = start({ transports: ['polling', 'streaming'] });
    world.get.end(offered);
    const probe = world.asked.findLast(({ query }) => query['transport'] === 'streaming')!;
    probe.end('3probe\x1e');
    expect(socket.transport.name).toBe('polling');
    expect(socket.readyState).toBe('open');
  });

  it.each([
    ['closes', (ws: Dialled) => ws.tell('close')],
    ['fails', (ws: Dialled) => ws.tell('error')],
    ['answers something else', (ws: Dialled) => ws.receive('4no')],
    ['is silent', () => world.clock.turn(8_000)],
  ])('finds out where the session is when a WebSocket %s in the midst of the move', (_what, happens) => {
    const socket = start({ transports: ['polling', 'websocket'] });
    world.get.end(handshake({ resume: { window: 20_000 }, upgrades: ['websocket'], pingInterval: 60_000 }));
    const [ws] = world.dialled;
    ws!.tell('open');
    ws!.receive('3probe');
    happens(ws!);
    expect(world.get.query).toMatchObject({ transport: 'polling', seen: '0', attach: '1' });
    world.get.end('60');
    expect(socket.readyState).toBe('open');
    expect(events.at(-1)).toEqual(['resume', expect.anything()]);
  });
});

describe('closing', () => {
  const offered = handshake({ resume: { window: 20_000 }, upgrades: ['streaming'] });

  it('waits for a POST under way, and says goodbye after it', () => {
    const socket = start({ transports: ['polling'] });
    world.get.end(resumable);
    socket.send('a').close();
    expect(world.post.body).toBe('4a');
    world.post.end('ok');
    expect(world.post.body).toMatch(/1$/);
    expect(events).toEqual(closed('closed-here'));
  });

  it('is done even if the session moves meanwhile', () => {
    const socket = start({ transports: ['polling', 'streaming'] });
    world.get.end(offered);
    const probe = world.asked.findLast(({ query }) => query['transport'] === 'streaming')!;
    probe.chunk('3probe\x1e');
    socket.send('a').close();
    expect(socket.readyState).toBe('closing');
    const move = world.post;
    probe.chunk('60\x1e');
    expect(events).not.toEqual(closed('closed-here'));
    move.end('ok');
    expect(world.post.body).toBe('4a');
    world.post.end('ok');
    expect(world.post.body).toMatch(/1$/);
    expect(events).toEqual(closed('closed-here'));
  });

  it('is done even if the transport is lost meanwhile', () => {
    const socket = start({ transports: ['polling'] });
    world.get.end(resumable);
    socket.send('a').close();
    world.post.fail();
    expect(events).toEqual(closed('closed-here'));
    expect(world.clock.pending).toBe(1);
    world.post.end('ok');
    expect(world.clock.pending).toBe(0);
  });
});

describe('plain Engine.IO 4', () => {
  it('stops polling before it moves, and sends a bare 5', () => {
    const socket = start({});
    world.get.end(handshake({ upgrades: ['websocket'] }));
    const poll = world.get;
    expect(poll.query).toEqual({ EIO: '4', transport: 'polling', sid: 'secret' });
    socket.send('a');
    const [ws] = world.dialled;
    ws!.tell('open');
    ws!.receive('3probe');
    socket.send('b');
    expect(ws!.sent).toEqual(['2probe']);
    poll.end('4late');
    expect(ws!.sent).toEqual(['2probe']);
    world.post.end('ok');
    expect(ws!.sent).toEqual(['2probe', '5']);
    expect(got).toEqual(['late']);
    expect(world.asked.filter(({ body }) => body === undefined)).toHaveLength(2);
  });

  it.each(['0', '0{', '0{}', '0null', '0{"sid":"secret"}', '0{"upgrades":[]}', '4hello'])(
    'takes %s for no handshake, and says so',
    (body) => {
      const socket = start({ transports: ['polling'] });
      const errors: string[] = [];
      socket.on('error', (error) => errors.push((error as Error).message));
      world.get.end(body);
      expect(errors).toEqual(['malformed handshake']);
      expect(socket.readyState).toBe('closed');
    },
  );

  it('opens with all that was sent ahead in one POST', () => {
    const socket = start({ transports: ['polling'] });
    socket
      .send('a')
      .send(new Uint8Array([1]))
      .send('b');
    world.get.end(handshake());
    expect(world.post.body).toBe('4a\x1ebAQ==\x1e4b');
  });

  it('takes a number for an id', () => {
    const socket = start({ transports: ['polling'] });
    world.get.end(handshake({ sid: 7 }));
    expect([socket.id, world.get.query['sid']]).toEqual(['7', '7']);
  });

  it.each([
    ['polling', 'without resume', handshake()],
    ['polling', 'with resume', resumable],
    ['websocket', 'without resume', handshake()],
    ['websocket', 'with resume', resumable],
  ])('says nothing after the end, but goodbye, when a listener of handshake closes: %s %s', (name, _how, first) => {
    const socket = start({ transports: [name] });
    socket.on('handshake', () => socket.close());
    const [ws] = world.dialled;
    ws?.tell('open');
    if (ws) ws.receive(first);
    else world.get.end(first);
    expect(events).toEqual([['close', expect.anything()]]);
    expect(socket.readyState).toBe('closed');
    expect(ws ? ws.isClosed : world.post.body).toBe(ws ? true : '1');
    world.post?.end('ok');
    expect(world.clock.pending).toBe(0);
  });

  it('says no goodbye over a WebSocket but that of the closing handshake', () => {
    const socket = start({ transports: ['websocket'] });
    const [ws] = world.dialled;
    ws!.tell('open');
    ws!.receive(handshake());
    socket.close();
    expect([ws!.isClosed, ws!.sent]).toEqual([true, []]);
  });

  it.each([
    ['the application closes its transport', (socket: Socket) => socket.transport.close(), '1'],
    ['the server closes it', () => world.get.end('1'), undefined],
  ])('says goodbye where it ends: %s', (_how, end, goodbye) => {
    const socket = start({ transports: ['polling'] });
    world.get.end(handshake());
    end(socket);
    expect(events).toEqual(['open', ['close', expect.anything()]]);
    expect((world.post as Asked | undefined)?.body).toBe(goodbye);
  });

  it('never asks a server that would not answer, and ends with its transport', () => {
    start({ transports: ['polling'] });
    world.get.end(handshake());
    world.clock.sleep(10_000);
    expect(world.post).toBeUndefined();
    world.get.fail();
    expect(events).toEqual(closed('transport-error'));
    world.post.fail();
    expect(world.clock.pending).toBe(0);
  });
});
