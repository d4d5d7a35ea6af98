// Whether a configuration file is still as it was at start: signals reload other files, and not this one.

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'

export class FileChange {
  /** Absolute: the working directory changes with the privileges. */
  readonly #path: string
  /** Undefined for a pipe, which is read once. */
  readonly #atStart: string | undefined
  #lastSeen: string | undefined

  private constructor(path: string, atStart: string | undefined) {
    this.#path = path
    this.#atStart = atStart
    this.#lastSeen = atStart
  }

  /** To be called before the file is read. */
  static async since(file: string): Promise<FileChange> {
    const path = resolve(file)
    return new FileChange(path, await stampOf(path))
  }

  /** Whether the file is another than at start, and than at the last look. Never rejects. */
  async isNew(): Promise<boolean> {
    const found = await stampOf(this.#path)
    // One that is out of reach, as after a change of the root directory, says nothing.
    if (this.#atStart === undefined || found === undefined || found === this.#lastSeen) return false
    this.#lastSeen = found
    return found !== this.#atStart
  }
}

/** Time of the last change and size of a regular file. */
async function stampOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found?.isFile() ? `${found.mtimeNs} ${found.size}` : undefined
}
