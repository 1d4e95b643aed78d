/** What a search can't settle: members that are not to be had, each with its reason, and members whose test is named by hand. */

const UWS = 'uWebSockets.js is a server in C++ of its own; ours rests on the one of Node';
const WEBTRANSPORT = 'WebTransport needs HTTP/3, which Node does not have';
const OWN_WEBSOCKET = 'the WebSocket is our own: another one would bring its own limits and faults';
const STEP = 'a step inside of an official transport, for its subclasses; ours are put together otherwise';

/**
 * By `package:Class.member`, `package:Class.*` or `package:export`. A reason holds only while the member is missing: once it is
 * there, the row has to go.
 */
export const notToBeHad = {
  'socket.io:ServerOptions.wsEngine': OWN_WEBSOCKET,
  'engine.io:ServerOptions.wsEngine': OWN_WEBSOCKET,
  'engine.io-client:Socket._cookieJar':
    'an inner field: cookies are kept on the side of Node alone, and browsers load none of it',
  'engine.io-client:Cookie.expires': 'the shape of what is in `_cookieJar`',
  'engine.io:uServer': UWS,
  'engine.io:uServer.*': UWS,
  'engine.io:Server.onWebTransportSession': WEBTRANSPORT,
  'engine.io-client:WebTransport': WEBTRANSPORT,
  'engine.io-client:WebTransport.*': WEBTRANSPORT,
  'socket.io-client:WebTransport': WEBTRANSPORT,
  'socket.io-client:WebTransport.*': WEBTRANSPORT,
  ...Object.fromEntries(
    ['engine.io-client', 'socket.io-client'].flatMap((name) => [
      ...['Fetch', 'NodeXHR', 'XHR'].flatMap((owner) =>
        (owner === 'Fetch' ? ['doPoll', 'doWrite'] : ['doPoll', 'doWrite', 'request']).map((member) => [
          `${name}:${owner}.${member}`,
          STEP,
        ]),
      ),
      ...['NodeWebSocket', 'WebSocket'].flatMap((owner) =>
        ['createSocket', 'doWrite'].map((member) => [`${name}:${owner}.${member}`, STEP]),
      ),
    ]),
  ),
};

/** By the same keys: the test, as `file › title`. Its file is looked for, and the title in it. */
export const testedBy = {
  'engine.io:Server.generateId':
    'test/coverage/engine.test.ts › an engine answers requests and upgrades that are handed to it, with ids of one’s own',
  'engine.io:Transport.doClose':
    'test/engine/server-sessions.test.ts › tells each end when the application closes the transport',
  ...Object.fromEntries(
    ['engine.io-client', 'socket.io-client'].flatMap((name) =>
      ['NodeWebSocket', 'WebSocket'].flatMap((owner) =>
        ['doOpen', 'doClose'].map((member) => [
          `${name}:${owner}.${member}`,
          'test/engine/client-transports.test.ts › has its steps called by name, which a class of one’s own may extend: doOpen and doClose',
        ]),
      ),
    ),
  ),
};

/** Methods of emitters, tested alike for all classes that have them. */
export const emitterTests = Object.fromEntries(
  [
    [
      ['on', 'off', 'once', 'listeners', 'removeListener', 'removeAllListeners'],
      'adds and removes listeners, by all names',
    ],
    [['hasListeners'], 'says whether anyone listens'],
    [
      ['addListener', 'prependListener', 'prependOnceListener', 'listenerCount', 'rawListeners', 'eventNames'].concat(
        'setMaxListeners',
        'getMaxListeners',
      ),
      'has the rest of Node’s emitter',
    ],
  ].flatMap(([names, title]) => names.map((name) => [name, `test/coverage/emitters.test.ts › ${title}`])),
);
