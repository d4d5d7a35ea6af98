// The statistics of any tracker: at each interval one snapshot, given to all outputs. Runs on the main thread; a slow
// or full disk delays the next round and nothing else.

import { ReportFile } from '../metrics/report-file.js'
import { type TrackerSnapshot, withRates } from '../metrics/snapshot.js'
import { statisticsPage } from '../metrics/statistics-page.js'
import type { TrackerEventSink } from './events.js'
import { sayOutcome } from './output-events.js'

/** The keys of `[statistics]` that every tracker with statistics has. */
export interface StatisticsConfig {
  /** Seconds; 0 for no statistics. */
  readonly interval: number
  readonly torrentPeerHistograms: boolean
  readonly peerClients: boolean
  readonly printToStdout: boolean
  readonly writeHtmlToFile: boolean
  readonly htmlFilePath: string
  readonly writeJsonToFile: boolean
  readonly jsonFilePath: string
  readonly runPrometheusEndpoint: boolean
}

export interface StatisticsOptions {
  /** One for each tracker of the process, always in the same order. */
  readonly collect: () => readonly TrackerSnapshot[]
  readonly onEvent: TrackerEventSink
}

export interface Statistics {
  /** Ends the schedule; resolves when no file is being written any more. */
  stop(): Promise<void>
  /** Files that could not be written, since the start. */
  outputFailures(): number
}

/** Whether anybody would see statistics: only then are histograms and clients worth their cost. */
export function areStatisticsActive(config: StatisticsConfig): boolean {
  const { interval, printToStdout, writeHtmlToFile, writeJsonToFile, runPrometheusEndpoint } = config
  return interval > 0 && (printToStdout || writeHtmlToFile || writeJsonToFile || runPrometheusEndpoint)
}

interface Output {
  readonly file: ReportFile
  readonly textOf: (snapshots: readonly TrackerSnapshot[]) => string
}

function outputsOf(config: StatisticsConfig): Output[] {
  const outputs: Output[] = []
  if (config.writeHtmlToFile) {
    outputs.push({
      file: new ReportFile(config.htmlFilePath),
      textOf: statisticsPage,
    })
  }
  if (config.writeJsonToFile) {
    // One tracker's document is its snapshot; several are a list of theirs.
    const textOf = (snapshots: readonly TrackerSnapshot[]): string =>
      `${JSON.stringify(snapshots.length === 1 ? snapshots[0] : snapshots, null, 2)}\n`
    outputs.push({ file: new ReportFile(config.jsonFilePath), textOf })
  }
  return outputs
}

/** Starts the schedule, if an output asks for it. */
export function startStatistics(config: StatisticsConfig, options: StatisticsOptions): Statistics {
  const { collect, onEvent } = options
  const outputs = outputsOf(config)
  const outputFailures = (): number => outputs.reduce((sum, { file }) => sum + file.failures, 0)
  if (config.interval === 0 || !(config.printToStdout || outputs.length > 0)) {
    return { stop: async () => undefined, outputFailures }
  }
  let previous = collect()
  let round: Promise<void> | undefined
  let isLate = false

  async function write(snapshots: readonly TrackerSnapshot[]): Promise<void> {
    for (const { file, textOf } of outputs) {
      const words = {
        subject: 'statistics',
        verb: 'are',
        path: file.path,
        retried: 'at each interval',
      } as const
      sayOutcome(words, await file.write(textOf(snapshots)), onEvent)
    }
  }

  const timer = setInterval(() => {
    if (round !== undefined) {
      if (!isLate) onEvent({ event: 'warning', text: lateText(config.interval) })
      isLate = true
      return
    }
    const snapshots = collect().map((snapshot, index) => withRates(previous[index], snapshot))
    previous = snapshots
    round = write(snapshots).then(() => {
      round = undefined
      // Last, so that whoever waits for it finds the files written.
      if (config.printToStdout)
        for (const snapshot of snapshots) onEvent({ event: 'statistics', ...snapshot })
    })
  }, config.interval * 1000)
  timer.unref()

  return {
    stop: async () => {
      clearInterval(timer)
      await round
    },
    outputFailures,
  }
}

function lateText(intervalSeconds: number): string {
  return (
    `writing statistics takes longer than statistics.interval (${intervalSeconds} s), so some rounds are left out. ` +
    'Raise it, or choose a faster disk.'
  )
}
