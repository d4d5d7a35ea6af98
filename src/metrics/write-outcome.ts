// How a file fares that is written again and again: a failure that goes on is worth one word, and one when it ends.

/** What a write changed about the file's fortune; `same` is not worth a word. */
export type WriteOutcome =
  | { readonly state: 'same' }
  | { readonly state: 'failing'; readonly reason: string }
  | { readonly state: 'mended'; readonly failures: number }

export class WriteHistory {
  /** Failed writes since the start. */
  failures = 0
  #failuresInARow = 0

  failed(error: unknown): WriteOutcome {
    this.failures++
    this.#failuresInARow++
    return this.#failuresInARow === 1 ? { state: 'failing', reason: reasonOf(error) } : { state: 'same' }
  }

  succeeded(): WriteOutcome {
    const failures = this.#failuresInARow
    this.#failuresInARow = 0
    return failures === 0 ? { state: 'same' } : { state: 'mended', failures }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
