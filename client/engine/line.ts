/**
 * What a session runs on: its core, its watchdog, its ladder and the transport that carries it, from `open` to `close`.
 *
 * What each of them decides is theirs. Here they are joined, and told what transports and the page say; `emit` tells the
 * application. Nothing is emitted after `close`.
 */
import debug from 'debug';
import { own } from '../../shared/emitter.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { Watchdog } from '../../shared/engine/heartbeat.ts';
import { type ReasonCode, reasons } from '../../shared/engine/reason.ts';
import { type ResumeTerms, SessionCore } from '../../shared/engine/session.ts';
import { protocol } from '#client/codec';
import { payloadBytes } from './byte-length.ts';
import type { PageHint } from './environment.ts';
import { handshakeOf, takeLeave } from './handshake.ts';
import { createLadder } from './ladder.ts';
import type { TransportCtor } from './options.ts';
import type { Socket } from './socket.ts';
import type { Emit } from './socket-events.ts';
import type { RungReason } from './meanings.ts';
import { note, whyFailed } from './timeline.ts';
import type { Joining, Transport, TransportCloseDetails, TransportReservedEvents } from './transport.ts';
import { refusal } from './transport-error.ts';

const log = debug('throughline:engine:client');

/** How long the server may take to answer when it is asked whether it is there (ms). */
const ASK_MS = 5_000;

/** What is kept of messages on their way, and after how many seen the server is told so. */
const terms = { maxPackets: 10_000, maxBytes: 16 * 2 ** 20, reportPackets: 16, reportBytes: 65_536 };

/**
 * Opens a session for `socket`, on the first of its transports.
 *
 * @returns what closes it, once it says that it is closing, when what is on its way has left
 */
export function openLine(
  socket: Socket,
  names: string[],
  classes: Readonly<Record<string, TransportCtor>>,
  emit: Emit,
): () => void {
  const { opts, environment } = socket;
  const { clock, memory } = environment;
  /** For what a way proves itself. */
  const place = `${opts.hostname} ${names.join()}`;
  let watchdog: Watchdog | undefined;
  let turn = 0;
  /** Why the server is about to end the session, as it said itself. */
  let told: string | undefined;
  /** What the transport said when it ended. */
  let ending: TransportCloseDetails | Error | undefined;

  const core = (socket.core = new SessionCore(
    clock,
    {
      message(data) {
        // Where nobody listens, its owner, who takes what comes, is told without the detour by an event's name.
        if (socket.isHeard) {
          emit('data', data);
          emit('message', data);
        } else socket.owner?.data!(data);
      },
      control({ move, why, large }) {
        if (large) watchdog?.awaits(large);
        if (move) ladder.move(move.within);
        told = why ?? told;
      },
      suspended(code) {
        watchdog?.stop();
        note(socket.timeline, socket.transport, 'lost', code);
        emit('suspend', { code });
        closeWhenIdle();
        ladder.fell();
      },
      resumed(suspendedMs, replayed) {
        emit('resume', { suspendedMs, replayed });
      },
      drained() {
        if (socket.isHeard) emit('flush');
      },
      closed: onClosed,
    },
    payloadBytes,
  ));

  const counts = {
    patienceMs: 0,
    turn: () => ++turn,
    seen() {
      core.told();
      return core.seen;
    },
    taken: () => core.transport && watchdog?.taken(ladder.atLeast(ASK_MS)),
  };

  const ladder = createLadder(socket, emit, {
    isArriving: () => !!watchdog?.isMidway,
    create,
    adopt,
    failed(transport, wasAttaching, why, detail) {
      note(socket.timeline, transport, why, detail);
      const end = refusal(detail);
      if (end) core.end(end);
      else if (!wasAttaching)
        emit('upgradeError', Object.assign(new Error(`probe error: ${why}`), { transport: transport.name }));
      closeWhenIdle();
    },
  });

  function create(name: string, joins?: Joining): Transport {
    const transport = new classes[name]!({
      ...opts,
      ...opts.transportOptions[name],
      query: { ...opts.query, EIO: protocol, transport: name, ...(socket.id && { sid: socket.id }) },
      socket,
      joins,
      counts: core.resumable ? counts : undefined,
    } as never);
    own<TransportReservedEvents>(transport, {
      packet: (packet) => onPacket(transport, packet),
      heard: (isMidway) => transport === socket.transport && watchdog?.heard(isMidway),
      error: (error) => onLost(transport, 'transport-error', error),
      close: (details) => onLost(transport, 'transport-closed', details),
      drain: () => onDrain(transport),
    });
    return transport;
  }

  function onDrain(transport: Transport): void {
    if (transport !== socket.transport) return;
    socket.writeBuffer.splice(0, socket.writeBuffer.length - core.waiting);
    core.flush();
    if (socket.isHeard && !socket.writeBuffer.length) emit('drain');
    closeWhenIdle();
  }

  /** Opens the session on the first transport. */
  function start(name: string | undefined): void {
    if (name && classes[name]) {
      socket.transport = create(name);
      socket.transport.open();
    } else clock.after(0, () => emit('error', 'No transports available'));
  }

  /** Another transport carries the session from now on. @param seen - how many messages a server of ours has seen */
  function adopt(transport: Transport, why: RungReason, seen: number | undefined): void {
    socket.transport = transport;
    ending = undefined;
    watchdog?.start();
    core.attach(socket.transport, seen);
    if (core.stateName === 'closed') return;
    if (why === 'climbed') {
      memory.proven.set(place, transport.name);
      emit('upgrade', transport);
    }
    announce(why);
    // What had left by the old one is done with.
    if (transport.writable) onDrain(transport);
  }

  function announce(why: RungReason): void {
    const { name } = socket.transport;
    memory.priorWebsocketSuccess = name === 'websocket';
    note(socket.timeline, socket.transport, why);
    emit('transport', { name, why });
  }

  function onPacket(transport: Transport, packet: Packet): void {
    if (transport !== socket.transport) return ladder.hears(transport, packet);
    const { type } = packet;
    if (core.stateName === 'closed') return;
    watchdog?.heard();
    if (socket.isHeard) {
      emit('packet', packet);
      emit('heartbeat');
    }
    if (type === 'error') onLost(transport, 'transport-error', new Error('server error'));
    else if (core.stateName === 'opening') onHandshake(packet);
    else if (!core.receive(packet, transport.lane)) core.lose(socket.transport, 'malformed');
    if (type === 'ping') {
      emit('packetCreate', { type: 'pong', options: { compress: true } });
      emit('ping');
      emit('pong');
    }
  }

  function onHandshake(packet: Packet): void {
    const { transport, writeBuffer: early } = socket;
    const data = handshakeOf(packet);
    if (!data) return onLost(transport, 'malformed', new Error('malformed handshake'));
    log('%j: open', data.sid.slice(0, 6));
    emit('handshake', data);
    if (core.stateName === 'closed') return;
    socket.upgrades = data.upgrades.filter((name) => names.includes(name));
    const { sid, pingInterval, pingTimeout, maxPayload, resume } = data;
    transport.query['sid'] = socket.id = sid;
    socket.maxPayload = maxPayload || Infinity;
    watchdog = new Watchdog(
      clock,
      { ping: () => core.resumable && core.ping(), lost: () => core.lose(socket.transport, 'heartbeat-missed') },
      pingInterval,
      pingTimeout,
    );
    watchdog.start();
    let agreed: ResumeTerms | undefined;
    if (resume && opts.resume !== false) {
      counts.patienceMs = pingInterval + pingTimeout;
      transport.counts = counts;
      agreed = { ...terms, ...opts.resume, windowMs: resume.window };
    }
    const isClosing = socket.readyState === 'closing';
    socket.readyState = 'open';
    core.open(socket.transport, agreed, () => {
      announce('opened');
      for (const { data: message, options } of early) {
        try {
          socket.assertFits(message!);
          core.send(message!, options);
        } catch (error) {
          emit('error', error as Error);
        }
      }
      emit('open');
      if (isClosing) socket.close();
    });
    ladder.start(
      names.filter(
        (name) => name !== 'polling' && (name === transport.name || (opts.upgrade && socket.upgrades.includes(name))),
      ),
      names.includes('polling') ? 'polling' : transport.name,
      memory.proven.get(place),
      (pingInterval + pingTimeout) / 3,
    );
  }

  /** A transport ended by itself. */
  function onLost(transport: Transport, why: ReasonCode, detail?: TransportCloseDetails | Error): void {
    if (transport !== socket.transport) return ladder.lost(transport, whyFailed(detail), detail);
    if (core.stateName === 'closed') return;
    const isError = detail instanceof Error;
    ending = detail;
    if (core.stateName === 'opening') {
      note(socket.timeline, transport, whyFailed(detail), detail);
      memory.priorWebsocketSuccess = false;
      if (isError && opts.tryAllTransports && names.length > 1) {
        names.shift();
        start(names[0]);
        transport.close();
        return;
      }
    }
    const end = refusal(detail);
    if (isError && !core.resumable) emit('error', detail);
    if (end || !core.resumable) core.end(end ?? why);
    else core.lose(socket.transport, why);
  }

  function onHint(hint: PageHint): void {
    const { transport } = socket;
    if (hint === 'leave') {
      if (!core.transport || transport.farewell(core.next)) leaveByRequest();
      core.end('closed-here');
    } else if (!core.resumable) {
      // A plain session can't come back, and there is no question that its server would answer.
    } else if (hint === 'hide') {
      ladder.sleep();
      core.lose(socket.transport, 'transport-closed');
    } else {
      // Behind a large upload the question would wait its turn, and silence say nothing.
      if (core.transport && transport.writable) {
        core.ping();
        watchdog?.expect(ladder.atLeast(ASK_MS));
      }
      ladder.wake();
    }
  }

  function onClosed(why: ReasonCode, description: string): void {
    const { word, by } = reasons[why];
    const isTold = by === 'peer' && told !== 'closed-here' && Object.hasOwn(reasons, told ?? '');
    const code = isTold ? (told as ReasonCode) : why;
    const { again } = reasons[code];
    const { transport } = socket;
    const details = ending ?? { description: description || code };
    if (socket.id) Object.assign(details, { code, by, again });
    log('%s: closed, %s by %s', socket.id?.slice(0, 6), code, by);
    const isUnopened = why === 'closed-here' && !socket.id;
    socket.readyState = 'closed';
    socket.id = undefined;
    unwatch();
    watchdog?.stop();
    ladder.stop();
    // There is none where no name that was given has a transport.
    if (isUnopened && transport) takeLeave(transport, clock, counts);
    else transport?.close();
    const unsent = socket.writeBuffer.length;
    emit('close', word, details);
    // Who is told of the end may look at what has not left; what a listener that opened anew has sent since stays.
    socket.writeBuffer.splice(0, unsent);
  }

  /** Closes where that is asked for, as soon as nothing is on its way any more. */
  function closeWhenIdle(): void {
    // A plain session's move has begun by stopping the old transport: it is done before anything else.
    const isBusy =
      core.transport && (!socket.transport.writable || core.waiting || (ladder.isMoving() && !core.resumable));
    if (socket.readyState !== 'closing' || isBusy) return;
    if (!core.transport) leaveByRequest();
    core.end('closed-here');
  }

  /** Where nothing carries the session, a request of its own may get through, and spare the server the wait. */
  function leaveByRequest(): void {
    if (core.resumable && classes['polling']) create('polling').farewell(core.next);
  }

  const unwatch = environment.watchPage(onHint, opts);
  start(memory.priorWebsocketSuccess && opts.rememberUpgrade && names.includes('websocket') ? 'websocket' : names[0]);

  return closeWhenIdle;
}
