/** The names under which Prometheus knows a server's metrics. */
import type { Family } from './exposition.ts';
import type { Metrics } from './metrics.ts';

/** Labels have values from closed sets alone: no id, address or text of a peer's. */
export const metricFamilies: readonly Family<Metrics>[] = [
  {
    name: 'throughline_server_active_sessions',
    type: 'gauge',
    help: 'Sessions that there are, by the transport that carries them or carried them last.',
    labels: ['transport'],
    of: ({ activeSessions }) => activeSessions,
  },
  {
    name: 'throughline_server_suspended_sessions',
    type: 'gauge',
    help: 'Sessions that wait for their peer to come back.',
    labels: [],
    of: ({ suspendedSessions }) => suspendedSessions,
  },
  {
    name: 'throughline_server_closed_sessions_total',
    type: 'counter',
    help: 'Sessions that ended, by why.',
    labels: ['reason'],
    of: ({ closedSessions }) => closedSessions,
  },
  {
    name: 'throughline_server_session_duration_seconds',
    type: 'histogram',
    help: 'How long sessions lasted, by their last transport and by who ended them.',
    labels: ['transport', 'by'],
    of: ({ sessionDurationSeconds }) => sessionDurationSeconds,
  },
  {
    name: 'throughline_server_messages_total',
    type: 'counter',
    help: 'Messages of sessions, heartbeats and repetitions left out.',
    labels: ['direction'],
    of: ({ messages }) => messages,
  },
  {
    name: 'throughline_server_io_bytes_total',
    type: 'counter',
    help: 'Bytes of WebSockets, and of the bodies of HTTP requests and answers.',
    labels: ['direction'],
    of: ({ ioBytes }) => ioBytes,
  },
  {
    name: 'throughline_server_resumes_total',
    type: 'counter',
    help: 'Sessions whose peer was gone, by what became of them.',
    labels: ['result'],
    of: ({ resumes }) => resumes,
  },
  {
    name: 'throughline_server_replayed_total',
    type: 'counter',
    help: 'Messages sent again after the loss of a transport.',
    labels: [],
    of: ({ replayedMessages }) => replayedMessages,
  },
  {
    name: 'throughline_server_transport_changes_total',
    type: 'counter',
    help: 'Moves of sessions from one transport to another.',
    labels: ['from', 'to'],
    of: ({ transportChanges }) => transportChanges,
  },
  {
    name: 'throughline_server_rejected_total',
    type: 'counter',
    help: 'Requests and upgrades that were refused, by why.',
    labels: ['reason'],
    of: ({ rejectedRequests }) => rejectedRequests,
  },
  {
    name: 'throughline_server_limit_hits_total',
    type: 'counter',
    help: 'How often peers ran into limits.',
    labels: ['limit'],
    of: ({ limitHits }) => limitHits,
  },
  {
    name: 'throughline_server_queued_bytes',
    type: 'gauge',
    help: 'Bytes of messages kept for all sessions, not sent yet or not confirmed.',
    labels: [],
    of: ({ queuedBytes }) => queuedBytes,
  },
  {
    name: 'throughline_server_heartbeat_rtt_seconds',
    type: 'histogram',
    help: 'From a ping to its answer.',
    labels: [],
    of: ({ heartbeatRttSeconds }) => heartbeatRttSeconds,
  },
  {
    name: 'throughline_server_drain_remaining',
    type: 'gauge',
    help: 'Sessions that are to go before the server has drained, 0 while it does not drain.',
    labels: [],
    of: ({ drainRemaining }) => drainRemaining,
  },
];
