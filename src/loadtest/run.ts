// One load test from plan to result: starts the workers, leads them through the phases, watches, adds up.

import { monotonicMs } from './clock.js'
import { Conductor } from './conductor.js'
import { createRunControlMemory, RunControl } from './control.js'
import { addRemarks, Crew } from './crew.js'
import { readClockSource } from './kernel-counters.js'
import { kindsOf, loadKindNames, type WorkerCountName, workerCountNames } from './kinds.js'
import { kindFigures } from './latency-figures.js'
import type { LiveLoad } from './live.js'
import { LiveSampler, SAMPLES_PER_SECOND } from './live-sampler.js'
import { requireOpenFiles } from './open-files.js'
import type { LoadPlan } from './plan.js'
import type { KindFigures, LoadTestResult, ObjectiveResult } from './result.js'
import { SelfWatch } from './self-check.js'
import { doubtsOf } from './self-check-doubts.js'
import { SeriesRecorder } from './series-recorder.js'
import { leadingLatency, Tallies } from './tallies.js'
import { createTallyMemory, Gauge, Latency, Period } from './tally.js'
import { judgeVerdict } from './verdict.js'
import type { LoadWorkerEnd } from './worker-data.js'
import { createRelayMemory } from './ws/relay-memory.js'

/** A result before anybody has judged it. */
export type UnjudgedResult = Omit<LoadTestResult, 'objectives' | 'search'>

export interface LoadTestOptions {
  /** Ends the measurement (or what comes before it): it is drained and reported as interrupted. */
  readonly signal?: AbortSignal
  /** Called four times a second and at each change of phase. */
  readonly onLive?: (live: LiveLoad) => void
  /** Objectives, at the end (objectives.ts). */
  readonly judge?: (result: UnjudgedResult) => readonly ObjectiveResult[]
  /** Objectives, while it runs. */
  readonly judgeLive?: (live: LiveLoad) => LiveLoad['objectives']
  /** Shown with the live figures: which trial of a search this is. */
  readonly note?: string
}

/** Rejects with an AquaticError where a worker fails or the machine lacks something. */
export async function runLoadTest(plan: LoadPlan, options: LoadTestOptions = {}): Promise<LoadTestResult> {
  requireOpenFiles(plan)
  const test = new LoadTest(plan, options)
  try {
    const result = await test.run()
    return { ...result, objectives: options.judge?.(result) ?? [], search: null }
  } finally {
    await test.close()
  }
}

class LoadTest {
  readonly #plan: LoadPlan
  readonly #options: LoadTestOptions
  readonly #tallies: Tallies
  readonly #control: RunControl
  readonly #crew: Crew
  readonly #conductor: Conductor
  readonly #sampler: LiveSampler
  #watch: SelfWatch | undefined
  #series: SeriesRecorder | undefined
  #startedAt = new Date()
  #nextSampleMs = 0

  constructor(plan: LoadPlan, options: LoadTestOptions) {
    this.#plan = plan
    this.#options = options
    const tally = createTallyMemory(plan.workers, plan.phases.measureSeconds)
    const control = createRunControlMemory(plan.workers)
    const relays = plan.protocol === 'ws' ? { relays: createRelayMemory(plan) } : {}
    this.#tallies = new Tallies(tally, plan.workers)
    this.#control = new RunControl(control)
    this.#sampler = new LiveSampler(plan, this.#tallies)
    this.#crew = new Crew(
      Array.from({ length: plan.workers }, (_, worker) => ({ worker, plan, control, tally, ...relays })),
    )
    this.#conductor = new Conductor(plan, this.#control, options.signal, {
      onTick: nowMs => this.#tick(nowMs),
      onPhase: () => this.#show(monotonicMs()),
      failure: this.#crew.reports,
    })
  }

  async run(): Promise<UnjudgedResult> {
    const conductor = this.#conductor
    const warnings: string[] = []
    const { isConnected, isFilled } = await conductor.prepare()
    if (!conductor.isInterrupted) {
      if (!isConnected) warnings.push(this.#connectWarning())
      if (!isFilled) warnings.push(this.#fillWarning())
      if (isConnected || !this.#nothingIsOpen) await this.#measure()
    }
    const isInterrupted = conductor.isInterrupted
    conductor.stop()
    const ends = await this.#crew.finish()
    return this.#result(ends, isInterrupted, warnings)
  }

  async #measure(): Promise<void> {
    const conductor = this.#conductor
    await conductor.load(() => this.#startMeasurement())
    this.#watch?.end()
    await conductor.drain()
  }

  /** Whoever could open nothing in all that time would only wait on. */
  get #nothingIsOpen(): boolean {
    return this.#tallies.gauge(Gauge.openConnections) === 0
  }

  close(): Promise<void> {
    return this.#crew.terminate()
  }

  #startMeasurement(): void {
    this.#startedAt = new Date()
    this.#watch = new SelfWatch(this.#plan, this.#tallies)
    this.#series = new SeriesRecorder(
      this.#tallies,
      leadingLatency(this.#plan.pacing.mode),
      this.#control.measureStartMs,
    )
  }

  #tick(nowMs: number): void {
    this.#series?.tick(nowMs)
    if (nowMs >= this.#nextSampleMs) this.#show(nowMs)
  }

  #show(nowMs: number): void {
    this.#nextSampleMs = nowMs + 1000 / SAMPLES_PER_SECOND
    const { onLive, judgeLive, note } = this.#options
    if (onLive === undefined) return
    const { phase, phaseSeconds, phaseLengthSeconds } = this.#conductor
    const live = this.#sampler.sample(nowMs, {
      phase,
      phaseSeconds,
      phaseLengthSeconds,
      kernelDrops: this.#watch?.kernelDrops() ?? null,
      objectives: [],
      remarks: this.#crew.remarks(),
      note: note ?? null,
    })
    onLive(judgeLive === undefined ? live : { ...live, objectives: judgeLive(live) })
  }

  #connectWarning(): string {
    const { connectSeconds } = this.#plan.phases
    const { protocol, target } = this.#plan
    if (this.#nothingIsOpen) {
      return protocol === 'udp'
        ? `No connection id came from ${target.url} within ${connectSeconds} s.`
        : `No connection to ${target.url} could be opened within ${connectSeconds} s.`
    }
    return `Not every connection to ${target.url} could be opened within ${connectSeconds} s; the test went on with those that could.`
  }

  #fillWarning(): string {
    return `The swarm was not filled within ${this.#plan.phases.fillSeconds} s; the measurement began with a part of the peers.`
  }

  #result(
    ends: readonly LoadWorkerEnd[],
    isInterrupted: boolean,
    warnings: readonly string[],
  ): UnjudgedResult {
    const { measureStartMs, measureEndMs } = this.#control
    const measuredSeconds = this.#watch === undefined ? 0 : (measureEndMs - measureStartMs) / 1000
    const kinds = this.#kinds(measuredSeconds)
    const watch = this.#watch ?? new SelfWatch(this.#plan, this.#tallies)
    const selfCheck = watch.finish(ends, measuredSeconds)
    const { verdict, reasons } = judgeVerdict({ plan: this.#plan, kinds, selfCheck, measuredSeconds })
    const machine = { clockSource: readClockSource(), idleShare: watch.idleShare }
    const series = this.#series?.finish(measuredSeconds) ?? []
    const doubts = doubtsOf({ plan: this.#plan, kinds, series, measuredSeconds, selfCheck, ...machine })
    return {
      plan: this.#plan,
      startedAt: this.#startedAt.toISOString(),
      measuredSeconds,
      isInterrupted,
      verdict,
      warnings: [...reasons, ...warnings, ...doubts],
      kinds,
      counts: this.#counts(),
      remarks: addRemarks(ends.map(({ remarks }) => remarks)),
      series,
      selfCheck,
    }
  }

  #kinds(measuredSeconds: number): KindFigures[] {
    const tallies = this.#tallies
    return kindsOf[this.#plan.protocol].map(name => {
      const kind = loadKindNames.indexOf(name)
      return kindFigures({
        kind: name,
        outcomes: tallies.outcomes(kind, Period.measured),
        arrivals: tallies.arrivals(kind),
        measuredSeconds,
        response:
          this.#plan.pacing.mode === 'open'
            ? tallies.latencies(kind, Latency.response, Period.measured)
            : null,
        service: tallies.latencies(kind, Latency.service, Period.measured),
      })
    })
  }

  #counts(): Record<WorkerCountName, number> {
    const counts = {} as Record<WorkerCountName, number>
    for (const [which, name] of workerCountNames.entries()) {
      counts[name] = this.#tallies.count(which, Period.measured)
    }
    return counts
  }
}
