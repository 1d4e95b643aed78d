/** What a transport of the client can be asked for, and what a class that extends one can change: as in engine.io-client. */
import * as official from 'engine.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as ours from '../../client/engine/index.ts';
import { connect, heard, queryOf, serveOfficial } from './client-stage.ts';

/** The classes in question, and the client that takes them. */
const packages = [
  ['ours', ours],
  ['the official one', official as unknown as typeof ours],
] as const;

describe.each(packages)('a transport of %s', (_whose, { Socket, NodeXHR, Fetch, NodeWebSocket, nextTick }) => {
  it.each([
    ['Fetch', Fetch],
    ['NodeXHR', NodeXHR],
  ])('tells of every poll and of its end: %s', async (_name, Polling) => {
    const { url, sessions } = await serveOfficial();
    const events: string[] = [];
    class Told extends Polling {
      override open(): this {
        this.on('poll', () => events.push('poll'));
        this.on('pollComplete', () => events.push('pollComplete'));
        return super.open();
      }
    }
    const client = new Socket(url, { transports: [Told] });
    onTestFinished(() => void client.close());
    await heard(client, 'open');
    sessions[0]!.send('x');
    await heard(client, 'message');
    await expect.poll(() => events.join(' ')).toBe('poll pollComplete poll pollComplete poll');
  });

  it.each([
    ['Fetch', Fetch],
    ['NodeXHR', NodeXHR],
  ])('pauses when what it asked for has come, and asks no more: %s', async (_name, Polling) => {
    const { url, asked, sessions } = await serveOfficial();
    const client = new Socket(url, { transports: [Polling] });
    onTestFinished(() => void client.close());
    await heard(client, 'open');
    // Only then the poll that it waits for has been asked.
    await expect.poll(() => asked.length).toBe(2);
    const { transport } = client;
    const paused = new Promise<void>((resolve) => transport.pause(resolve));
    expect(transport.readyState).toBe('pausing');
    const came = heard(client, 'message');
    sessions[0]!.send('the last');
    expect(await came).toEqual(['the last']);
    await paused;
    expect(transport.readyState).toBe('paused');
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  it('has its steps called by name, which a class of one’s own may extend: doOpen and doClose', async () => {
    const { url } = await serveOfficial();
    const steps: string[] = [];
    class Watched extends NodeWebSocket {
      override doOpen(): void {
        steps.push('doOpen');
        return super.doOpen();
      }
      override doClose(): void {
        steps.push('doClose');
        super.doClose();
      }
    }
    const client = new Socket(url, { transports: [Watched] });
    await heard(client, 'open');
    expect(steps).toEqual(['doOpen']);
    const closed = heard(client, 'close');
    client.close();
    await closed;
    expect(steps).toEqual(['doOpen', 'doClose']);
  });

  it('does what nextTick is given before any timer, and not at once', async () => {
    const done: string[] = [];
    const later = new Promise((resolve) => setTimeout(resolve, 0)).then(() => done.push('timer'));
    nextTick(() => done.push('nextTick'));
    done.push('now');
    await later;
    expect(done).toEqual(['now', 'nextTick', 'timer']);
  });
});

it('a WebSocket pauses at once, for nothing is asked for', async () => {
  const { url, asked } = await serveOfficial();
  const client = connect(url, { transports: [ours.WebSocket] });
  await heard(client, 'open');
  const { transport } = client;
  await new Promise<void>((resolve) => transport.pause(resolve));
  expect(asked.map((request) => queryOf(request)['transport'])).toEqual(['websocket']);
});
