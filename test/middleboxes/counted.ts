/** Counted messages: sent with an ack, answered with their number, and entered into a ledger at both ends. */
import type { ClientSocket, ServerSocket } from './ends.ts';
import type { Ledger } from './ledger.ts';

/** Either end. What the two types have in common can't be called without choosing one of them. */
type Either = ClientSocket | ServerSocket;

/** Enters what arrives, answers it, and calls `then`. */
export function receiveCounted(socket: Either, arrived: (number: number) => void): void {
  (socket as ClientSocket).on('count', (number: number, answer: (number: number) => void) => {
    answer(number);
    arrived(number);
  });
}

/** Sends the messages from `from` up to `to`, not included. */
export function sendCounted(socket: Either, ledger: Ledger, from: number, to: number, answered: () => void): void {
  for (let number = from; number < to; number += 1) {
    (socket as ClientSocket).emit('count', number, (answer: unknown) => {
      ledger.answered(number, answer);
      answered();
    });
  }
}
