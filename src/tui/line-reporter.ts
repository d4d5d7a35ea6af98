// Progress as plain lines, for logs and pipes: one at each change of phase at once, and one every few seconds between.

import { harmless } from './foreign-text.js'
import { numberText, valueText } from './number-text.js'
import type { ScreenSnapshot, Table } from './snapshot.js'

export interface LineReporterOptions {
  /** Takes a line with its end. */
  readonly write: (line: string) => void
  /** Between two lines of one phase. */
  readonly intervalSeconds?: number
  /** Milliseconds of a monotonic clock. */
  readonly nowMs?: () => number
}

const INTERVAL_SECONDS = 5
/** What goes in and out; the rest is for screens. */
const RATES = 2

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
    this.#write(`${progressLine(snapshot)}\n`)
  }
}

/** `measure 00:12 / 01:00: sent 49.9k/s, answered 49.8k/s; in flight 61; announce p50 0.14 ms, p99 0.92 ms` */
export function progressLine(snapshot: ScreenSnapshot): string {
  const { title, progress, rates, figures, tables, notes } = snapshot
  const elapsed = numberText(progress.elapsedSeconds, 'seconds')
  const length = progress.lengthSeconds === null ? '' : ` / ${numberText(progress.lengthSeconds, 'seconds')}`
  const shown = figures.filter(({ level }, index) => index === 0 || level === 'warn' || level === 'bad')
  const parts = [
    rates
      .slice(0, RATES)
      .map(({ label, unit, values }) => `${label} ${numberText(values[0] ?? 0, unit)}`)
      .join(', '),
    ...shown.map(({ label, value, unit }) => `${label} ${valueText(value, unit)}`),
    ...(tables[0] === undefined ? [] : latencies(tables[0])),
    ...notes.slice(-1).map(({ text }) => text),
  ]
  const text = parts.filter(part => part !== '').join('; ')
  return harmless(`${title.phase ?? title.command} ${elapsed}${length}: ${text}`)
}

/** Of each row that has some. */
function latencies({ columns, rows }: Table): string[] {
  return rows.flatMap(({ label, cells }) => {
    const known = columns.flatMap(({ label, unit }, index) => {
      const value = cells[index] ?? null
      return unit === 'microseconds' && value !== null ? [`${label} ${valueText(value, unit)}`] : []
    })
    return known.length === 0 ? [] : [`${label} ${known.join(', ')}`]
  })
}
