/** Our client in Node through real proxies. */
import { describe, expect, it as base } from 'vitest';
import { requires } from '../requirement.ts';
import { Conversation } from './conversation.ts';
import { ours, serve } from './ends.ts';
import { flawless } from './ledger.ts';
import { middleboxes, routeThrough, type Middlebox } from './real.ts';

const allWell = { up: flawless, down: flawless };

/** A conversation through the proxy; everything that belongs to it ends with the test. */
function through(box: Middlebox) {
  return base.extend<{ talk: Conversation }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what it asks for
    talk: async ({}, use) => {
      const served = await serve(ours, {});
      const running = await box.start(served.port);
      const { port, ...options } = routeThrough(box, running, served.port);
      const talk = await Conversation.begin(served, port, options as object);
      await use(talk);
      talk.close();
      options.agent?.destroy();
      await served.close();
      await running.close();
    },
  });
}

describe.each(middleboxes)('through $name', (box) => {
  const it = through(box);

  describe.runIf(requires(box.name, box.program, box.install))('in Node', () => {
    it(`${box.carriedBy} carries the session in the end, and nothing is lost on the way there`, async ({ talk }) => {
      const climbing = talk.carriedBy(box.carriedBy);
      expect(await talk.exchange(200)).toEqual(allWell);
      await climbing;
      expect(await talk.exchange(200)).toEqual(allWell);
      expect(talk.transport).toBe(box.carriedBy);
      expect(talk.disconnects).toEqual([]);
    });

    it.runIf(box.cuts)('the session survives that it cuts what is quiet', async ({ talk }) => {
      await talk.carriedBy(box.carriedBy);
      for (let cuts = 0; cuts < 2; cuts += 1) {
        await talk.next('suspend');
        expect(await talk.exchange(50)).toEqual(allWell);
      }
      expect(talk.disconnects).toEqual([]);
    });

    it.runIf(box.isForward)('every byte goes by the proxy', async ({ talk }) => {
      await talk.carriedBy('websocket');
      const agent = talk.client.io.opts.agent as { tunnels?: number };
      expect(agent.tunnels).toBe(1);
    });
  });
});
