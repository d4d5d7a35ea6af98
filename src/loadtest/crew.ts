// The threads of a load test: started together, asked to stop through shared memory, each heard once at its end.

import { Worker } from 'node:worker_threads'
import { AquaticError } from '../errors.js'
import type { LoadWorkerData, LoadWorkerEnd, LoadWorkerReport } from './worker-data.js'

const WORKER_FILE = new URL('./worker.js', import.meta.url)
/** A worker in a blocking system call sees the phase within 50 ms; this is for one that hangs. */
const STOP_GRACE_MS = 5_000

/** Nothing is allocated for a request: large young generations would only be memory. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 32 }

export class Crew {
  /** The reports of all workers; rejects as soon as one fails. */
  readonly reports: Promise<readonly LoadWorkerEnd[]>
  readonly #workers: readonly Worker[]

  constructor(workers: readonly LoadWorkerData[]) {
    this.#workers = workers.map(
      workerData => new Worker(WORKER_FILE, { workerData, resourceLimits: RESOURCE_LIMITS }),
    )
    this.reports = Promise.all(this.#workers.map(reportOf))
    // Whoever waits for them may begin to do so later.
    this.reports.catch(() => undefined)
  }

  /** To be called when the phase is `stop`: waits for the reports, and ends threads that do not. */
  async finish(): Promise<readonly LoadWorkerEnd[]> {
    let timer: NodeJS.Timeout | undefined
    const hangs = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(failed('a worker did not end within 5 seconds', undefined)),
        STOP_GRACE_MS,
      )
    })
    try {
      return await Promise.race([this.reports, hangs])
    } finally {
      clearTimeout(timer)
      await this.terminate()
    }
  }

  /** Ends all threads at once. */
  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.terminate()))
  }
}

function reportOf(worker: Worker): Promise<LoadWorkerEnd> {
  return new Promise((resolve, reject) => {
    worker.once('message', (report: LoadWorkerReport) => {
      if (!('refusal' in report)) return resolve(report)
      const { code, message, remedy } = report.refusal
      reject(new AquaticError(code, message, remedy === undefined ? {} : { remedy }))
    })
    worker.once('error', error => reject(failed(error.message, error)))
    worker.once('exit', code => reject(failed(`a worker ended with exit code ${code}`, undefined)))
  })
}

function failed(reason: string, cause: unknown): AquaticError {
  return new AquaticError('AQ_LOAD_WORKER_FAILED', `The load test failed: ${reason}.`, {
    remedy: 'set DEBUG=1 to see where; please report it',
    cause,
  })
}
