// A file that is written again and again, each time as a whole: readers see the old text or the new one, never a part.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { requireReplaceable } from './replaceable.js'
import { WriteHistory, type WriteOutcome } from './write-outcome.js'

export class ReportFile {
  readonly path: string
  readonly #history = new WriteHistory()

  constructor(path: string) {
    this.path = path
  }

  /** Failed writes since the start. */
  get failures(): number {
    return this.#history.failures
  }

  /** Never rejects. A failure leaves the file as it was; one that goes on is reported once, and once when it ends. */
  async write(text: string): Promise<WriteOutcome> {
    const temporaryPath = `${this.path}.tmp`
    try {
      await requireReplaceable(this.path)
      await writeInPlace(temporaryPath, text)
      await rename(temporaryPath, this.path)
    } catch (error) {
      // On a full disk the half-written file is in the way of everybody.
      await rm(temporaryPath, { force: true }).catch(() => undefined)
      return this.#history.failed(error)
    }
    return this.#history.succeeded()
  }
}

/** Makes the directory if it is missing: the default path is in one that rarely exists. */
async function writeInPlace(path: string, text: string): Promise<void> {
  try {
    await writeNew(path, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    await writeNew(path, text)
  }
}

/** New, not what somebody put there: through a link another file would be lost, and a pipe would be waited for. */
async function writeNew(path: string, text: string): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, text, { flag: 'wx' })
}
