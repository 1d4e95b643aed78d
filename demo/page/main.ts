/** The page: a chat, and beside it an inspector, on one socket. */
import { Chat } from './chat.ts';
import { connect } from './connection.ts';
import { recallIdentity } from './identity.ts';
import { Inspector } from './inspector.ts';
import { showLineState } from './line-state.ts';
import { setUpViews } from './views.ts';

const identity = recallIdentity();
const socket = connect(identity);
const show = setUpViews();
showLineState(socket);
new Chat(socket, identity, () => show('chat'));
new Inspector(socket);
