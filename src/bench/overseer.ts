// Looks after a contender while it is asked: one that ends, fills the disk or floods its output is not asked any
// longer, and the reason is kept.

import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CellResult } from './cell-result.js'
import type { ProcessFamily } from './processes.js'

/** No tracker writes so much in one measurement; the disk belongs to others too. */
const DIRECTORY_BYTES_MAX = 2 ** 30
/** Reading its output takes processor time from the load. */
export const OUTPUT_BYTES_MAX = 2 ** 28
/** Who takes the last memory of a machine takes the bench along. */
export const FREE_BYTES_MIN = 2 ** 29
const LOOK_MS = 200

export interface ContenderTrouble {
  readonly outcome: CellResult['outcome']
  readonly reason: string
}

export interface OverseerOptions {
  readonly family: Pick<ProcessFamily, 'isAlive' | 'ended' | 'outputBytes'>
  /** The contender's own. */
  readonly directory: string
  /** Ends what goes on too. */
  readonly signal: AbortSignal
  readonly directoryBytesMax?: number
  /** Memory of this machine that can be had. */
  readonly freeBytes?: () => number
}

export class Overseer {
  readonly #options: OverseerOptions
  readonly #controller = new AbortController()
  readonly #abort = (): void => this.#controller.abort()
  readonly #timer: NodeJS.Timeout
  #trouble: ContenderTrouble | null = null
  #isLooking = false

  constructor(options: OverseerOptions) {
    this.#options = options
    const { signal } = options
    if (signal.aborted) this.#abort()
    signal.addEventListener('abort', this.#abort, { once: true })
    this.#timer = setInterval(() => void this.look(), LOOK_MS)
  }

  /** Aborted at trouble, and with the signal that was given. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What ended it, or null while all is well. */
  get trouble(): ContenderTrouble | null {
    return this.#trouble
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#abort)
  }

  /** Looks now; one look at a time. */
  async look(): Promise<void> {
    if (this.#isLooking || this.#trouble !== null) return
    this.#isLooking = true
    try {
      this.#trouble = await this.#findTrouble()
      if (this.#trouble !== null) this.#abort()
    } finally {
      this.#isLooking = false
    }
  }

  async #findTrouble(): Promise<ContenderTrouble | null> {
    const {
      family,
      directory,
      directoryBytesMax = DIRECTORY_BYTES_MAX,
      freeBytes = process.availableMemory,
    } = this.#options
    if (!family.isAlive) {
      return { outcome: 'died', reason: `it ended under the load: ${await family.ended}` }
    }
    if (family.outputBytes > OUTPUT_BYTES_MAX) {
      return { outcome: 'failed', reason: `it wrote more than ${mebibytes(OUTPUT_BYTES_MAX)} to its output` }
    }
    if (freeBytes() < FREE_BYTES_MIN) {
      return { outcome: 'failed', reason: `less than ${mebibytes(FREE_BYTES_MIN)} of memory were left` }
    }
    if ((await bytesIn(directory)) > directoryBytesMax) {
      return { outcome: 'failed', reason: `it wrote more than ${mebibytes(directoryBytesMax)} of files` }
    }
    return null
  }
}

/** What the files below a directory take on the disk; those that go away meanwhile count nothing. */
async function bytesIn(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of (await orUndefined(readdir(directory, { withFileTypes: true }))) ?? []) {
    const path = join(directory, entry.name)
    const found = await orUndefined(lstat(path))
    bytes += (found?.blocks ?? 0) * 512
    if (entry.isDirectory()) bytes += await bytesIn(path)
  }
  return bytes
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

function mebibytes(bytes: number): string {
  return `${bytes / 2 ** 20} MiB`
}
