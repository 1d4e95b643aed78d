/** The entry `throughline/adapter`: what `socket.io-adapter` offers. */
export { Adapter } from './adapter.ts';
export { ClusterAdapter } from './cluster-adapter.ts';
export { ClusterAdapterWithHeartbeat } from './cluster-adapter-with-heartbeat.ts';
export { MessageType } from './cluster-messages.ts';
export { PeersMissingError } from './peer-requests.ts';
export { SessionAwareAdapter } from './session-aware-adapter.ts';
export type { ClusterAdapterOptions } from './cluster-adapter-with-heartbeat.ts';
export type { ClusterMessage, ClusterResponse, Offset, ServerId } from './cluster-messages.ts';
export type { BroadcastFlags, BroadcastOptions, PrivateSessionId, Room, Session, SocketId } from './types.ts';
