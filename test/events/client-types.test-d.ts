/** What TypeScript knows of an application's events: checked by `npm run check`, which fails where a line here is wrong. */
import { assertType, describe, expectTypeOf, it } from 'vitest';
import {
  connect,
  io,
  Manager,
  Socket,
  type ManagerOptions,
  type SocketOptions,
  type SocketReservedEvents,
} from '../../client/index.ts';
import type { DefaultEventsMap } from '../../shared/emitter.ts';

interface ServerToClient {
  news: (title: string, pages: number) => void;
  ask: (question: string, answer: (text: string, sure: boolean) => void) => void;
  nothing: () => void;
}

interface ClientToServer {
  say: (text: string) => void;
  count: (upTo: number, done: (sum: number) => void) => void;
}

declare const socket: Socket<ServerToClient, ClientToServer>;
declare const untyped: Socket;

describe('io', () => {
  it('gives a socket that can be named by the application’s events', () => {
    const typed: Socket<ServerToClient, ClientToServer> = io();
    expectTypeOf(typed.io).toEqualTypeOf<Manager<ServerToClient, ClientToServer>>();
    expectTypeOf(io).toEqualTypeOf(connect);
    expectTypeOf(io()).toEqualTypeOf<Socket<DefaultEventsMap, DefaultEventsMap>>();
    assertType<Socket>(io('http://localhost', { transports: ['websocket'], auth: { token: 'x' } }));
    assertType<Socket>(io({ auth: (answer) => answer({ token: 'x' }), reconnectionDelay: 10 }));
    // @ts-expect-error there is no such transport option
    io({ reconnectionDelay: '10' });
  });

  it('takes an interface for auth, and for the options', () => {
    interface Credentials {
      token: string;
    }
    const auth: Credentials = { token: 'x' };
    const options: Partial<ManagerOptions & SocketOptions> = { auth };
    assertType<Socket>(io(options));
  });
});

describe('on', () => {
  it('types the listener by the event', () => {
    socket.on('news', (title, pages) => {
      expectTypeOf(title).toEqualTypeOf<string>();
      expectTypeOf(pages).toEqualTypeOf<number>();
    });
    socket.once('ask', (question, answer) => {
      expectTypeOf(question).toEqualTypeOf<string>();
      expectTypeOf(answer).toEqualTypeOf<(text: string, sure: boolean) => void>();
    });
    socket.on('connect', () => {});
    socket.on('connect_error', (error) => expectTypeOf(error.message).toEqualTypeOf<string>());
    socket.on('disconnect', (reason, details) => {
      expectTypeOf(reason).toEqualTypeOf<Socket.DisconnectReason>();
      if (details instanceof Error) return;
      expectTypeOf(details?.description).toEqualTypeOf<string | undefined>();
    });
    socket.on('news', () => {}, { signal: AbortSignal.timeout(1) });
  });

  it('refuses what the events don’t have', () => {
    // @ts-expect-error no such event
    socket.on('nothing at all', () => {});
    // @ts-expect-error an event of the other direction
    socket.on('say', () => {});
    // @ts-expect-error pages are a number
    socket.on('news', (_title: string, _pages: string) => {});
    expectTypeOf<Parameters<typeof socket.hasListeners>[0]>().toEqualTypeOf<
      'news' | 'ask' | 'nothing' | keyof SocketReservedEvents
    >();
  });

  it('takes any event where none are named', () => {
    untyped.on('whatever', (one, two) => expectTypeOf([one, two]).toBeArray());
    untyped.emit('whatever', 1, 'two', {}, () => {});
    expectTypeOf(untyped.emitWithAck('whatever', 1)).resolves.toBeAny();
  });

  it('types the manager’s own events', () => {
    socket.io.on('reconnect', (attempt) => expectTypeOf(attempt).toEqualTypeOf<number>());
    socket.io.on('error', (error) => expectTypeOf(error).toExtend<Error>());
    // @ts-expect-error no such event
    socket.io.on('news', () => {});
  });
});

describe('emit', () => {
  it('types the arguments and the acknowledgement', () => {
    expectTypeOf(socket.emit('say', 'x')).toEqualTypeOf<typeof socket>();
    socket.emit('count', 3, (sum) => expectTypeOf(sum).toEqualTypeOf<number>());
    // @ts-expect-error texts only
    socket.emit('say', 1);
    // @ts-expect-error an event of the other direction
    socket.emit('news', 'x', 1);
    // @ts-expect-error the argument is missing
    socket.emit('say');
  });

  it('puts an error first where there is a timeout', () => {
    socket.timeout(10).emit('count', 3, (error, sum) => {
      expectTypeOf(error).toEqualTypeOf<Error>();
      expectTypeOf(sum).toEqualTypeOf<number>();
    });
    untyped.timeout(10).emit('count', (error: Error | null, ...answer: unknown[]) => [error, answer]);
  });

  it('resolves emitWithAck with the type of the acknowledgement, with a timeout or without', () => {
    expectTypeOf(socket.emitWithAck('count', 3)).resolves.toEqualTypeOf<number>();
    expectTypeOf(socket.timeout(10).emitWithAck('count', 3)).resolves.toEqualTypeOf<number>();
    // @ts-expect-error numbers only
    void socket.emitWithAck('count', 'x');
  });

  it('can be chained with its modifiers', () => {
    expectTypeOf(socket.volatile).toEqualTypeOf<typeof socket>();
    expectTypeOf(socket.compress(false)).toEqualTypeOf<typeof socket>();
    socket.compress(true).volatile.emit('say', 'x');
  });
});

describe('a manager', () => {
  it('has settings that are read without a value and chained with one', () => {
    const manager = new Manager('http://localhost', { autoConnect: false });
    expectTypeOf(manager.reconnection()).toEqualTypeOf<boolean>();
    expectTypeOf(manager.reconnectionAttempts(3).reconnectionDelay(1)).toEqualTypeOf<Manager>();
    expectTypeOf(manager.timeout()).toEqualTypeOf<number | boolean>();
    expectTypeOf(
      manager.open((error) => expectTypeOf(error).toEqualTypeOf<Error | undefined>()),
    ).toEqualTypeOf<Manager>();
    expectTypeOf(manager.socket('/chat')).toEqualTypeOf<Socket>();
  });

  it('is what a socket can be made of', () => {
    expectTypeOf(new Socket(new Manager(), '/chat')).toEqualTypeOf<Socket>();
  });
});

describe('what is more than in Socket.IO', () => {
  it('has types as well', () => {
    expectTypeOf(socket.flushed()).toEqualTypeOf<Promise<void>>();
    expectTypeOf(socket.unconfirmed).toEqualTypeOf<number>();
    socket.on('resume', ({ suspendedMs, replayed }) => expectTypeOf([suspendedMs, replayed]).toEqualTypeOf<number[]>());
    socket.on('transport', ({ name }) => expectTypeOf(name).toEqualTypeOf<string>());
    for (const { transport, meaning } of socket.io.explain())
      expectTypeOf([transport, meaning]).toEqualTypeOf<string[]>();
  });
});
