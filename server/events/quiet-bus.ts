/**
 * Adapters of npm hand messages to a bus and wait for none of them: where the line to it breaks meanwhile, the promise rejects
 * unheard, which ends the process. Here those are heard that can be reached: `@socket.io/redis-streams-adapter` keeps its client to
 * itself. Who does wait for one is told as before.
 */
import type { Adapter } from './adapter/adapter.ts';
import { unwatched } from './unwatched.ts';

type Call = (...args: unknown[]) => unknown;

/** What such adapters may have, beside the contract: `@socket.io/redis-adapter` a client, those for clusters two methods. */
type WithBus = Adapter & { pubClient?: object; doPublish?: Call; doPublishResponse?: Call };

/** Hears of all that `adapter` sends. */
export function quietBus(adapter: Adapter): void {
  const bus: WithBus = adapter;
  for (const name of ['doPublish', 'doPublishResponse'] as const) {
    const call = bus[name];
    if (typeof call === 'function') bus[name] = heard(call, bus);
  }
  if (typeof bus.pubClient === 'object') bus.pubClient = new Proxy(bus.pubClient, quietClient);
}

const quietClient: ProxyHandler<object> = {
  get(client, name) {
    const value: unknown = Reflect.get(client, name, client);
    // What kind of client it is, adapters see by its class.
    return typeof value === 'function' && name !== 'constructor' ? heard(value as Call, client) : value;
  },
};

function heard(call: Call, self: object): Call {
  return (...args) => {
    const result = Reflect.apply(call, self, args);
    unwatched(result);
    return result;
  };
}
