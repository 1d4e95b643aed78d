/** A session through something, and what becomes of it: messages with acks both ways, its transports, each `disconnect`. */
import { once } from 'node:events';
import { receiveCounted, sendCounted } from './counted.ts';
import { ours, type ClientOptions, type ClientSocket, type Served, type ServerSocket } from './ends.ts';
import { Ledger, type Verdict } from './ledger.ts';

export class Conversation {
  readonly client: ClientSocket;
  readonly socket: ServerSocket;
  /** `disconnect` events of either end. */
  readonly disconnects: readonly string[];
  private ledgers: { readonly up: Ledger; readonly down: Ledger; readonly progress: () => void } | undefined;

  private constructor(client: ClientSocket, socket: ServerSocket) {
    this.client = client;
    this.socket = socket;
    const disconnects: string[] = [];
    this.disconnects = disconnects;
    client.on('disconnect', (reason) => disconnects.push(`client: ${reason}`));
    socket.on('disconnect', (reason) => disconnects.push(`server: ${reason}`));
    receiveCounted(client, (number) => this.arrived('down', number));
    receiveCounted(socket, (number) => this.arrived('up', number));
  }

  /** Connects our client to `port`, behind which `served` is. */
  static async begin(served: Served, port: number, options: ClientOptions = {}): Promise<Conversation> {
    const client = ours.io(`http://127.0.0.1:${port}`, { forceNew: true, ...options });
    const connected = new Promise<void>((resolve, reject) =>
      client.once('connect', resolve).once('connect_error', reject),
    );
    const [[socket]] = await Promise.all([once(served.io, 'connection') as Promise<[ServerSocket]>, connected]);
    return new Conversation(client, socket);
  }

  /** The transport that carries the client's session now. */
  get transport(): string {
    return this.client.io.engine.transport.name;
  }

  /** What became of each transport. */
  explain(): readonly { readonly transport: string; readonly why: string }[] {
    // Only our manager has it.
    return (this.client.io as unknown as { explain(): ReturnType<Conversation['explain']> }).explain();
  }

  /** Resolves when `name` carries it. */
  async carriedBy(name: string): Promise<void> {
    while (this.transport !== name) await this.next('transport');
  }

  /** The next event of that name on the client: `suspend`, `resume` or `transport`, which the official types don't know. */
  next(event: 'suspend' | 'resume' | 'transport'): Promise<unknown> {
    return new Promise((resolve) => this.client.once(event as never, resolve as never));
  }

  /** Sends so many messages each way, and says how they fared once all have arrived and were answered. */
  async exchange(messages: number): Promise<{ readonly up: Verdict; readonly down: Verdict }> {
    const [up, down] = [new Ledger(messages), new Ledger(messages)];
    await new Promise<void>((resolve) => {
      const progress = () => {
        if (up.isComplete && down.isComplete) resolve();
      };
      this.ledgers = { up, down, progress };
      sendCounted(this.client, up, 0, messages, progress);
      sendCounted(this.socket, down, 0, messages, progress);
    });
    return { up: up.verdict, down: down.verdict };
  }

  private arrived(way: 'up' | 'down', number: number): void {
    this.ledgers?.[way].arrived(number);
    this.ledgers?.progress();
  }

  close(): void {
    this.client.disconnect();
  }
}
