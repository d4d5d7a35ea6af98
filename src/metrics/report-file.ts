// A file that is written again and again, each time as a whole: readers see the old text or the new one, never a part.

import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { requireReplaceable } from './replaceable.js'
import { WriteHistory, type WriteOutcome } from './write-outcome.js'

export class ReportFile {
  readonly path: string
  readonly #history: WriteHistory

  constructor(path: string) {
    this.path = path
    this.#history = new WriteHistory(path)
  }

  /** Failed writes since the start. */
  get failures(): number {
    return this.#history.failures
  }

  /** Never rejects. A failure leaves the file as it was; one that goes on is reported once, and once when it ends. */
  async write(text: string): Promise<WriteOutcome> {
    const temporaryPath = `${this.path}.tmp`
    let inode: number | undefined
    try {
      await requireReplaceable(this.path)
      const file = await openInPlace(temporaryPath)
      try {
        inode = (await file.stat()).ino
        await file.writeFile(text)
        // Two trackers with one path would put each other's halves in place. (An open file keeps its inode for itself.)
        if (!(await isAt(temporaryPath, inode))) throw new Error(`another program uses ${temporaryPath}`)
        await rename(temporaryPath, this.path)
      } finally {
        await file.close()
      }
    } catch (error) {
      // On a full disk the half-written file is in the way of everybody.
      if (inode !== undefined && (await isAt(temporaryPath, inode))) {
        await rm(temporaryPath, { force: true }).catch(() => undefined)
      }
      return this.#history.failed(error)
    }
    return this.#history.succeeded()
  }
}

/** Whether the file at this path is the one with that inode. */
async function isAt(path: string, inode: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.ino === inode
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
