/** Says in the bar whether the line stands; the line that the messages hang on shows the same. */
import type { ChatSocket } from './connection.ts';
import { find } from './element.ts';

type LineState = 'connecting' | 'open' | 'lost' | 'stopped';

/** A session that finds another way sooner than this is not worth a word. */
const WORTH_A_WORD_MS = 400;

export function showLineState(socket: ChatSocket): void {
  const text = find('line-state', HTMLElement);
  const again = find('reconnect', HTMLButtonElement);
  const show = (state: LineState, words: string): void => {
    document.documentElement.dataset['line'] = state;
    text.textContent = words;
    again.hidden = state !== 'stopped';
  };
  again.addEventListener('click', () => {
    show('connecting', 'Connecting …');
    socket.connect();
  });

  let timer = 0;
  socket.on('suspend', () => {
    timer = window.setTimeout(() => show('lost', 'Looking for another way. What you write is kept'), WORTH_A_WORD_MS);
  });
  socket.on('resume', () => {
    window.clearTimeout(timer);
    show('open', 'Connected');
  });
  socket.on('connect', () => show('open', 'Connected'));
  socket.on('disconnect', (reason) => {
    window.clearTimeout(timer);
    if (reason === 'io server disconnect') show('stopped', 'The server has ended the session');
    else show('lost', 'Line lost. What you write is kept');
  });
  socket.on('connect_error', (error) => {
    // Active: it tries again by itself. Otherwise the server refused us, and says why.
    if (!socket.active) show('stopped', error.message);
  });
  socket.io.on('reconnect_attempt', (attempt) => show('lost', `Trying again (${attempt}). What you write is kept`));
}
