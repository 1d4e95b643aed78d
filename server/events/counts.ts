/** What this floor has counted since its server was made: nothing that happens with every packet. */
import { hitLimit } from '../engine/limit-hits.ts';
import type { Session } from '../engine/index.ts';

/**
 * | limit                  | option           | what happens at it                     |
 * | ---------------------- | ---------------- | -------------------------------------- |
 * | `too-many-namespaces`  | `maxNamespaces`  | the client is refused that namespace   |
 * | `too-many-attachments` | `maxAttachments` | the session ends                       |
 * | `too-deep`             | `maxDepth`       | the session ends                       |
 * | `connect-timeout`      | `connectTimeout` | the session ends                       |
 */
export const eventLimitNames = ['too-many-namespaces', 'too-many-attachments', 'too-deep', 'connect-timeout'] as const;

/** A name of {@link eventLimitNames}. */
export type EventLimitName = (typeof eventLimitNames)[number];

/** Whoever refuses a packet because of a limit names its option. */
const limitsByOption: readonly (readonly [option: string, limit: EventLimitName])[] = [
  ['maxAttachments', 'too-many-attachments'],
  ['maxDepth', 'too-deep'],
];

export class EventCounts {
  /** Sockets that got the state of an earlier connection back. */
  recovered = 0;
  /** Events whose arguments don't fit their schemas. */
  invalidPayloads = 0;
  /** Clients that sent what is no packet, or none that they may send. */
  malformed = 0;
  /** Listeners of the application that threw or rejected. */
  listenerErrors = 0;
  readonly limitHits: Record<EventLimitName, number> = {
    'too-many-namespaces': 0,
    'too-many-attachments': 0,
    'too-deep': 0,
    'connect-timeout': 0,
  };

  hit(limit: EventLimitName, session: Session): void {
    hitLimit(this.limitHits, limit, session);
  }

  /** A client broke the protocol, and is cut off. */
  brokeProtocol({ message }: Error, session: Session): void {
    this.malformed++;
    const [, limit] = limitsByOption.find(([option]) => message.includes(option)) ?? [];
    if (limit !== undefined) this.hit(limit, session);
  }
}
