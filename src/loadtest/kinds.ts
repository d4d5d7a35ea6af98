// What a load generator asks a tracker, and what can become of a request. Numbers index counters and histograms.

export type LoadProtocol = 'udp' | 'http' | 'ws'

/** Kinds of requests. `offer` and `answer` are WebTorrent's, from the sender's frame to the receiver's. */
export const enum LoadKind {
  /** UDP: a connection id. HTTP and WebTorrent: a connection that can be used, TLS and upgrade included. */
  connect = 0,
  announce = 1,
  scrape = 2,
  offer = 3,
  answer = 4,
  count = 5,
}

export const loadKindNames = ['connect', 'announce', 'scrape', 'offer', 'answer'] as const
export type LoadKindName = (typeof loadKindNames)[number]

/** The kinds of each protocol, in the order of reports. */
export const kindsOf: Readonly<Record<LoadProtocol, readonly LoadKindName[]>> = {
  udp: ['connect', 'announce', 'scrape'],
  http: ['connect', 'announce', 'scrape'],
  ws: ['connect', 'announce', 'scrape', 'offer', 'answer'],
}

/**
 * Those that are asked of the tracker, and make up totals: over HTTP and WebTorrent a connection is no request but what
 * requests go over, and offers and answers are what the tracker makes of announces.
 */
export const requestKindsOf: Readonly<Record<LoadProtocol, readonly LoadKindName[]>> = {
  udp: ['connect', 'announce', 'scrape'],
  http: ['announce', 'scrape'],
  ws: ['announce', 'scrape'],
}

/** Of these, what a plan asks for: connection ids that a UDP generator needs for itself were not planned. */
export function plannedKindsOf({
  protocol,
  mix,
}: {
  readonly protocol: LoadProtocol
  readonly mix: { readonly connect: number }
}): readonly LoadKindName[] {
  const kinds = requestKindsOf[protocol]
  return mix.connect > 0 ? kinds : kinds.filter(kind => kind !== 'connect')
}

/** What became of a request: exactly one of these, for each. */
export const enum Outcome {
  /** The answer that was asked for. */
  answered = 0,
  /** The tracker said why not: an error response, a failure reason, an HTTP status. */
  refused = 1,
  /** Bytes that are no answer of the protocol. */
  malformed = 2,
  /** An answer to another kind of request. */
  wrongType = 3,
  /** Nothing within the time limit, or until the end of the drain. */
  timedOut = 4,
  /** The connection it was sent over ended or could not be opened. */
  broken = 5,
  /** The system did not take it. */
  unsent = 6,
  count = 7,
}

export const outcomeNames = [
  'answered',
  'refused',
  'malformed',
  'wrongType',
  'timedOut',
  'broken',
  'unsent',
] as const
export type OutcomeName = (typeof outcomeNames)[number]

/** Counts of a worker that belong to no one request. */
export const enum WorkerCount {
  /** Answers after the time limit of their request. */
  late = 0,
  /** Second answers to one request. */
  duplicate = 1,
  /** Answers to nothing that was asked. */
  unknown = 2,
  bytesSent = 3,
  bytesReceived = 4,
  connectionsOpened = 5,
  connectionsFailed = 6,
  /** Ended by the other side, or by an error, while they should have stayed. */
  connectionsLost = 7,
  /** Sends repeated because the system had no room. */
  sendsRetried = 8,
  /** Peers in announce answers, for peers per answer. */
  peersReceived = 9,
  /** Answers looked at closely (`verify`), and those found wrong. */
  verified = 10,
  verifiedWrong = 11,
  count = 12,
}

export const workerCountNames = [
  'late',
  'duplicate',
  'unknown',
  'bytesSent',
  'bytesReceived',
  'connectionsOpened',
  'connectionsFailed',
  'connectionsLost',
  'sendsRetried',
  'peersReceived',
  'verified',
  'verifiedWrong',
] as const
export type WorkerCountName = (typeof workerCountNames)[number]
