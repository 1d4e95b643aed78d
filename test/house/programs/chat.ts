import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Server } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';

/** As the tutorial has it: each message is kept under its client's own number for it, and told with ours. */
const messages: { readonly offset: string; readonly text: string }[] = [];

async function main(): Promise<void> {
  const http = createServer((_request, response) => response.end('the page'));
  const io = new Server(http, { connectionStateRecovery: {} });

  io.on('connection', (socket) => {
    socket.on('chat message', (text: string, offset: string, done: () => void) => {
      if (!messages.some((message) => message.offset === offset)) {
        messages.push({ offset, text });
        io.emit('chat message', text, messages.length);
      }
      done();
    });
    socket.on('typing', (isTyping: boolean) => socket.broadcast.emit('typing', socket.id, isTyping));
    if (!socket.recovered) {
      const { serverOffset } = socket.handshake.auth as { serverOffset: number };
      for (const [at, { text }] of messages.entries())
        if (at >= serverOffset) socket.emit('chat message', text, at + 1);
    }
  });
  await once(http.listen(0), 'listening');
  const url = `http://localhost:${(http.address() as AddressInfo).port}`;

  interface Visitor {
    readonly socket: Socket;
    readonly heard: string[];
    say(text: string): Promise<void>;
  }
  function visit(name: string): Visitor {
    const auth = { serverOffset: 0 };
    const socket = connect(url, { forceNew: true, auth, ackTimeout: 5_000, retries: 3, reconnectionDelay: 10 });
    const heard: string[] = [];
    let count = 0;
    socket.on('chat message', (text: string, offset: number) => {
      heard.push(text);
      auth.serverOffset = offset;
    });
    const say = (text: string): Promise<void> =>
      new Promise((resolve) => socket.emit('chat message', text, `${name}-${count++}`, () => resolve()));
    return { socket, heard, say };
  }
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  const [ann, bob] = [visit('ann'), visit('bob')];
  await until(() => ann.socket.connected && bob.socket.connected);
  const typing = once(bob.socket as unknown as NodeJS.EventEmitter, 'typing');
  // With retries every event waits for its answer, but for volatile ones; one of those may be lost.
  const keys = setInterval(() => ann.socket.volatile.emit('typing', true), 20);
  const isTyping = ((await typing) as unknown[])[1];
  clearInterval(keys);
  await ann.say('hello');
  await until(() => bob.heard.length === 1);

  // Bob's network goes, and he hears the rest when it is back.
  bob.socket.io.engine.close();
  await until(() => !bob.socket.connected);
  await ann.say('are you there?');
  await bob.say('I am back');
  await until(() => ann.heard.length === 3 && bob.heard.length === 3);
  const late = visit('late');
  await until(() => late.heard.length === 3);

  console.log(JSON.stringify({ isTyping, ann: ann.heard, bob: bob.heard, late: late.heard, kept: messages.length }));
  for (const { socket } of [ann, bob, late]) socket.disconnect();
  await io.close();
}

void main();
