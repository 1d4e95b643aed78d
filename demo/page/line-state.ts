/** Says in the bar whether the line stands; the line that the messages hang on shows the same. */
import type { ChatSocket } from './connection.ts';
import { find } from './element.ts';

type LineState = 'connecting' | 'open' | 'lost' | 'stopped';

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

  socket.on('connect', () => show('open', 'Connected'));
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') show('stopped', 'The server has ended the session');
    else show('lost', 'Line lost. What you write is kept');
  });
  socket.on('connect_error', (error) => {
    // Active: it tries again by itself. Otherwise the server refused us, and says why.
    if (!socket.active) show('stopped', error.message);
  });
  socket.io.on('reconnect_attempt', (attempt) => show('lost', `Trying again (${attempt}). What you write is kept`));
}
