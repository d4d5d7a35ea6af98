// One measurement: a contender is started afresh, filled, warmed up, saturated, asked at half of that, and ended.

import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LoadTestDocument } from '../loadtest/report/document.js'
import { findFreePorts } from '../net/free-ports.js'
import { isFilled, saturationOf, silenceText, unkeptConnections, wrongAnswersIn } from './answers.js'
import type { CellFigures, CellResult, FillResult } from './cell-result.js'
import type { CertificatePaths, Found, LaunchRequest } from './contender.js'
import type { Guard } from './guard.js'
import { measureLatency } from './latency.js'
import { listeningAddresses } from './listening.js'
import { type LoadOutcome, runLoad } from './load.js'
import { searchObjectives } from './objective-search.js'
import { Overseer } from './overseer.js'
import { countPeers } from './peer-count.js'
import type { CellPlan } from './plan.js'
import { ProcessFamily } from './processes.js'
import { ProcessorWatch } from './processor-watch.js'
import type { ProcessorShare } from './processors.js'
import { waitUntilReady } from './readiness.js'
import { keepsConnections, type Workload } from './workloads.js'

/** What is the same for all measurements of a bench. */
export interface CellSetting {
  readonly share: ProcessorShare
  /** A directory of the bench alone, which the guard removes if it dies: each contender gets one in it. */
  readonly scratch: string
  readonly seed: number
  readonly numwant: number
  readonly warmUpSeconds: number
  readonly measureSeconds: number
  /** Part of its saturation at which latency is measured; 0: not at all. */
  readonly latencyShare: number
  /** Other parts of it at which latency is measured too, for a curve. */
  readonly curveShares?: readonly number[]
  /** `announce.p99<5ms` and so on: the highest rate that keeps them is searched; empty: not at all. */
  readonly objectives: readonly string[]
  /** How long a contender may take until it answers. */
  readonly startLimitSeconds: number
  readonly certificate: CertificatePaths | null
  readonly infoHashFileOf: (workload: Workload) => Promise<string>
  readonly guard: Guard
}

/** What is done with a contender. `saturating` begins with filling it; `filling` is of large states alone. */
export type CellStage = 'starting' | 'filling' | 'saturating' | 'latency' | 'searching' | 'stopping'

/** Memory of a contender settles within this after its start; where it is what is measured, more is waited. */
const SETTLE_MS = 300
const LARGE_SETTLE_MS = 3_000
/** Peers of the load that a contender has seen before its memory is read first: too few to count. */
const PRIMING_PEERS = 1_000
/** Part of the announced peers that a contender has to have: some share their address and port. */
const PEERS_SHARE_MIN = 0.99
/** Share of the answers that is looked at closely. */
const VERIFY_SHARE = '1%'
/** Peers that are there before a measurement are announced within this, or as many as can be. */
const FILL_SECONDS = 60
/** A large state takes its time. */
const LARGE_FILL_SECONDS = 3600
/** Of a load test beside its phases: start, connections, drain, a machine that is slow. */
const LOAD_GRACE_SECONDS = 120
const SEARCH_SECONDS = 3600

/** A free port may be taken by another program before the contender has it. */
const PORT_ATTEMPTS = 3

/** @param onStage is told of each stage when it begins */
export async function measureCell(
  plan: CellPlan,
  workload: Workload,
  found: Found,
  setting: CellSetting,
  signal: AbortSignal,
  onStage: (stage: CellStage) => void = () => undefined,
): Promise<CellResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await new Cell(plan, workload, found, setting, signal, onStage).measure()
    if (attempt === PORT_ATTEMPTS || signal.aborted || !hasLostItsPort(result)) return result
  }
}

/** By what programs say of EADDRINUSE. */
function hasLostItsPort({ outcome, lastWords }: CellResult): boolean {
  return outcome === 'did-not-start' && /EADDRINUSE|address (is )?already in use/i.test(lastWords ?? '')
}

/** Ends a measurement with an outcome that is none. */
class Trouble extends Error {
  readonly outcome: CellResult['outcome']

  constructor(outcome: CellResult['outcome'], reason: string) {
    super(reason)
    this.outcome = outcome
  }
}

class Cell {
  readonly #plan: CellPlan
  readonly #workload: Workload
  readonly #found: Found
  readonly #setting: CellSetting
  readonly #signal: AbortSignal
  readonly #onStage: (stage: CellStage) => void
  readonly #family = new ProcessFamily()
  readonly #loadMark = randomUUID()
  readonly #startedAt = new Date()
  #overseer: Overseer | null = null
  #fault: string | null = null

  constructor(
    plan: CellPlan,
    workload: Workload,
    found: Found,
    setting: CellSetting,
    signal: AbortSignal,
    onStage: (stage: CellStage) => void,
  ) {
    this.#plan = plan
    this.#workload = workload
    this.#found = found
    this.#setting = setting
    this.#signal = signal
    this.#onStage = onStage
  }

  async measure(): Promise<CellResult> {
    const directory = await mkdtemp(join(this.#setting.scratch, 'contender-'))
    // Programs that change their user read their files there.
    await chmod(directory, 0o755)
    this.#setting.guard.watch(this.#family.mark)
    this.#setting.guard.watch(this.#loadMark)
    try {
      const figures = await this.#run(directory)
      return this.#result(this.#fault === null ? 'measured' : 'wrong-answers', this.#fault, figures)
    } catch (error) {
      if (error instanceof Trouble) return this.#result(error.outcome, error.message, null)
      return this.#result('failed', (error as Error).message, null)
    } finally {
      this.#onStage('stopping')
      this.#overseer?.stop()
      await this.#family.stop()
      await rm(directory, { recursive: true, force: true })
    }
  }

  #result(outcome: CellResult['outcome'], reason: string | null, figures: CellFigures | null): CellResult {
    const words = this.#family.lastWords()
    return {
      schemaVersion: 2,
      ...this.#plan,
      startedAt: this.#startedAt.toISOString(),
      outcome,
      reason,
      lastWords: outcome === 'measured' || words === '' ? null : words,
      figures,
    }
  }

  async #run(directory: string): Promise<CellFigures> {
    this.#onStage('starting')
    const url = this.#found.url ?? (await this.#start(directory))
    const startUpMs = await this.#waitUntilReady(url)
    if (this.#isOurs) {
      this.#overseer = new Overseer({ family: this.#family, directory, signal: this.#signal })
    }
    await pause(SETTLE_MS)
    if (this.#workload.isLargeState) {
      const fill = await this.#fill(url)
      return { ...emptyFigures(startUpMs), fill, peakResidentBytes: this.#family.peakResidentBytes() }
    }
    const watch = new ProcessorWatch(this.#family)
    try {
      this.#onStage('saturating')
      const document = await this.#load(url, this.#saturateFlags())
      const { loadProcessors } = this.#setting.share
      const saturation = saturationOf(document, this.#isOurs ? watch : null, loadProcessors)
      const wrong = wrongAnswersIn(document, this.#found.knownWrongs)
      this.#fault = wrong.reason
      if (wrong.count > 0)
        return {
          ...emptyFigures(startUpMs),
          saturation,
          answersVerified: document.counts.verified,
          answersWrong: wrong.count,
        }
      const unkept = keepsConnections(this.#workload) ? unkeptConnections(document) : null
      if (unkept !== null) throw new Trouble('not-applicable', unkept)
      // Reading what all processes of the machine are takes processor time from the load.
      watch.stop()
      const latency = await measureLatency({
        ...this.#setting,
        saturation,
        load: flags => {
          this.#onStage('latency')
          return this.#load(url, [...this.#commonFlags(), ...flags])
        },
      })
      const objective = await searchObjectives({
        ...this.#setting,
        load: flags => {
          this.#onStage('searching')
          return this.#load(url, [...this.#commonFlags(), ...flags], SEARCH_SECONDS)
        },
      })
      return {
        ...emptyFigures(startUpMs),
        saturation,
        latency,
        ...objective,
        peakResidentBytes: this.#isOurs ? this.#family.peakResidentBytes() : null,
        // Of this machine; who runs elsewhere may be on another.
        kernelDrops: this.#isOurs ? document.selfCheck.kernelReceiveDrops : null,
        answersVerified: document.counts.verified,
        answersWrong: wrong.count,
        excessShare: wrong.excessShare,
        isFilled: isFilled(document),
      }
    } finally {
      watch.stop()
    }
  }

  /** Whether we started it: a tracker that runs elsewhere has neither processor time nor memory that we could see. */
  get #isOurs(): boolean {
    return this.#found.url === undefined
  }

  /** @returns where it will answer */
  async #start(directory: string): Promise<string> {
    const { certificate, numwant, share } = this.#setting
    const { service } = this.#workload
    const [port, sparePort] = await findFreePorts(2)
    const request: LaunchRequest = {
      service,
      port,
      sparePort,
      directory,
      certificate: service.isTls ? certificate : null,
      processors: share.contenderProcessors,
      numwant,
      infoHashFile: () => this.#setting.infoHashFileOf(this.#workload),
      peersExpected: this.#workload.fillPeers,
    }
    for (const launch of await this.#found.launch(request)) {
      this.#family.start(launch, share.contender, directory)
    }
    const scheme = service.protocol === 'udp' ? 'udp' : `${service.protocol}${service.isTls ? 's' : ''}`
    return `${scheme}://127.0.0.1:${port}/announce`
  }

  /** @returns how long its start took; null for a tracker that already ran */
  async #waitUntilReady(url: string): Promise<number | null> {
    const startedMs = performance.now()
    const problem = await waitUntilReady({
      url,
      protocol: this.#workload.service.protocol,
      family: this.#family,
      isOurs: this.#isOurs,
      limitMs: this.#setting.startLimitSeconds * 1000,
      signal: this.#signal,
    })
    if (problem !== null) throw new Trouble('did-not-start', problem + this.#whereItListens())
    return this.#isOurs ? performance.now() - startedMs : null
  }

  /** Where a contender answers that does not where it was told. */
  #whereItListens(): string {
    const addresses = this.#family.pids().flatMap(listeningAddresses)
    return addresses.length === 0 ? '' : ` It listens on ${[...new Set(addresses)].join(', ')}.`
  }

  async #fill(url: string): Promise<FillResult> {
    this.#onStage('filling')
    // Hardly anything behind the fill: a peer that announces again does so from another socket, and is two to some.
    const flags = ['--fill', `${LARGE_FILL_SECONDS}s`, '--warmup', '0s', '--duration', '1s', '--rate', '100']
    // Before and after have to be alike but for the peers: buffers in use, and nothing left of the start.
    const few = { fillPeers: PRIMING_PEERS, torrents: Math.ceil(PRIMING_PEERS / 4) }
    await this.#load(url, [...this.#commonFlags({ ...this.#workload, ...few }), ...flags])
    await pause(LARGE_SETTLE_MS)
    const residentBytesBefore = this.#family.residentBytes()
    const startedMs = performance.now()
    const document = await this.#load(url, [...this.#commonFlags(), ...flags], LARGE_FILL_SECONDS)
    if (!isFilled(document)) {
      throw new Trouble('failed', `it did not take all peers within ${LARGE_FILL_SECONDS / 60} minutes`)
    }
    const seconds = (performance.now() - startedMs) / 1000
    await pause(LARGE_SETTLE_MS)
    const residentBytesAfter = this.#family.residentBytes()
    const { fillPeers: peers, torrents } = this.#workload
    const peersCounted = await countPeers({
      url,
      torrents,
      seed: this.#setting.seed,
      signal: this.#overseer?.signal ?? this.#signal,
    })
    await this.#throwTrouble()
    if (peersCounted !== null && peersCounted < peers * PEERS_SHARE_MIN) {
      throw new Trouble('failed', `it has ${peersCounted} of the ${peers} peers that were announced`)
    }
    return { peers, peersCounted, seconds, residentBytesBefore, residentBytesAfter }
  }

  #commonFlags({ settings, torrents, fillPeers } = this.#workload): string[] {
    const { seed, numwant, share } = this.#setting
    return [
      ...['--workers', String(share.loadProcessors)],
      ...['--seed', String(seed)],
      ...['--numwant', String(numwant)],
      ...['--torrents', String(torrents)],
      ...(fillPeers > 0 ? ['--peers', String(fillPeers)] : []),
      ...settings,
    ]
  }

  #saturateFlags(): string[] {
    const { warmUpSeconds, measureSeconds } = this.#setting
    return [
      ...this.#commonFlags(),
      '--saturate',
      ...['--verify', VERIFY_SHARE],
      ...['--warmup', `${warmUpSeconds}s`],
      ...['--duration', `${measureSeconds}s`],
      ...(this.#workload.fillPeers > 0 ? ['--fill', `${FILL_SECONDS}s`] : []),
    ]
  }

  /** For what the overseer has found, or finds now. */
  async #throwTrouble(): Promise<void> {
    await this.#overseer?.look()
    const trouble = this.#overseer?.trouble ?? null
    if (trouble !== null) throw new Trouble(trouble.outcome, trouble.reason)
  }

  /** @param phaseSeconds its phases beside warm-up and measurement, at most */
  async #load(
    url: string,
    flags: readonly string[],
    phaseSeconds: number = FILL_SECONDS,
  ): Promise<LoadTestDocument> {
    const { warmUpSeconds, measureSeconds, share } = this.#setting
    const outcome: LoadOutcome = await runLoad({
      protocol: this.#workload.service.protocol,
      url,
      flags,
      processors: share.load,
      mark: this.#loadMark,
      limitSeconds: warmUpSeconds + measureSeconds + phaseSeconds + LOAD_GRACE_SECONDS,
      signal: this.#overseer?.signal ?? this.#signal,
    })
    await this.#throwTrouble()
    if (outcome.document === null) throw new Trouble('failed', outcome.reason)
    if (outcome.document.verdict === 'no-answers') {
      const { reason } = wrongAnswersIn(outcome.document)
      if (reason !== null) throw new Trouble('wrong-answers', reason)
      throw new Trouble('failed', silenceText(outcome.document))
    }
    return outcome.document
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function emptyFigures(startUpMs: number | null): CellFigures {
  return {
    startUpMs,
    fill: null,
    saturation: null,
    latency: [],
    objectiveRatePerSecond: null,
    peakResidentBytes: null,
    kernelDrops: null,
    answersVerified: 0,
    answersWrong: 0,
    isFilled: true,
  }
}
