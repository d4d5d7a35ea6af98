// One measurement: a contender is started afresh, filled, warmed up, saturated, asked at half of that, and ended.

import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadTestDocument } from '../loadtest/report/document.js'
import { findFreePorts } from '../net/free-ports.js'
import type { CellFigures, CellResult, FillResult, LatencyPoint, Saturation } from './cell-result.js'
import type { CertificatePaths, Found, LaunchRequest } from './contender.js'
import type { Guard } from './guard.js'
import { type LoadOutcome, runLoad } from './load.js'
import type { CellPlan } from './plan.js'
import { ProcessFamily } from './processes.js'
import { ProcessorWatch } from './processor-watch.js'
import type { ProcessorShare } from './processors.js'
import { waitUntilReady } from './readiness.js'
import type { Workload } from './workloads.js'

/** What is the same for all measurements of a bench. */
export interface CellSetting {
  readonly share: ProcessorShare
  readonly seed: number
  readonly numwant: number
  readonly warmUpSeconds: number
  readonly measureSeconds: number
  /** Part of its saturation at which latency is measured; 0: not at all. */
  readonly latencyShare: number
  /** `announce.p99<5ms` and so on: the highest rate that keeps them is searched; empty: not at all. */
  readonly objectives: readonly string[]
  readonly certificate: CertificatePaths | null
  readonly infoHashFileOf: (workload: Workload) => Promise<string>
  readonly guard: Guard
}

/** Memory of a contender that has just started settles within this. */
const SETTLE_MS = 300
/** Share of the answers that is looked at closely. */
const VERIFY_SHARE = '1%'

export async function measureCell(
  plan: CellPlan,
  workload: Workload,
  found: Found,
  setting: CellSetting,
  signal: AbortSignal,
): Promise<CellResult> {
  const cell = new Cell(plan, workload, found, setting, signal)
  return cell.measure()
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
  readonly #family = new ProcessFamily()
  readonly #startedAt = new Date()

  constructor(plan: CellPlan, workload: Workload, found: Found, setting: CellSetting, signal: AbortSignal) {
    this.#plan = plan
    this.#workload = workload
    this.#found = found
    this.#setting = setting
    this.#signal = signal
  }

  async measure(): Promise<CellResult> {
    const directory = await mkdtemp(join(tmpdir(), 'aquatic-bench-'))
    // Programs that change their user read their files there.
    await chmod(directory, 0o755)
    this.#setting.guard.watch(this.#family.mark)
    this.#setting.guard.removeAtDeath(directory)
    try {
      const figures = await this.#run(directory)
      const isWrong = figures.answersWrong > 0
      return this.#result(
        isWrong ? 'wrong-answers' : 'measured',
        isWrong ? wrongText(figures) : null,
        figures,
      )
    } catch (error) {
      if (error instanceof Trouble) return this.#result(error.outcome, error.message, null)
      return this.#result('failed', (error as Error).message, null)
    } finally {
      await this.#family.stop()
      await rm(directory, { recursive: true, force: true })
    }
  }

  #result(outcome: CellResult['outcome'], reason: string | null, figures: CellFigures | null): CellResult {
    const words = this.#family.lastWords()
    return {
      schemaVersion: 1,
      ...this.#plan,
      startedAt: this.#startedAt.toISOString(),
      outcome,
      reason,
      lastWords: outcome === 'measured' || words === '' ? null : words,
      figures,
    }
  }

  async #run(directory: string): Promise<CellFigures> {
    const url = this.#found.url ?? (await this.#start(directory))
    const startUpMs = await this.#waitUntilReady(url)
    await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
    const residentBytesBefore = this.#family.residentBytes()
    if (this.#workload.isLargeState) {
      const fill = await this.#fill(url, residentBytesBefore)
      return { ...emptyFigures(startUpMs), fill, peakResidentBytes: this.#family.peakResidentBytes() }
    }
    const watch = new ProcessorWatch(this.#family)
    try {
      const document = await this.#load(url, this.#saturateFlags())
      const saturation = this.#saturationOf(document, watch)
      const latency = await this.#latency(url, saturation)
      const objectiveRatePerSecond = await this.#search(url)
      return {
        ...emptyFigures(startUpMs),
        saturation,
        latency,
        objectiveRatePerSecond,
        peakResidentBytes: this.#isOurs ? this.#family.peakResidentBytes() : null,
        kernelDrops: document.selfCheck.kernelReceiveDrops,
        answersVerified: document.counts.verified,
        answersWrong: this.#wrongIn(document),
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

  async #waitUntilReady(url: string): Promise<number> {
    const startedMs = performance.now()
    const problem = await waitUntilReady({
      url,
      protocol: this.#workload.service.protocol,
      family: this.#family,
      isOurs: this.#isOurs,
      signal: this.#signal,
    })
    if (problem !== null) throw new Trouble('did-not-start', problem)
    return performance.now() - startedMs
  }

  async #fill(url: string, residentBytesBefore: number): Promise<FillResult> {
    const startedMs = performance.now()
    const flags = ['--fill', '3600s', '--warmup', '0s', '--duration', '1s']
    await this.#load(url, [...this.#commonFlags(), ...flags])
    return {
      peers: this.#workload.fillPeers,
      seconds: (performance.now() - startedMs) / 1000,
      residentBytesBefore,
      residentBytesAfter: this.#family.residentBytes(),
    }
  }

  async #latency(url: string, saturation: Saturation): Promise<LatencyPoint[]> {
    const { latencyShare, measureSeconds } = this.#setting
    if (latencyShare === 0) return []
    const rate = Math.max(1, Math.round(saturation.responsesPerSecond * latencyShare))
    const flags = [
      '--rate',
      String(rate),
      '--fill',
      '0s',
      '--warmup',
      '0.5s',
      '--duration',
      `${measureSeconds}s`,
    ]
    const document = await this.#load(url, [...this.#commonFlags(), ...flags])
    const announce = document.kinds.find(({ kind }) => kind === 'announce')
    if (announce === undefined || announce.response === null) return []
    const { p50Us, p99Us, p999Us } = announce.response
    const isValid = document.verdict === 'valid'
    return [{ ratePerSecond: rate, p50Us, p99Us, p999Us, lossShare: announce.lossShare, isValid }]
  }

  async #search(url: string): Promise<number | null> {
    const { objectives } = this.#setting
    if (objectives.length === 0) return null
    const flags = ['--search', '--fill', '0s', ...objectives.flatMap(objective => ['--slo', objective])]
    const document = await this.#load(url, [...this.#commonFlags(), ...flags])
    return document.search?.ratePerSecond ?? null
  }

  #commonFlags(): string[] {
    const { seed, numwant, share } = this.#setting
    const { settings, torrents, fillPeers } = this.#workload
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
      ...(this.#workload.fillPeers > 0 ? ['--fill', '60s'] : []),
    ]
  }

  async #load(url: string, flags: readonly string[]): Promise<LoadTestDocument> {
    const outcome: LoadOutcome = await runLoad({
      protocol: this.#workload.service.protocol,
      url,
      flags,
      processors: this.#setting.share.load,
      mark: this.#family.mark,
      signal: this.#signal,
    })
    if (this.#isOurs && !this.#family.isAlive) {
      throw new Trouble('died', `it ended under the load: ${await this.#family.ended}`)
    }
    if (outcome.document === null) throw new Trouble('failed', outcome.reason)
    const { verdict, warnings } = outcome.document
    if (verdict === 'no-answers') throw new Trouble('failed', warnings[0] ?? 'nothing was answered')
    return outcome.document
  }

  /** Answers that were wrong, but for what is known of the contender. */
  #wrongIn({ counts, remarks }: LoadTestDocument): number {
    const known = this.#found.knownWrongs ?? []
    const knownCount = remarks
      .filter(([text]) => known.includes(text))
      .reduce((sum, [, count]) => sum + count, 0)
    const others = remarks.filter(([text]) => / wrong: /.test(text) && !known.includes(text))
    // Remarks are of the whole run: where there are known ones alone, all that was counted wrong is of them.
    return others.length === 0 && knownCount > 0 ? 0 : counts.verifiedWrong
  }

  #saturationOf(document: LoadTestDocument, watch: ProcessorWatch): Saturation {
    const { measuredSeconds, counts, kinds, selfCheck, startedAt } = document
    const fromMs = Date.parse(startedAt)
    const { userMs, systemMs } = watch.between(fromMs, fromMs + measuredSeconds * 1000)
    const answered = kinds.reduce((sum, { outcomes }) => sum + outcomes.answered, 0)
    const asked = kinds.reduce((sum, { outcomes }) => sum + Object.values(outcomes).reduce(add, 0), 0)
    const announces = kinds.find(({ kind }) => kind === 'announce')?.outcomes.answered ?? 0
    const { share } = this.#setting
    return {
      responsesPerSecond: answered / measuredSeconds,
      userUs: this.#isOurs ? (userMs * 1000) / answered : null,
      systemUs: this.#isOurs ? (systemMs * 1000) / answered : null,
      processorsUsed: this.#isOurs ? (userMs + systemMs) / 1000 / measuredSeconds : null,
      lossShare: asked === 0 ? 0 : 1 - answered / asked,
      peersPerAnnounce: announces === 0 ? 0 : counts.peersReceived / announces,
      bytesPerResponse: counts.bytesReceived / answered,
      generatorShare: selfCheck.processorSeconds / measuredSeconds / share.loadProcessors,
    }
  }
}

function add(left: number, right: number): number {
  return left + right
}

function wrongText({ answersWrong, answersVerified }: CellFigures): string {
  return `${answersWrong} of ${answersVerified} answers that were looked at were wrong`
}

function emptyFigures(startUpMs: number): CellFigures {
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
  }
}
