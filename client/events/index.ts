export { io } from './io.ts';
export type { ManagerOptions } from './manager-options.ts';
export { Manager } from './manager.ts';
export type {
  DisconnectDescription,
  ExtendedError,
  ManagerReservedEvents,
  SocketReservedEvents,
} from './reserved-events.ts';
export type { SocketOptions } from './socket-options.ts';
export { Socket } from './socket.ts';
