/** What runs in the browser: a session to where the page came from, and counted messages that the test asks for. */
import { io } from '../../client/index.ts';

/** Numbers in the order in which they came: of messages from the server, and of its answers to ours. */
export interface Heard {
  readonly arrived: number[];
  readonly answered: number[];
}

declare global {
  /** For the test to call. */
  var session: {
    readonly disconnects: string[];
    readonly transport: string;
    /** How often the session lost its transport. */
    readonly suspensions: number;
    /** Sends so many messages, and resolves when as many have come and all are answered. */
    exchange(messages: number): Promise<Heard>;
  };
}

const socket = io();
const disconnects: string[] = [];
let suspensions = 0;
let heard: Heard = { arrived: [], answered: [] };
let progress = (): void => {};

socket.on('disconnect', (reason: string) => disconnects.push(reason));
socket.on('suspend', () => (suspensions += 1));
socket.on('count', (number: number, answer: (number: number) => void) => {
  answer(number);
  heard.arrived.push(number);
  progress();
});

globalThis.session = {
  disconnects,
  get transport() {
    return socket.io.engine.transport.name;
  },
  get suspensions() {
    return suspensions;
  },
  async exchange(messages) {
    const { arrived, answered }: Heard = (heard = { arrived: [], answered: [] });
    const done = new Promise<void>((resolve) => {
      progress = () => {
        if (arrived.length >= messages && answered.length >= messages) resolve();
      };
    });
    socket.emit('begin', messages);
    for (let number = 0; number < messages; number += 1) {
      socket.emit('count', number, (answer: number) => {
        answered.push(answer);
        progress();
      });
    }
    await done;
    return { arrived, answered };
  },
};
