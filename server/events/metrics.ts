/** What a server of events has done and how it is: its engines' numbers, and those of this floor. */
import { metricFamilies } from '../engine/metric-families.ts';
import { expose } from '../engine/exposition.ts';
import type { Family } from '../engine/exposition.ts';
import type { Metrics as EngineMetrics } from '../engine/index.ts';
import type { EventCounts, EventLimitName } from './counts.ts';

/** The numbers of this floor. Unless its comment says that it is so now, one counts since the server was made. */
export interface EventMetrics {
  /** The namespaces that there are now. */
  readonly namespaces: number;
  /** The sockets that are connected now, in all namespaces. */
  readonly connectedSockets: number;
  /** Sockets that got the state of an earlier connection back. */
  readonly recoveredSockets: number;
  /** Events that were refused, since their arguments don't fit their schemas. */
  readonly invalidPayloads: number;
  /** Clients that were cut off, since they sent what is no packet, or none that they may send. */
  readonly malformedPackets: number;
  /** Listeners of the application that threw or rejected. */
  readonly listenerErrors: number;
  /** How often clients ran into limits of this floor. */
  readonly limitHits: Readonly<Record<EventLimitName, number>>;
}

/** A snapshot: the engines' numbers, and under `events` those of this floor. */
export interface Metrics extends EngineMetrics {
  readonly events: EventMetrics;
}

/** Those who are counted now, where the counts don't say. */
interface Namespaces {
  readonly size: number;
  values(): Iterable<{ readonly sockets: { readonly size: number } }>;
}

export function takeEventMetrics(counts: EventCounts, namespaces: Namespaces): EventMetrics {
  let connectedSockets = 0;
  for (const { sockets } of namespaces.values()) connectedSockets += sockets.size;
  return {
    namespaces: namespaces.size,
    connectedSockets,
    recoveredSockets: counts.recovered,
    invalidPayloads: counts.invalidPayloads,
    malformedPackets: counts.malformed,
    listenerErrors: counts.listenerErrors,
    limitHits: { ...counts.limitHits },
  };
}

/** As Prometheus reads it. */
export function exposeMetrics(metrics: Metrics): string {
  return expose(metricFamilies, metrics) + expose(eventFamilies, metrics.events);
}

/** No label has a namespace's name: where namespaces are made on demand it is the client's. */
const eventFamilies: readonly Family<EventMetrics>[] = [
  {
    name: 'throughline_events_namespaces',
    type: 'gauge',
    help: 'Namespaces that there are.',
    labels: [],
    of: ({ namespaces }) => namespaces,
  },
  {
    name: 'throughline_events_connected_sockets',
    type: 'gauge',
    help: 'Sockets that are connected, in all namespaces.',
    labels: [],
    of: ({ connectedSockets }) => connectedSockets,
  },
  {
    name: 'throughline_events_recovered_sockets_total',
    type: 'counter',
    help: 'Sockets that got the state of an earlier connection back.',
    labels: [],
    of: ({ recoveredSockets }) => recoveredSockets,
  },
  {
    name: 'throughline_events_invalid_payloads_total',
    type: 'counter',
    help: 'Events refused for arguments that do not fit their schemas.',
    labels: [],
    of: ({ invalidPayloads }) => invalidPayloads,
  },
  {
    name: 'throughline_events_malformed_packets_total',
    type: 'counter',
    help: 'Clients cut off for what is no packet, or none that they may send.',
    labels: [],
    of: ({ malformedPackets }) => malformedPackets,
  },
  {
    name: 'throughline_events_listener_errors_total',
    type: 'counter',
    help: 'Listeners of the application that threw or rejected.',
    labels: [],
    of: ({ listenerErrors }) => listenerErrors,
  },
  {
    name: 'throughline_events_limit_hits_total',
    type: 'counter',
    help: 'How often clients ran into limits of namespaces, packets and time.',
    labels: ['limit'],
    of: ({ limitHits }) => limitHits,
  },
];
