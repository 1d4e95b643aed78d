export { Socket as Engine, type SocketOptions as EngineOptions } from 'engine.io-client';
