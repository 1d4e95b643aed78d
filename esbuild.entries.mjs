/**
 * What the package offers, entry by entry. `package.json` names the same files under `exports`; `test/house/package.test.ts`
 * holds the two together.
 */

/**
 * @typedef {object} Entry
 * @property {string} name the file's name in dist/node, dist/browser and dist/types/…/entries
 * @property {string} source where it starts
 * @property {boolean} [browser] whether browsers get a bundle of it too
 * @property {string} [face] an expression over the entry's `exports`: what `require` gives and `import x from` too, made
 *   to carry all named exports as its properties. The sources have no default exports; users of Socket.IO and ws expect them.
 * @property {string} [faceType] its type, an expression over `entry`, the module of the named exports
 * @property {string} [faceInstance] what the same name means as a type, where it means one
 */

/** @type {readonly Entry[]} */
export const entries = [
  {
    name: 'index',
    source: 'index.ts',
    // One name stands in for two packages: `require('socket.io')(httpServer)` and `require('socket.io-client')('http://…')`.
    // Only the client takes a text that is no port.
    face: `function throughline(target, options) {
  return typeof target === 'string' && Number.isNaN(Number(target)) ? exports.io(target, options) : new exports.Server(target, options);
}`,
    faceType:
      '((uri: string, opts?: Parameters<typeof entry.io>[1]) => ReturnType<typeof entry.io>) & ((...given: ConstructorParameters<typeof entry.Server>) => entry.Server) & typeof entry.io & typeof entry',
  },
  {
    name: 'client',
    source: 'client/index.ts',
    browser: true,
    face: 'exports.io',
    faceType: 'typeof entry.io & typeof entry',
  },
  { name: 'engine', source: 'server/engine/index.ts' },
  { name: 'engine-client', source: 'client/engine/index.ts', browser: true },
  {
    name: 'websocket',
    source: 'websocket.ts',
    // ws has both names on its default export.
    face: 'Object.assign(exports.WebSocket, { Server: exports.WebSocketServer })',
    faceType: 'typeof entry.WebSocket & typeof entry & { readonly Server: typeof entry.WebSocketServer }',
    faceInstance: 'entry.WebSocket',
  },
  { name: 'adapter', source: 'server/events/adapter/index.ts' },
];

/**
 * What `module.exports` becomes at the end of an entry in CommonJS.
 *
 * @param {Entry} entry
 */
export function faceOf({ face }) {
  return `module.exports = ((exports) => {
  const face = ${face};
  return Object.assign(face, exports, { default: face });
})(module.exports);
`;
}
