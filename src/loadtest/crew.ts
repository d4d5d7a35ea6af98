// The threads of a load test: started together, asked to stop through shared memory, each heard once at its end.

import { Worker } from 'node:worker_threads'
import { AquaticError } from '../errors.js'
import type { LoadWorkerData, LoadWorkerEnd, LoadWorkerRemark, LoadWorkerReport } from './worker-data.js'

const WORKER_FILE = new URL('./worker.js', import.meta.url)
/** A worker in a blocking system call sees the phase within 50 ms; this is for one that hangs. */
const STOP_GRACE_MS = 5_000

/** Nothing is allocated for a request: large young generations would only be memory. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 32 }

export class Crew {
  /** The reports of all workers; rejects as soon as one fails. */
  readonly reports: Promise<readonly LoadWorkerEnd[]>
  readonly #workers: readonly Worker[]
  readonly #remarks: readonly Map<string, number>[]

  constructor(workers: readonly LoadWorkerData[]) {
    this.#workers = workers.map(
      workerData => new Worker(WORKER_FILE, { workerData, resourceLimits: RESOURCE_LIMITS }),
    )
    this.#remarks = workers.map(() => new Map())
    this.reports = Promise.all(this.#workers.map((worker, index) => reportOf(worker, this.#remarks[index])))
    // Whoever waits for them may begin to do so later.
    this.reports.catch(() => undefined)
  }

  /** Texts of refusals and errors so far; counts lag by up to half. Most frequent first. */
  remarks(): [text: string, count: number][] {
    return addRemarks(this.#remarks.map(counts => [...counts]))
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

/** Adds up what several workers were told. */
export function addRemarks(
  all: readonly (readonly (readonly [text: string, count: number])[])[],
): [text: string, count: number][] {
  const sums = new Map<string, number>()
  for (const [text, count] of all.flat()) sums.set(text, (sums.get(text) ?? 0) + count)
  return [...sums].sort((left, right) => right[1] - left[1])
}

function reportOf(worker: Worker, remarks: Map<string, number>): Promise<LoadWorkerEnd> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: LoadWorkerReport | LoadWorkerRemark) => {
      if ('remark' in message) return void remarks.set(...message.remark)
      if (!('refusal' in message)) return resolve(message)
      const { code, message: text, remedy } = message.refusal
      reject(new AquaticError(code, text, remedy === undefined ? {} : { remedy }))
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
