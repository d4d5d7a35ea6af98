// How a file fares that is written again and again: a failure that goes on is worth one word, and one when it ends.

import { dirname } from 'node:path'
import { fileReason } from '../errors.js'

/** What a write changed about the file's fortune; `same` is not worth a word. */
export type WriteOutcome =
  | { readonly state: 'same' }
  | { readonly state: 'failing'; readonly reason: string; readonly remedy?: string }
  | { readonly state: 'mended'; readonly failures: number }

export class WriteHistory {
  /** Failed writes since the start. */
  failures = 0
  #failuresInARow = 0
  readonly #path: string

  /** @param path of the file; it is written beside its place first, under a name that nobody configured */
  constructor(path: string) {
    this.#path = path
  }

  failed(error: unknown): WriteOutcome {
    this.failures++
    this.#failuresInARow++
    return this.#failuresInARow === 1
      ? { state: 'failing', ...obstacle(this.#path, error) }
      : { state: 'same' }
  }

  succeeded(): WriteOutcome {
    const failures = this.#failuresInARow
    this.#failuresInARow = 0
    return failures === 0 ? { state: 'same' } : { state: 'mended', failures }
  }
}

/** Why a file could not be written, without the name of the temporary one. */
function obstacle(path: string, error: unknown): { reason: string; remedy?: string } {
  const { code, syscall } = error as NodeJS.ErrnoException
  const directory = dirname(path)
  switch (code) {
    case 'ENOENT':
      // A file that is made needs its directory alone; one that is renamed was there before.
      return syscall === 'open'
        ? { reason: `there is no directory ${directory}`, remedy: `make it: mkdir -p ${directory}` }
        : { reason: 'another program writes the same file', remedy: 'give each a path of its own' }
    case 'EEXIST':
      return { reason: 'another program writes the same file', remedy: 'give each a path of its own' }
    case 'EACCES':
    case 'EPERM':
      return {
        reason: `permission is denied in ${directory}`,
        remedy: "give the tracker's user that right, or choose another path",
      }
    case 'ENOSPC':
      return { reason: fileReason(error), remedy: 'free space, or choose another path' }
    default:
      return { reason: fileReason(error) }
  }
}
