/** STOMP's own client on our WebSocket, against a small responder on our server. */
import { Client } from '@stomp/stompjs';
import { describe, expect, it, onTestFinished } from 'vitest';

import { WebSocket } from '../../websocket.ts';
import type { ServerWebSocket } from '../../websocket.ts';
import { serve } from './stage.ts';

const SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

/** A frame of STOMP 1.2: command, headers, body, NUL. */
interface StompFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function parse(text: string): StompFrame {
  const [head = '', body = ''] = text.replace(/\0.*$/s, '').split('\n\n');
  const [command = '', ...lines] = head.split('\n');
  return { command, headers: Object.fromEntries(lines.map((line) => line.split(/:(.*)/s) as [string, string])), body };
}

function format(command: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}

/** Enough of a broker for one client: what it sends to a destination comes back to its subscription. */
function respond(socket: ServerWebSocket): void {
  const subscriptions = new Map<string, string>();
  socket.on('message', (data: Buffer) => {
    const { command, headers, body } = parse(data.toString());
    if (command === 'CONNECT') socket.send(format('CONNECTED', { version: '1.2', 'heart-beat': '0,0' }));
    if (command === 'SUBSCRIBE') subscriptions.set(headers['destination']!, headers['id']!);
    if (command === 'SEND') {
      const subscription = subscriptions.get(headers['destination']!)!;
      socket.send(format('MESSAGE', { subscription, 'message-id': '1', destination: headers['destination']! }, body));
    }
    if (headers['receipt'] !== undefined) socket.send(format('RECEIPT', { 'receipt-id': headers['receipt'] }));
  });
}

describe('@stomp/stompjs', () => {
  it('exchanges frames through our WebSocket and our server', async () => {
    const stage = await serve({
      handleProtocols: (protocols) => SUBPROTOCOLS.find((protocol) => protocols.has(protocol)) ?? false,
    });
    const accepted = stage.accepted();
    stage.server.on('connection', respond);
    const client = new Client({ webSocketFactory: () => new WebSocket(stage.url, SUBPROTOCOLS), reconnectDelay: 0 });
    onTestFinished(() => client.deactivate());
    const connected = new Promise<void>((resolve) => (client.onConnect = () => resolve()));
    client.activate();
    await connected;
    expect((await accepted).protocol).toBe('v12.stomp');

    const received: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.subscribe('/topic/greetings', ({ body }) => {
        if (received.push(body) === 3) resolve();
      });
    });
    for (const body of ['one', 'zwei ü', 'x'.repeat(100_000)])
      client.publish({ destination: '/topic/greetings', body });
    await all;
    expect(received.map((body) => body.length)).toEqual([3, 6, 100_000]);
    const closed = new Promise<{ code: number }>((resolve) => (client.onWebSocketClose = resolve));
    await client.deactivate();
    // It closes without a code.
    expect((await closed).code).toBe(1005);
  });
});
