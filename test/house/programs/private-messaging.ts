import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Server, type DefaultEventsMap } from 'socket.io';
import { io as connect, type Socket as ClientSocket } from 'socket.io-client';

interface Session {
  sessionID: string;
  userID: string;
  username: string;
}

interface Listed {
  readonly userID: string;
  readonly username: string;
  readonly connected: boolean;
}

interface Message {
  readonly content: string;
  readonly from: string;
  readonly to: string;
}

interface ServerEvents {
  session: (session: { sessionID: string; userID: string }) => void;
  users: (users: Listed[]) => void;
  'user connected': (user: Listed) => void;
  'user disconnected': (userID: string) => void;
  'private message': (message: Message) => void;
}

interface ClientEvents {
  'private message': (message: { content: string; to: string }) => void;
}

type Tab = ClientSocket<ServerEvents, ClientEvents>;

async function main(): Promise<void> {
  const http = createServer();
  const io = new Server<ClientEvents, ServerEvents, DefaultEventsMap, Session>(http, {
    cors: { origin: 'http://localhost:8080' },
  });
  const sessions = new Map<string, Session & { isConnected: boolean }>();
  const randomId = (): string => randomBytes(8).toString('hex');

  io.use((socket, next) => {
    const { sessionID, username } = socket.handshake.auth as Partial<Session>;
    const known = sessionID === undefined ? undefined : sessions.get(sessionID);
    if (known) socket.data = known;
    else if (username) socket.data = { sessionID: randomId(), userID: randomId(), username };
    else return next(new Error('invalid username'));
    return next();
  });

  io.on('connection', async (socket) => {
    const { sessionID, userID, username } = socket.data;
    sessions.set(sessionID, { sessionID, userID, username, isConnected: true });
    await socket.join(userID);
    socket.emit('session', { sessionID, userID });
    socket.emit(
      'users',
      [...sessions.values()].map((one) => ({ userID: one.userID, username: one.username, connected: one.isConnected })),
    );
    socket.broadcast.emit('user connected', { userID, username, connected: true });
    socket.on('private message', ({ content, to }) => {
      // To the other one's tabs, and to one's own others.
      socket.to(to).to(userID).emit('private message', { content, from: userID, to });
    });
    socket.on('disconnect', async () => {
      const others = await io.in(userID).fetchSockets();
      if (others.length > 0) return;
      socket.broadcast.emit('user disconnected', userID);
      sessions.set(sessionID, { sessionID, userID, username, isConnected: false });
    });
  });
  await once(http.listen(0), 'listening');
  const url = `http://localhost:${(http.address() as AddressInfo).port}`;

  const open = (auth: Partial<Session>): Tab => {
    const tab: Tab = connect(url, { forceNew: true, autoConnect: false });
    tab.auth = auth;
    return tab.connect();
  };
  const heard = <E extends keyof ServerEvents>(tab: Tab, event: E): Promise<Parameters<ServerEvents[E]>[0]> =>
    once(tab as unknown as NodeJS.EventEmitter, event).then(([given]) => given as Parameters<ServerEvents[E]>[0]);

  const stranger = open({});
  const refusal = await new Promise<Error>((resolve) => stranger.once('connect_error', resolve));

  const ann = open({ username: 'ann' });
  const annIs = await heard(ann, 'session');
  const joined = heard(ann, 'user connected');
  const bob = open({ username: 'bob' });
  const bobIs = await heard(bob, 'session');
  const secondTab = open({ sessionID: bobIs.sessionID });
  const [session, users] = await Promise.all([heard(secondTab, 'session'), heard(secondTab, 'users')]);
  const sameUser = session.userID === bobIs.userID;
  const listed = users.map(({ username, connected }) => [username, connected]);

  const toBob = Promise.all([heard(bob, 'private message'), heard(secondTab, 'private message')]);
  ann.emit('private message', { content: 'for bob', to: bobIs.userID });
  const got = (await toBob).map(({ content, from }) => [content, from === annIs.userID]);
  const toAnn = Promise.all([heard(ann, 'private message'), heard(secondTab, 'private message')]);
  bob.emit('private message', { content: 'for ann', to: annIs.userID });
  const answered = (await toAnn).map(({ content }) => content);

  const left = heard(ann, 'user disconnected');
  bob.disconnect();
  secondTab.disconnect();
  const isBob = (await left) === bobIs.userID;
  const report = { refusal: refusal.message, joined: (await joined).username, sameUser, listed, got, answered, isBob };
  console.log(JSON.stringify(report));
  for (const tab of [stranger, ann]) tab.disconnect();
  await io.close();
}

void main();
