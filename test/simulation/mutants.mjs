/**
 * Faults to be planted in the code, each of a kind that people make: the simulation must find every one of them.
 *
 * `from` is a piece of `file` as it stands, `to` what is put in its place. A piece that is not there any more is an error, so
 * this list has to follow the code.
 */

const session = 'shared/engine/session.ts';
const outbox = 'shared/engine/outbox.ts';
const heartbeat = 'shared/engine/heartbeat.ts';
const serverLine = 'server/engine/line.ts';
const takePost = 'server/engine/take-post.ts';
const ladder = 'client/engine/ladder.ts';
const clientTransport = 'client/engine/transport.ts';
const clientPolling = 'client/engine/polling.ts';

export const mutants = [
  {
    name: 'a message seen before is delivered again',
    file: session,
    from: 'if (number <= this.seen) return true;',
    to: '',
  },
  {
    name: 'a message is taken for seen one too early',
    file: session,
    from: 'if (number <= this.seen) return true;',
    to: 'if (number <= this.seen + 1) return true;',
  },
  {
    name: 'the lane does not move on',
    file: session,
    from: 'const number = lane.next++;',
    to: 'const number = lane.next;',
  },
  {
    name: 'the count is told before it is true',
    file: session,
    from: 'return { type, data: String(this.seen) };',
    to: 'return { type, data: String(this.seen + 1) };',
  },
  {
    name: 'the count is one behind',
    file: session,
    from: 'return { type, data: String(this.seen) };',
    to: 'return { type, data: String(Math.max(0, this.seen - 1)) };',
  },
  {
    name: 'nothing is sent again after a loss',
    file: session,
    from: 'if (this.early !== transport) again = outbox.rewind();',
    to: 'if (this.early !== transport) again = 0;',
  },
  {
    name: 'the peer is not told the count on a new transport',
    file: session,
    from: "outbox.ahead = tells ? [this.withCount('noop')] : [];",
    to: 'outbox.ahead = [];',
  },
  {
    name: 'what leaves ahead of the attach begins where the lost transport was',
    file: session,
    from: 'this.resent = outbox.rewind();',
    to: '',
  },
  { name: 'the window never closes', file: session, from: "() => this.end('window-passed', why)", to: '() => {}' },
  {
    name: 'the window closes on a session that is back',
    file: session,
    from: "if (before === 'suspended') {\n      this.windowTimer?.cancel();",
    to: "if (before === 'suspended') {",
  },
  {
    name: 'the count that a peer names is not checked',
    file: session,
    from: "else if (count < confirmed) this.end('journal-full', `message ${count + 1} is no longer kept`);",
    to: '',
  },
  {
    name: 'one message too many is forgotten',
    file: outbox,
    from: 'this.letGo(count);',
    to: 'this.letGo(Math.min(count + 1, this.sent));',
  },
  {
    name: 'a message that passed the queue is sent once more',
    file: 'server/engine/passing-core.ts',
    from: 'outbox.next = outbox.last + 1;',
    to: '',
  },
  {
    name: 'going back skips a message',
    file: outbox,
    from: 'const again = this.next - this.confirmed - 1;',
    to: 'const again = Math.max(0, this.next - this.confirmed - 2);',
  },
  {
    name: 'silence is never noticed',
    file: heartbeat,
    from: 'if (this.clock.now() - this.due < LATE_MS) return this.sink.lost();',
    to: '',
  },
  {
    name: 'a new transport counts on where the old one was',
    file: serverLine,
    from: 'this.lane = { next: this.core.seen + 1 };',
    to: '',
  },
  {
    name: 'packets of a replaced transport are delivered',
    file: serverLine,
    from: 'else this.lazyAttempts?.packetFrom(transport, packet);',
    to: `else if (this.lazyAttempts?.['probe']?.transport === transport) this.lazyAttempts.packetFrom(transport, packet);
    else this.deliver(packet, this.lane);`,
  },
  {
    name: 'a message on a WebSocket is numbered from where we are',
    file: serverLine,
    from: 'if (transport === this.core.transport) this.deliver(packet, this.lane);',
    to: 'if (transport === this.core.transport) this.deliver(packet, { next: this.core.seen + 1 });',
  },
  {
    name: 'a probe is taken for an upgrade',
    file: 'server/engine/attempts.ts',
    from: 'probeAnswered({ transport }: Probe): void {',
    to: "probeAnswered({ transport }: Probe): void {\n    this.line.attach(transport, this.line.core.seen, 'probe');",
  },
  {
    name: 'a POST is numbered from where we are',
    file: takePost,
    from: 'return from === undefined || from === 0 ? undefined : { next: from };',
    to: 'return { next: line.core.seen + 1 };',
  },
  {
    name: 'a request names what was seen one too high',
    file: clientTransport,
    from: 'const seen = counts.seen();',
    to: 'const seen = counts.seen() + 1;',
  },
  {
    name: 'a request says that it attaches, and never does',
    file: ladder,
    from: 'settle(transport, count);\n      // A server may',
    to: 'undefined;\n      // A server may',
  },
  {
    name: 'coming back is tried once',
    file: ladder,
    from: 'later(askedMs + backoffMs(AGAIN_MS, AGAIN_MOST_MS, JITTER, misses++, random()), comeBack);',
    to: '',
  },
  {
    name: 'a POST may stay unanswered for ever',
    file: clientPolling,
    from: 'opts.requestTimeout || patienceMs',
    to: 'opts.requestTimeout',
  },
  {
    name: 'the answer to a POST is taken for a sign of the way down',
    file: clientPolling,
    from: 'if (take && status === 200) take(text);',
    to: "this.emitReserved('heard');\n          if (take && status === 200) take(text);",
  },
  {
    name: 'what is sent again ahead of an attach leaves on the transport that is still there',
    file: session,
    from: 'if (this.transport || !transport.writable',
    to: 'if (!transport.writable',
  },
];
