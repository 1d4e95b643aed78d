/**
 * Stands in for the server's websocket room: hands out connections that carry messages instead of bytes. What is about HTTP
 * stays as it is; a simulation speaks none.
 */
import type { SimulatedConnection, SimulatedRequest, UpgradeSocket } from './server-side.ts';

export function acceptUpgrade(_request: SimulatedRequest, socket: UpgradeSocket): SimulatedConnection {
  return socket.accept();
}

export function refuseUpgrade(socket: UpgradeSocket): void {
  socket.destroy();
}

export { endUnanswered, headerOf, PlainRequest, QuickUpgrades, tellConnects } from '../../server/websocket/index.ts';
