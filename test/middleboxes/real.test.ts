/** Our client in Node through real proxies. */
import { describe, expect, it as base } from 'vitest';
import { memory } from '../../client/engine/environment.ts';
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
      // What was learned through another proxy is no help here.
      memory.proven.clear();
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

for (const box of middleboxes) {
  describe.runIf(requires(box.name, box.program, box.install))(`through ${box.name}`, () => {
    const it = through(box);

    it(`${box.carriedBy} carries the session in the end, and nothing is lost on the way there`, async ({ talk }) => {
      const climbing = talk.carriedBy(box.carriedBy);
      expect(await talk.exchange(200)).toEqual(allWell);
      await climbing;
      expect(await talk.exchange(200)).toEqual(allWell);
      expect(talk.transport).toBe(box.carriedBy);
      expect(talk.disconnects).toEqual([]);
    });

    if (box.carriedBy === 'polling') {
      it('the session stays on polling when all else was tried', async ({ talk }) => {
        await expect
          .poll(() => talk.explain(), { timeout: 12_000 })
          .toMatchObject([
            { transport: 'polling', why: 'opened' },
            { transport: 'websocket', why: 'refused' },
            { transport: 'streaming', why: 'buffered' },
          ]);
        expect(await talk.exchange(50)).toEqual(allWell);
        expect(talk.transport).toBe('polling');
      });
    }

    if (box.cuts === true) {
      it('the session survives that it cuts what is quiet', async ({ talk }) => {
        await talk.carriedBy(box.carriedBy);
        await talk.next('suspend');
        expect(await talk.exchange(50)).toEqual(allWell);
        expect(talk.disconnects).toEqual([]);
      });
    }

    if (box.isForward === true) {
      it('every byte goes by the proxy', async ({ talk }) => {
        await talk.carriedBy('websocket');
        expect((talk.client.io.opts.agent as { tunnels?: number }).tunnels).toBe(1);
      });
    }
  });
}
