// One thread that makes load, led through its phases by a test: what it counted can be read at any time.
import { Worker } from 'node:worker_threads'
import { monotonicMs } from '../../src/loadtest/clock.js'
import { createRunControlMemory, Phase, RunControl } from '../../src/loadtest/control.js'
import {
  LoadKind,
  type LoadProtocol,
  loadKindNames,
  type OutcomeName,
  outcomeNames,
  type WorkerCountName,
  workerCountNames,
} from '../../src/loadtest/kinds.js'
import type { LoadPlan, LoadTarget } from '../../src/loadtest/plan.js'
import { createTallyMemory, Period, Tally } from '../../src/loadtest/tally.js'
import type { LoadWorkerRemark, LoadWorkerReport } from '../../src/loadtest/worker-data.js'
import type { Owner } from './child-process.js'

/** A small plan of one worker in a closed loop; a test says what is different. */
export function planFor(
  protocol: LoadProtocol,
  target: Partial<LoadTarget>,
  changes: Partial<Omit<LoadPlan, 'target'>> = {},
): LoadPlan {
  return {
    protocol,
    engine: 'native',
    target: {
      url: 'test',
      address: '127.0.0.1',
      port: 1,
      family: 4,
      hostName: '127.0.0.1',
      path: '/announce',
      scrapePath: '/scrape',
      isTls: false,
      verifiesCertificate: false,
      ...target,
    },
    workers: 1,
    connectionsPerWorker: 1,
    window: 1,
    pacing: { mode: 'closed' },
    phases: { connectSeconds: 10, fillSeconds: 10, warmUpSeconds: 0, measureSeconds: 1, drainSeconds: 1 },
    timeoutMs: 10_000,
    mix: { connect: 0, announce: 1, scrape: 0 },
    population: {
      torrents: 1,
      peers: 4,
      popularity: { kind: 'uniform' },
      seederShare: 0.5,
      scrapeTorrents: 3,
    },
    numwant: 30,
    verifyShare: 0,
    seed: 1,
    sourceAddresses: 1,
    receiveBufferBytes: 0,
    http: { keepsAlive: true, requestsPerConnection: 0 },
    ws: {
      offersPerAnnounce: 0,
      answers: false,
      connectionsPerSecond: Number.POSITIVE_INFINITY,
      announceIntervalSeconds: 0,
    },
    ...changes,
  }
}

/** What is measured has a length. */
async function pass(milliseconds: number): Promise<void> {
  await Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds).value
}

/** Figures of one kind, without the zeros. */
export type Outcomes = Partial<Record<OutcomeName, number>>

export class LoadWorker {
  readonly control: RunControl
  readonly tally: Tally
  readonly #words: Int32Array
  readonly #worker: Worker
  readonly #report: Promise<LoadWorkerReport>

  constructor(owner: Owner, plan: LoadPlan, environment: NodeJS.ProcessEnv = {}) {
    const control = createRunControlMemory(1)
    const tally = createTallyMemory(1, plan.phases.measureSeconds)
    this.control = new RunControl(control)
    this.tally = new Tally(tally, 0)
    this.#words = new Int32Array(control.words)
    this.#worker = new Worker(new URL('../../src/loadtest/worker.js', import.meta.url), {
      workerData: { worker: 0, plan, control, tally },
      env: { ...process.env, ...environment },
    })
    this.#report = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: LoadWorkerRemark | LoadWorkerReport) => {
        if (!('remark' in message)) resolve(message)
      })
      this.#worker.once('error', reject)
    })
    // Whoever asks hears of it.
    this.#report.catch(() => undefined)
    owner.after(() => this.#worker.terminate())
  }

  /** Resolves when the worker says that it is done with a phase. */
  async done(phase: Phase): Promise<void> {
    while (!this.control.isDone(0, phase)) {
      const said = this.#words[1]
      if (this.control.isDone(0, phase)) return
      await Promise.race([Atomics.waitAsync(this.#words, 1, said).value, this.#report])
    }
  }

  /** Resolves when it is so: looked at each time the worker may have counted. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await pass(5)
  }

  /** Enters a phase and waits until it is done. */
  run(phase: Phase): Promise<void> {
    this.control.enter(phase)
    return this.done(phase)
  }

  /** Connects, and announces every peer once. */
  async fill(): Promise<void> {
    await this.done(Phase.connect)
    await this.run(Phase.fill)
  }

  /**
   * The load phase: a measurement from now on, at least so long, and the drain. @returns its length, in milliseconds
   * @param isEnough looked at when it could end: on a machine that stood still meanwhile it goes on until this is so
   */
  async measure(milliseconds: number, isEnough?: () => boolean): Promise<number> {
    const startMs = monotonicMs()
    const lengthMs = isEnough === undefined ? milliseconds : 600_000
    this.control.setTimes(startMs, startMs, startMs + lengthMs)
    this.control.enter(Phase.load)
    await pass(milliseconds)
    if (isEnough === undefined) {
      await this.run(Phase.drain)
      return milliseconds
    }
    await this.until(isEnough)
    // The end lies ahead: the worker sends nothing behind it. Whole milliseconds from the start have no rounding.
    const endsAfterMs = Math.ceil(monotonicMs() - startMs) + 20
    this.control.setTimes(startMs, startMs, startMs + endsAfterMs)
    await this.until(() => monotonicMs() >= startMs + endsAfterMs)
    await this.run(Phase.drain)
    return endsAfterMs
  }

  /** Ends the thread. @returns what it remarked on, with counts */
  async stop(): Promise<Map<string, number>> {
    this.control.enter(Phase.stop)
    const report = await this.#report
    if ('refusal' in report) throw new Error(report.refusal.message)
    return new Map(report.remarks)
  }

  /** What became of requests of a kind, in the measurement or before and after it. */
  outcomes(kind: LoadKind, period: Period = Period.other): Outcomes {
    const counts = outcomeNames.map(
      (name, outcome) => [name, this.tally.outcome(period, kind, outcome)] as const,
    )
    return Object.fromEntries(counts.filter(([, count]) => count > 0))
  }

  /** All kinds that had any request. */
  all(period: Period = Period.other): Record<string, Outcomes> {
    const kinds = loadKindNames.map((name, kind) => [name, this.outcomes(kind, period)] as const)
    return Object.fromEntries(kinds.filter(([, outcomes]) => Object.keys(outcomes).length > 0))
  }

  /** Both periods together. */
  count(name: WorkerCountName): number {
    const which = workerCountNames.indexOf(name)
    return this.tally.count(Period.other, which) + this.tally.count(Period.measured, which)
  }
}

export { LoadKind, Period, Phase }
