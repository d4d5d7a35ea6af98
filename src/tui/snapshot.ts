// What a live screen shows, as plain data: one type for trackers, load tests and benchmarks. Layout functions turn it
// into lines (layout.ts), the line reporter into one line. It knows none of those who fill it.

/** How a figure is to be taken. Shown by colour and, for those who see none, by a mark. */
export type Level = 'ok' | 'warn' | 'bad'

/** What a number counts, which decides how it is written: `1.2k`, `49.9k/s`, `0.14 ms`, `71 %`. */
export type Unit =
  | 'count'
  | 'perSecond'
  | 'bytes'
  | 'bitsPerSecond'
  | 'microseconds'
  | 'milliseconds'
  | 'seconds'
  /** 0 to 1. */
  | 'share'

export interface ScreenSnapshot {
  readonly title: Title
  readonly progress: Progress
  /** What the viewer can choose from: stretches of time (`1 s`, `10 s`, `run`), or workloads. At least one. */
  readonly windows: readonly string[]
  /** What goes in and out, most important first. */
  readonly rates: readonly Rate[]
  /** Values of this moment, most important first. */
  readonly figures: readonly Figure[]
  /** One for each window, or one for all; empty: none. */
  readonly tables: readonly Table[]
  /** Processor time of each worker over the time that passed. Empty: not known. */
  readonly workers: readonly WorkerShare[]
  readonly histogram: Histogram | null
  readonly objectives: readonly Objective[]
  readonly lists: readonly List[]
  /** What is to be said besides, newest last. */
  readonly notes: readonly Note[]
}

/** Parts of the first line. */
export interface Title {
  /** `aquatic loadtest udp` */
  readonly command: string
  /** Who is asked, or where it listens. */
  readonly target: string
  /** `open 50k/s even`; null where there is no such thing. */
  readonly pacing: string | null
  /** `measure`; a change of it is worth a line at once. */
  readonly phase: string | null
}

export interface Progress {
  /** Since the start of the phase, or of the whole where phases come again and again. */
  readonly elapsedSeconds: number
  /** Of the same; null: no end is known. */
  readonly lengthSeconds: number | null
}

export interface Rate {
  readonly label: string
  readonly unit: 'perSecond' | 'bitsPerSecond'
  /** One for each window. */
  readonly values: readonly number[]
  /** One value for each second, oldest first; the last is of this moment. */
  readonly history: readonly number[]
}

export interface Figure {
  readonly label: string
  /** Null: not known. */
  readonly value: number | string | null
  /** Of a number. */
  readonly unit: Unit
  /** Null: neither good nor bad. */
  readonly level: Level | null
}

export interface Table {
  /** `latency of the last second`; empty: none. */
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

export interface Column {
  readonly label: string
  readonly unit: Unit
  /** Where a terminal is narrow, columns with high numbers are left out first; 0 stays. */
  readonly priority: number
}

export interface Row {
  readonly label: string
  /** One for each column; null: nothing to show. */
  readonly cells: readonly (number | string | null)[]
  readonly level: Level | null
}

export interface WorkerShare {
  readonly name: string
  /** 0 to 1. */
  readonly share: number
}

/** How often which latency was seen. */
export interface Histogram {
  readonly caption: string
  /** [largest microseconds of a bucket, count], ascending. */
  readonly buckets: readonly (readonly [us: number, count: number])[]
}

export interface Objective {
  /** `announce.p99<5ms` */
  readonly text: string
  readonly isMet: boolean
}

export interface List {
  readonly title: string
  /** Errors can be opened to their full length. */
  readonly kind: 'errors' | 'ranking'
  /** Most frequent first. Texts may be foreign: they are shown without control characters. */
  readonly entries: readonly (readonly [text: string, count: number])[]
}

export interface Note {
  readonly text: string
  readonly level: Level | null
}
