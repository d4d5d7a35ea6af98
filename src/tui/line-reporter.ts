// Progress as plain lines, for logs and pipes: one at each change of phase at once, and one every few seconds between.

import type { ScreenSnapshot } from './snapshot.js'

export interface LineReporterOptions {
  /** Takes a line with its end. */
  readonly write: (line: string) => void
  /** Between two lines of one phase. */
  readonly intervalSeconds?: number
  /** Milliseconds of a monotonic clock. */
  readonly nowMs?: () => number
}

const INTERVAL_SECONDS = 5

export class LineReporter {
  readonly #write: (line: string) => void
  readonly #intervalMs: number
  readonly #nowMs: () => number
  #phase: string | null | undefined
  #saidAtMs = 0

  constructor(options: LineReporterOptions) {
    this.#write = options.write
    this.#intervalMs = (options.intervalSeconds ?? INTERVAL_SECONDS) * 1000
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  show(snapshot: ScreenSnapshot): void {
    const now = this.#nowMs()
    const isNewPhase = snapshot.title.phase !== this.#phase
    if (!isNewPhase && now - this.#saidAtMs < this.#intervalMs) return
    this.#phase = snapshot.title.phase
    this.#saidAtMs = now
    this.#write(`${snapshot.title.phase ?? snapshot.title.command}\n`)
  }
}
