export { io } from './io.ts';
export { Manager, type ManagerOptions, type ManagerReservedEvents } from './manager.ts';
export {
  Socket,
  type DisconnectDescription,
  type ExtendedError,
  type SocketOptions,
  type SocketReservedEvents,
} from './socket.ts';
