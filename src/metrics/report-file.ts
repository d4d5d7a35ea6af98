// A file that is written again and again, each time as a whole: readers see the old text or the new one, never a part.

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { requireReplaceable } from './replaceable.js'
import { removeStaleFiles, temporaryNameOf } from './stale-files.js'
import { WriteHistory, type WriteOutcome } from './write-outcome.js'

/** Of this process, so that each has a temporary name of its own. */
let reportFiles = 0

export class ReportFile {
  readonly path: string
  /** Nobody else's: two trackers with one path would put each other's halves in place. */
  readonly temporaryPath: string
  readonly #history: WriteHistory
  #isFirst = true

  constructor(path: string) {
    this.path = path
    this.temporaryPath = temporaryNameOf(path, process.pid, ++reportFiles)
    this.#history = new WriteHistory(path)
  }

  /** Failed writes since the start. */
  get failures(): number {
    return this.#history.failures
  }

  /** Never rejects. A failure leaves the file as it was; one that goes on is reported once, and once when it ends. */
  async write(text: string): Promise<WriteOutcome> {
    try {
      // Not before: it is done with the rights, and below the root directory, that writes have.
      if (this.#isFirst) await removeStaleFiles(this.path, Date.now())
      this.#isFirst = false
      await requireReplaceable(this.path)
      const file = await openInPlace(this.temporaryPath)
      try {
        await file.writeFile(text)
      } finally {
        // Some file systems say only here that there was no room.
        await file.close()
      }
      await rename(this.temporaryPath, this.path)
    } catch (error) {
      // On a full disk the half-written file is in the way of everybody.
      await rm(this.temporaryPath, { force: true }).catch(() => undefined)
      return this.#history.failed(error)
    }
    return this.#history.succeeded()
  }
}

/** Makes the directory if it is missing: the default path is in one that rarely exists. */
async function openInPlace(path: string): Promise<FileHandle> {
  try {
    return await openNew(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    return await openNew(path)
  }
}

/** New, not what somebody put there: through a link another file would be lost, and a pipe would be waited for. */
async function openNew(path: string): Promise<FileHandle> {
  await rm(path, { force: true })
  return await open(path, 'wx')
}
