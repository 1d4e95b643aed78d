/** Answers of polling that leave together, and those that don't wait. */
import type { ServerResponse } from 'node:http';

import { expect, it, vi } from 'vitest';

import type { Server } from '../../server/engine/index.ts';
import { Poller, ask, begin, open, serve } from './server-fixture.ts';

/** Resolves with the response to the next request once the session has it. */
function nextHeld(engine: Server): Promise<ServerResponse> {
  return new Promise((resolve) => {
    engine.use((_request, response, next) => {
      next();
      resolve(response);
    });
  });
}

it('messages to several peers leave after the turn in which they are sent', async () => {
  const { engine, port, sessions } = await serve();
  const peers = [];
  for (let count = 0; count < 3; count++) {
    const poller = new Poller(port, (await open(port)).sid);
    const held = nextHeld(engine);
    peers.push({ poll: poller.get(), response: await held });
  }
  // No answer waits for longer than a millisecond: here that is not to be over.
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
  for (const session of sessions) session.send('x');
  clock.mockRestore();
  expect(peers.map(({ response }) => response.headersSent)).toEqual([false, false, false]);
  const answers = await Promise.all(peers.map(({ poll }) => poll));
  expect(answers.map(({ body }) => body)).toEqual(['4x', '4x', '4x']);
});

it('the end of a session leaves at once, before the process may end', async () => {
  const { engine, port, sessions, http } = await serve();
  const poller = new Poller(port, (await open(port)).sid);
  const held = nextHeld(engine);
  const poll = poller.get();
  const response = await held;
  sessions[0]!.close();
  expect(response.writableEnded).toBe(true);
  http.closeAllConnections();
  expect((await poll).body).toBe('1');
});

it('a peer that hangs up before its answer leaves harms nobody', async () => {
  const { engine, port, sessions } = await serve();
  const poller = new Poller(port, (await open(port)).sid);
  const held = nextHeld(engine);
  const { answer } = begin(port, { query: poller.query() });
  const response = await held;
  sessions[0]!.send('x');
  response.destroy();
  await expect(answer).rejects.toThrow('socket hang up');
  expect((await ask(port, { query: 'EIO=4&transport=polling' })).status).toBe(200);
});

it('who was answered by middleware gets no second answer', async () => {
  const { engine, port, sessions } = await serve();
  const poller = new Poller(port, (await open(port)).sid);
  const held = nextHeld(engine);
  const poll = poller.get();
  const response = await held;
  sessions[0]!.send('x');
  response.writeHead(503).end();
  expect((await poll).status).toBe(503);
});
