// What a tracker has to say to be compared: whether it is here, which version, and how it is started with settings
// that are equal for all. Files below contenders/ implement it, one for each tracker; nothing here starts a process.

export type BenchProtocol = 'udp' | 'http' | 'ws'

/** What is spoken to a contender. */
export interface Service {
  readonly protocol: BenchProtocol
  readonly isTls: boolean
}

/** PEM files. */
export interface CertificatePaths {
  readonly certificatePath: string
  readonly keyPath: string
}

/** Where and how a contender is to run. It listens on 127.0.0.1 only and answers with at most `numwant` peers. */
export interface LaunchRequest {
  readonly service: Service
  readonly port: number
  /** A second free port, for what it insists on listening on besides. */
  readonly sparePort: number
  /** Its own, empty; programs that change their user may read it. */
  readonly directory: string
  readonly certificate: CertificatePaths | null
  /** Processors it is pinned to: it should start as many workers. */
  readonly processors: number
  readonly numwant: number
  /** File with the info hashes of the load, one in hexadecimal per line, for trackers that serve only listed ones. */
  readonly infoHashFile: () => Promise<string>
  /** Peers that will be announced: trackers that reserve memory are told. */
  readonly peersExpected: number
}

/** A program to start. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Where it is started; its own directory unless told. */
  readonly workingDirectory?: string
}

/** A tracker that can run here. */
export interface Found {
  readonly version: string
  /** The program; null for a tracker that already runs. */
  readonly path: string | null
  /** What it can't do or does differently, a sentence each; printed with its figures. */
  readonly limits: readonly string[]
  /** Remarks of the load test about its answers that are its known way, told of in `limits`, and no fault here. */
  readonly knownWrongs?: readonly string[]
  /** Writes its files and says what to start, in order; the last is the tracker, others stand in front of it. */
  readonly launch: (request: LaunchRequest) => Promise<readonly Launch[]>
  /** Set for a tracker that runs elsewhere: nothing is started or accounted for. */
  readonly url?: string
}

/** A tracker that can't run here: why, and how to get it. */
export interface Missing {
  readonly reason: string
  readonly remedy: string
}

export interface Contender {
  /** As on the command line: `opentracker`, `aquatic-rust-uring`. */
  readonly key: string
  /** As in reports. */
  readonly name: string
  /** Whether it can be asked that way at all. */
  readonly serves: (service: Service) => boolean
  /** Known to close HTTP connections after each answer: of no use where the noise of kept ones is measured. */
  readonly closesConnections?: true
  readonly find: (places: Places) => Promise<Found | Missing>
}

/** What the user says about where things are. */
export interface Places {
  /** Paths by key: `--path opentracker=/opt/opentracker`. */
  readonly paths: ReadonlyMap<string, string>
  readonly environment: NodeJS.ProcessEnv
}

export function isMissing(finding: Found | Missing): finding is Missing {
  return 'reason' in finding
}
