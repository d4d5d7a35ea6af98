// A file that is written again and again, each time as a whole: readers see the old text or the new one, never a part.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a write changed about the file's fortune; `same` is not worth a word. */
export type WriteOutcome =
  | { readonly state: 'same' }
  | { readonly state: 'failing'; readonly reason: string }
  | { readonly state: 'mended'; readonly failures: number }

export class ReportFile {
  readonly path: string
  /** Failed writes since the start. */
  failures = 0
  #failuresInARow = 0

  constructor(path: string) {
    this.path = path
  }

  /** Never rejects. A failure leaves the file as it was; one that goes on is reported once, and once when it ends. */
  async write(text: string): Promise<WriteOutcome> {
    const temporaryPath = `${this.path}.tmp`
    try {
      await writeInPlace(temporaryPath, text)
      await rename(temporaryPath, this.path)
    } catch (error) {
      // On a full disk the half-written file is in the way of everybody.
      await rm(temporaryPath, { force: true }).catch(() => undefined)
      this.failures++
      this.#failuresInARow++
      return this.#failuresInARow === 1 ? { state: 'failing', reason: reasonOf(error) } : { state: 'same' }
    }
    const failures = this.#failuresInARow
    this.#failuresInARow = 0
    return failures === 0 ? { state: 'same' } : { state: 'mended', failures }
  }
}

/** Makes the directory if it is missing: the default path is in one that rarely exists. */
async function writeInPlace(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
