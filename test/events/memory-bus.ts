/** Servers that talk to each other over an array: as JSON, so that only what could travel does, and one turn late. */
import { ClusterAdapterWithHeartbeat as OfficialClusterAdapter } from 'socket.io-adapter';
import { ClusterAdapterWithHeartbeat } from '../../server/events/adapter/index.ts';
import type { AdapterConstructor, Namespace } from '../../server/events/index.ts';

interface Member {
  readonly nsp: Namespace;
  readonly uid: string;
  onMessage(message: unknown, offset?: string): void;
  onResponse(response: unknown): void;
}

export class MemoryBus {
  /** Every message and response that was sent. */
  readonly sent: unknown[] = [];
  /** Members that hear nothing and are not heard. */
  readonly cut = new Set<unknown>();
  /** What happens to a message: sent once, lost, twice, or refused by the bus. */
  weather: 'fine' | 'lossy' | 'repeating' | 'down' = 'fine';
  /** Whether responses are handed in as messages are: `@socket.io/cluster-adapter` does so. */
  hasOneWayIn = false;
  private readonly members = new Set<Member>();

  /** An adapter of the official class, or ours. */
  adapter(
    isOfficial: boolean,
    options: { heartbeatInterval?: number; heartbeatTimeout?: number } = {},
  ): AdapterConstructor {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the classes below have a `this` of their own
    const bus = this;
    const Base = (isOfficial ? OfficialClusterAdapter : ClusterAdapterWithHeartbeat) as unknown as new (
      nsp: Namespace,
      options: object,
    ) => Member & { close(): void };
    class BusAdapter extends Base {
      constructor(nsp: Namespace) {
        super(nsp, options);
        bus.members.add(this);
      }

      doPublish(message: unknown): Promise<string> {
        return bus.send(this, message, (member, copy, offset) => member.onMessage(copy, offset));
      }

      async doPublishResponse(uid: string, response: unknown): Promise<void> {
        await bus.send(this, response, (member, copy) => {
          if (member.uid !== uid) return;
          if (bus.hasOneWayIn) member.onMessage(copy);
          else member.onResponse(copy);
        });
      }

      override close(): void {
        super.close();
        setImmediate(() => bus.members.delete(this));
      }
    }
    return BusAdapter as unknown as AdapterConstructor;
  }

  /** Puts anything on the bus. */
  inject(message: unknown): void {
    for (const member of this.members) member.onMessage(message);
  }

  injectResponse(response: unknown): void {
    for (const member of this.members) member.onResponse(response);
  }

  private send(
    from: Member,
    message: unknown,
    deliver: (member: Member, copy: unknown, offset: string) => void,
  ): Promise<string> {
    if (this.weather === 'down') return Promise.reject(new Error('bus down'));
    const offset = String(this.sent.push(message));
    const text = JSON.stringify(message);
    const times = { fine: 1, lossy: 0, repeating: 2 }[this.weather];
    for (let time = 0; time < times; time++) {
      setImmediate(() => {
        for (const member of this.members) {
          if (member === from || member.nsp.name !== from.nsp.name) continue;
          if (!this.cut.has(member) && !this.cut.has(from)) deliver(member, JSON.parse(text), offset);
        }
      });
    }
    return Promise.resolve(offset);
  }
}
