/**
 * One live object of every class that the packages declare, from whichever packages are given: ours, or the official ones as
 * the control. They are made by use: servers that listen, clients that are connected, transports that carry.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * @typedef {object} Packages the modules under the names of the official ones
 * @property {any} server as `socket.io`
 * @property {any} client as `socket.io-client`
 * @property {any} engine as `engine.io`
 * @property {any} engineClient as `engine.io-client`
 * @property {any} adapter as `socket.io-adapter`
 */

/**
 * @param {Packages} packages
 * @returns {Promise<{ instances: ReadonlyMap<string, object>, close(): Promise<void> }>} by `package:Class`
 */
export async function makeInstances({ server, client, engine, engineClient, adapter }) {
  const instances = new Map();
  const closers = [];

  const events = createServer();
  const io = new server.Server(events, { connectionStateRecovery: {} });
  await once(events.listen(0, '127.0.0.1'), 'listening');
  closers.push(() => io.close());
  const url = `http://127.0.0.1:${events.address().port}`;
  const socket = client.io(url, { forceNew: true, transports: ['websocket'], auth: {} });
  closers.push(() => socket.disconnect());
  const [[accepted]] = await Promise.all([
    once(io, 'connection'),
    new Promise((resolve) => socket.on('connect', resolve)),
  ]);
  instances.set('socket.io:Server', io).set('socket.io:Namespace', io.of('/')).set('socket.io:Socket', accepted);
  instances.set('socket.io:Client', accepted.client).set('socket.io:BroadcastOperator', io.to('room'));
  const details = { id: 'id', handshake: accepted.handshake, rooms: [], data: {} };
  // As an adapter that spans servers would answer.
  io.of('/elsewhere').adapter.fetchSockets = () => Promise.resolve([details]);
  instances.set('socket.io:RemoteSocket', (await io.of('/elsewhere').fetchSockets())[0]);
  instances.set('socket.io-client:Manager', socket.io).set('socket.io-client:Socket', socket);

  for (const name of ['Adapter', 'SessionAwareAdapter', 'ClusterAdapter', 'ClusterAdapterWithHeartbeat']) {
    class Silent extends adapter[name] {
      doPublish() {
        return Promise.resolve('');
      }
      doPublishResponse() {
        return Promise.resolve();
      }
    }
    const made = new Silent(io.of('/'), {});
    closers.push(() => made.close());
    instances.set(`socket.io-adapter:${name}`, made);
  }

  const http = createServer();
  const engineServer = engine.attach(http);
  await once(http.listen(0, '127.0.0.1'), 'listening');
  closers.push(() => new Promise((resolve) => http.close(resolve)));
  closers.push(() => engineServer.close());
  const engineUrl = `http://127.0.0.1:${http.address().port}`;
  const open = async (transports) => {
    const opened = new engineClient.Socket(engineUrl, { transports });
    closers.push(() => opened.close());
    const sessions = once(engineServer, 'connection');
    await new Promise((resolve, reject) => opened.once('open', resolve).once('error', reject));
    return { opened, session: (await sessions)[0] };
  };
  const { opened, session } = await open(['websocket']);
  instances.set('engine.io:Server', engineServer).set('engine.io:Socket', session);
  instances.set('engine.io:Transport', session.transport);
  instances.set('engine.io-client:Socket', opened).set('engine.io-client:Transport', opened.transport);
  instances.set('engine.io-client:TransportError', new engineClient.TransportError('reason', new Error(), {}));
  for (const name of ['Fetch', 'NodeXHR', 'NodeWebSocket']) {
    const { transport } = (await open([engineClient[name]])).opened;
    instances.set(`engine.io-client:${name}`, transport).set(`socket.io-client:${name}`, transport);
  }
  // Browsers' own: in Node a live one is there only where the class is the same.
  for (const name of ['XHR', 'WebSocket']) {
    const one = [...instances.values()].find((made) => made instanceof engineClient[name]);
    if (one) instances.set(`engine.io-client:${name}`, one).set(`socket.io-client:${name}`, one);
  }
  return {
    instances,
    async close() {
      for (const close of closers.toReversed()) await close();
    },
  };
}
