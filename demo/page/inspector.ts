/** The inspector: what carries the chat at this moment, told from the library's own events. */
import { EngineWatch, type PacketSeen } from './engine-watch.ts';
import { find } from './element.ts';
import { PacketList } from './packet-list.ts';
import { bytesText, packetText } from './packet-text.ts';
import { RoundTripPlot } from './round-trip-plot.ts';
import { Story } from './story.ts';
import type { Forbidden } from '../events.ts';
import type { ChatSocket } from './connection.ts';

/** Between one question and the next. */
const ASK_EVERY_MS = 1_000;

/** An answer later than this counts as none. */
const ANSWER_WITHIN_MS = 5_000;

export class Inspector {
  private readonly socket: ChatSocket;
  private readonly watch: EngineWatch;
  private readonly packets = new PacketList();
  private readonly plot = new RoundTripPlot();
  private readonly story = new Story();
  private readonly totals = { in: { packets: 0, bytes: 0 }, out: { packets: 0, bytes: 0 } };
  private reconnects = 0;

  constructor(socket: ChatSocket) {
    this.socket = socket;
    this.watch = new EngineWatch(socket, {
      packet: (packet) => this.packet(packet),
      moved: (what) => {
        this.story.tellRungs(this.watch.rungs);
        if (what !== undefined) this.story.tell(what, this.watch.transport);
        this.showCarrier();
      },
    });
    socket.io.on('reconnect', (attempt) => {
      this.reconnects += 1;
      this.story.tell(`Reconnected at attempt ${attempt}`, this.watch.transport);
      this.showCarrier();
    });
    socket.on('limits', (hits) => {
      const told = Object.entries(hits).map(([limit, times]) => `${limit} ${times}`);
      find('limits', HTMLElement).textContent = told.join(', ') || 'none';
    });
    this.takeSwitches();
    this.showCarrier();
    void this.measure();
  }

  private packet(packet: PacketSeen): void {
    const total = this.totals[packet.direction];
    total.packets += 1;
    total.bytes += packetText(packet.type, packet.data).size;
    this.packets.add(packet, this.watch.transport, isRoundTrip(packet));
    const { in: received, out: sent } = this.totals;
    find('received', HTMLElement).textContent = `${received.packets} · ${bytesText(received.bytes)}`;
    find('sent', HTMLElement).textContent = `${sent.packets} · ${bytesText(sent.bytes)}`;
    // A session may change its carrier without a word; each packet is an occasion to look.
    this.showCarrier();
  }

  private showCarrier(): void {
    const { transport, sessionId } = this.watch;
    document.documentElement.dataset['transport'] = transport;
    find('transport', HTMLOutputElement).textContent = transport;
    find('session', HTMLElement).textContent = sessionId === undefined ? '–' : `${sessionId.slice(0, 6)}…`;
    find('reconnects', HTMLElement).textContent = String(this.reconnects);
  }

  private takeSwitches(): void {
    const switches = [...document.querySelectorAll<HTMLInputElement>('[data-forbids]')];
    for (const each of switches) each.addEventListener('change', () => void this.forbid(each));
    this.socket.on('welcome', (_me, forbidden) => {
      for (const each of switches) each.checked = forbidden.includes(transportOf(each));
    });
  }

  private async forbid(each: HTMLInputElement): Promise<void> {
    const isForbidden = each.checked;
    const transport = transportOf(each);
    const answer = await this.socket
      .timeout(ANSWER_WITHIN_MS)
      .emitWithAck('forbid', transport, isForbidden)
      .catch(() => undefined);
    if (answer?.ok !== true) {
      each.checked = !isForbidden;
      return this.story.tell('The server did not answer; nothing was changed', this.watch.transport);
    }
    this.story.tell(`You ${isForbidden ? 'forbade' : 'allowed'} ${transport}`, this.watch.transport);
    // A network that has changed is what browsers tell by this, and what the client takes as its cue to climb again.
    if (!isForbidden) dispatchEvent(new Event('online'));
  }

  private async measure(): Promise<never> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
      if (this.socket.connected) await this.askOnce();
    }
  }

  private async askOnce(): Promise<void> {
    const { transport } = this.watch;
    const askedAt = performance.now();
    const isAnswered = await this.socket
      .timeout(ANSWER_WITHIN_MS)
      .emitWithAck('echo')
      .then(
        () => true,
        () => false,
      );
    this.plot.add({ ms: isAnswered ? performance.now() - askedAt : undefined, transport });
  }
}

/** The inspector's own question is `2…["echo"]`; the answer to it, which has no data, is `3…[]`. No other ack is empty. */
function isRoundTrip({ type, data }: PacketSeen): boolean {
  return type === 'message' && typeof data === 'string' && /^(?:2\d+\["echo"\]|3\d+\[\])$/.test(data);
}

function transportOf(each: HTMLInputElement): Forbidden {
  // The markup names no others than these.
  return each.dataset['forbids'] as Forbidden;
}
