// What one measurement found out: one contender under one workload in one block. Stored as one line of the results
// file; whatever is added later is optional there.

/** Latency of announces in microseconds, from the planned instant; lost requests are in it, at their time limit. */
export interface LatencyPoint {
  readonly ratePerSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly lossShare: number
  /** False where the load generator could not keep the rate: the point says nothing. */
  readonly isValid: boolean
  /** Of the saturation. */
  readonly share?: number
  /** How late the generator sent: 99 of 100 requests less than this, in microseconds. */
  readonly lagP99Us?: number | null
  /** Share of the time that a worker of the generator could have run and had no processor. */
  readonly waitShare?: number
}

export interface Saturation {
  /** Answers to requests; over HTTP and WebTorrent a connection is none. */
  readonly responsesPerSecond: number
  /**
   * Processor time of all processes and threads of the contender for each answered request, in microseconds; null
   * where we did not start it.
   */
  readonly userUs: number | null
  readonly systemUs: number | null
  /** Processors it kept busy: 1 is one whole. */
  readonly processorsUsed: number | null
  readonly lossShare: number
  readonly peersPerAnnounce: number
  readonly bytesPerResponse: number
  /** Share of its processors that the load generator used, 0 to 1: near 1 the generator may be the limit. */
  readonly generatorShare: number
  /** Share of the machine's processors that its host took for others; null where unknown. */
  readonly stealShare?: number | null
}

export interface FillResult {
  /** Announced. */
  readonly peers: number
  /** What the contender says it has, over all torrents: null where it does not answer scrapes. */
  readonly peersCounted?: number | null
  readonly seconds: number
  readonly residentBytesBefore: number
  readonly residentBytesAfter: number
}

export interface CellFigures {
  /** From the start of the process to the first answer; null where we did not start it. */
  readonly startUpMs: number | null
  readonly fill: FillResult | null
  /** Null where the workload is no load, but a state to keep. */
  readonly saturation: Saturation | null
  /** At half of the saturation first; a quarter follows where the generator could not keep half. */
  readonly latency: readonly LatencyPoint[]
  /** Highest rate that keeps the objectives; null where it was not asked for. */
  readonly objectiveRatePerSecond: number | null
  /** Whether the load generator ended that search, or was late itself: the contender may keep them at more. */
  readonly isObjectiveBound?: boolean
  readonly peakResidentBytes: number | null
  readonly kernelDrops: number | null
  /** Answers looked at and found wrong. */
  readonly answersVerified: number
  readonly answersWrong: number
  /** Part of the answers looked at, 0 to 1, that have more peers than were asked for; wrong ones do not count. */
  readonly excessShare?: number
  /** False where it took too few of the peers in time: its answers carried fewer than those of others. */
  readonly isFilled?: boolean
}

/** A result of any kind is one: a contender that died is not left out. */
export interface CellResult {
  readonly schemaVersion: 2
  readonly contender: string
  readonly workload: string
  /** 0 and following. */
  readonly block: number
  /** Which of two equal runs of an A/A pair; 0 for all others. */
  readonly twin: number
  readonly startedAt: string
  readonly outcome:
    | 'measured'
    | 'wrong-answers'
    | 'died'
    | 'did-not-start'
    | 'generator-bound'
    | 'failed'
    /** It does not do what this workload is about, and nothing is wrong with that. */
    | 'not-applicable'
  /** One sentence where it is not `measured`. */
  readonly reason: string | null
  /** The end of what the contender wrote, where it died or did not start. */
  readonly lastWords: string | null
  readonly figures: CellFigures | null
}
