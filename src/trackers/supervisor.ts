// Keeps a tracker's workers running: starts the threads, restarts one that fails or hangs, gives up on one that keeps
// failing, and notices a worker that died while it held a lock of the shared swarm. Knows no protocol.

import { Worker } from 'node:worker_threads'
import { AquaticError } from '../errors.js'
import { LOOK_INTERVAL_MS, SILENT_LOOKS_MAX, SilentWorkers } from './silent-workers.js'

/** What a worker tells the main thread. */
export type WorkerMessage<Ready> =
  | { readonly type: 'ready'; readonly ready: Ready }
  /** The answer to RELEASE_MESSAGE of a worker that waited for it. */
  | { readonly type: 'serving' }
  /** The worker can't start, for a reason the user can mend; it ends by itself. */
  | {
      readonly type: 'refused'
      readonly code: AquaticError['code']
      readonly message: string
      readonly remedy?: string
    }

/** Sent to every worker at stop; workers in a blocking loop read their control word instead. */
const STOP_MESSAGE = 'stop'
/** Tells workers that reported ready, but wait, to begin; those in a blocking wait look at shared memory instead. */
export const RELEASE_MESSAGE = 'release'

/** A worker that fails more often than this within the window ends the program. */
const FAILURES_MAX = 5
const FAILURE_WINDOW_MS = 60_000

export interface SupervisorOptions {
  /** Compiled module that each thread runs. */
  readonly workerFile: URL
  /** `socket` gives `socket-01`, `socket-02`, … */
  readonly namePrefix: string
  readonly workerDataFor: (workerIndex: number, workerName: string) => unknown
  /** Locks that a dead worker still holds; more than none is the end. */
  readonly locksHeldBy: (workerIndex: number) => number
  /** Why a worker can't be started again (see privileges.ts); its failure is the end then. */
  readonly restartObstacle?: () => string | undefined
  /** A thread has ended, in whatever way, and is not yet started again: what it left behind can be cleared away. */
  readonly onEnd?: (workerIndex: number) => void
  readonly onRestart: (workerName: string, reason: string) => void
  /** Each worker's beats so far; none as long as workers are not to begin. Without it, no hanging worker is seen. */
  readonly beats?: () => readonly number[]
  /** A worker hangs, and is about to be ended as if it had failed. */
  readonly onHang?: (workerName: string) => void
  readonly lookIntervalMs?: number
  /** Young generation of each worker's heap: a worker that allocates nothing needs none. */
  readonly resourceLimits?: { maxYoungGenerationSizeMb: number }
}

export class Supervisor<Ready> {
  /** Rejects when the tracker can't go on: AQ_WORKER_FAILED or AQ_WORKER_DIED_WITH_LOCK. */
  readonly failed: Promise<never>
  readonly #options: SupervisorOptions
  readonly #workers = new Map<number, Worker>()
  /** Workers that are ready, so that they ought to beat. */
  readonly #ready = new Set<number>()
  readonly #silent = new SilentWorkers()
  /** Workers that hang, until their threads have ended. */
  readonly #hanging = new Set<number>()
  readonly #looking: NodeJS.Timeout | undefined
  readonly #failureTimes = new Map<number, number[]>()
  #fail!: (error: Error) => void
  #isStopping = false
  #restarts = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    // The owner may look at it late; until then it must not count as unhandled.
    this.failed.catch(() => undefined)
    const { beats, lookIntervalMs = LOOK_INTERVAL_MS } = options
    if (beats !== undefined) this.#looking = setInterval(() => this.#look(beats()), lookIntervalMs).unref()
  }

  /** Workers that failed and were restarted so far. */
  get restarts(): number {
    return this.#restarts
  }

  nameOf(workerIndex: number): string {
    return `${this.#options.namePrefix}-${String(workerIndex + 1).padStart(2, '0')}`
  }

  /** Starts one worker. Resolves with its ready message; rejects when it refuses or fails before it is ready. */
  start(workerIndex: number): Promise<Ready> {
    const name = this.nameOf(workerIndex)
    const worker = new Worker(this.#options.workerFile, {
      name,
      workerData: this.#options.workerDataFor(workerIndex, name),
      ...(this.#options.resourceLimits ? { resourceLimits: this.#options.resourceLimits } : {}),
    })
    this.#workers.set(workerIndex, worker)
    return new Promise((resolve, reject) => {
      let isReady = false
      let failure: unknown
      worker.on('message', (message: WorkerMessage<Ready>) => {
        if (message.type === 'ready') {
          isReady = true
          this.#ready.add(workerIndex)
          resolve(message.ready)
        } else if (message.type === 'refused') {
          const { code, message: text, remedy } = message
          failure = new AquaticError(code, text, remedy === undefined ? {} : { remedy })
          reject(failure)
        }
      })
      worker.on('error', error => {
        failure = error
      })
      worker.on('exit', exitCode => {
        this.#workers.delete(workerIndex)
        this.#ready.delete(workerIndex)
        this.#silent.forget(workerIndex)
        if (this.#hanging.delete(workerIndex)) failure ??= new Error('it hung')
        this.#options.onEnd?.(workerIndex)
        const cause = failure ?? new Error(`ended with exit code ${exitCode}`)
        if (!isReady)
          reject(cause instanceof AquaticError ? cause : this.#workerFailed(name, 'could not start', cause))
        else if (!this.#isStopping || failure !== undefined) this.#replace(workerIndex, cause)
      })
    })
  }

  /** Lets workers that wait for RELEASE_MESSAGE begin; resolves when each has said that it does, or has ended. */
  async release(): Promise<void> {
    const serving = [...this.#workers.values()].map(
      worker =>
        new Promise<void>(resolve => {
          worker.on('message', (message: WorkerMessage<Ready>) => {
            if (message.type === 'serving') resolve()
          })
          worker.once('exit', () => resolve())
          worker.postMessage(RELEASE_MESSAGE)
        }),
    )
    await Promise.all(serving)
  }

  /** Asks all workers to end and waits until they have; one that hangs, until it has been seen to hang and is ended. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const exits = [...this.#workers.values()].map(worker => {
      const exit = new Promise<void>(resolve => worker.once('exit', () => resolve()))
      worker.postMessage(STOP_MESSAGE)
      return exit
    })
    await Promise.all(exits)
    clearInterval(this.#looking)
  }

  /** Ends all threads at once, whatever they wait for: after a failure nobody can be asked any more. */
  async terminate(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#looking)
    await Promise.all([...this.#workers.values()].map(worker => worker.terminate()))
  }

  /** Ends one worker's thread at once, as a crash would. */
  async kill(workerIndex: number): Promise<void> {
    await this.#workers.get(workerIndex)?.terminate()
  }

  #look(beats: readonly number[]): void {
    if (beats.length === 0) return
    for (const workerIndex of this.#silent.look(beats, this.#ready)) {
      this.#hanging.add(workerIndex)
      this.#options.onHang?.(this.nameOf(workerIndex))
      void this.kill(workerIndex)
    }
  }

  #replace(workerIndex: number, cause: unknown): void {
    const name = this.nameOf(workerIndex)
    const locks = this.#options.locksHeldBy(workerIndex)
    if (locks > 0) {
      this.#fail(
        new AquaticError(
          'AQ_WORKER_DIED_WITH_LOCK',
          `Worker ${name} ended while it held a lock of the swarm: ${reasonOf(cause)}.`,
          { remedy: 'the swarm may be inconsistent, start again; please report this line', cause },
        ),
      )
      return
    }
    if (this.#isStopping) return
    const obstacle = this.#options.restartObstacle?.()
    if (obstacle !== undefined) {
      this.#fail(cannotRestart(name, cause, obstacle))
      return
    }
    const now = performance.now()
    const times = (this.#failureTimes.get(workerIndex) ?? []).filter(time => now - time < FAILURE_WINDOW_MS)
    times.push(now)
    this.#failureTimes.set(workerIndex, times)
    if (times.length > FAILURES_MAX) {
      this.#fail(this.#workerFailed(name, 'keeps failing', cause))
      return
    }
    this.#restarts++
    this.#options.onRestart(name, reasonOf(cause))
    this.start(workerIndex).catch(error => this.#replace(workerIndex, error))
  }

  #workerFailed(name: string, verb: 'keeps failing' | 'could not start', cause: unknown): AquaticError {
    return new AquaticError('AQ_WORKER_FAILED', `Worker ${name} ${verb}: ${reasonOf(cause)}.`, {
      remedy: 'see the lines before this one; DEBUG=* shows where it failed',
      cause,
    })
  }
}

/** What an operator is told of a worker that hangs; that it was started again follows. */
export function hangText(workerName: string): string {
  const seconds = (SILENT_LOOKS_MAX * LOOK_INTERVAL_MS) / 1000
  return `worker ${workerName} has shown no sign of life for ${seconds} seconds: it is ended. Unless the machine stood still, please report this line.`
}

function cannotRestart(name: string, cause: unknown, obstacle: string): AquaticError {
  const sentence = `Worker ${name} failed: ${reasonOf(cause)}. It can't be started again: ${obstacle}.`
  return new AquaticError('AQ_WORKER_FAILED', sentence, {
    remedy: 'start the tracker again; a service manager does it by itself (Restart=on-failure)',
    cause,
  })
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
