// What a bench's screen shows: which measurement, how far it is, and the results so far, a table for each workload.

import type { CellStage } from '../../bench/cell.js'
import type { CellResult } from '../../bench/cell-result.js'
import { metrics } from '../../bench/metrics.js'
import type { CellPlan } from '../../bench/plan.js'
import { boundText, columnTitle, medianText, ratioText } from '../../bench/report/figure-text.js'
import { figureOf, metricsOf, nameOf } from '../../bench/report/parts.js'
import type { ReportData } from '../../bench/report/report-data.js'
import type { BenchProgress } from '../../bench/run.js'
import type { ContenderSummary, WorkloadSummary } from '../../bench/summary.js'
import type { Column, Figure, Level, List, Note, Row, ScreenSnapshot, Table } from '../../tui/snapshot.js'

export type BenchStage = CellStage | 'cooling down'

/** How a bench stands. */
export interface BenchState {
  /** `aquatic bench udp` */
  readonly command: string
  /** Of the measurement that began last; null before the first. */
  readonly progress: BenchProgress | null
  readonly stage: BenchStage | null
  /** Since this run of the bench began. */
  readonly elapsedSeconds: number
  /** What it will take in all, from how long measurements took so far; null: not known yet. */
  readonly lengthSeconds: number | null
  /** All that is planned, made or not. */
  readonly cells: readonly CellPlan[]
  /** Of the results so far. */
  readonly report: ReportData
}

/** Most important first: where a terminal is narrow, the last ones are left out. */
const columnOrder = [
  'processor_us',
  'responses_per_second',
  'bytes_per_peer',
  'objective_rate',
  'p99_us',
  'start_up_ms',
  'loss_percent',
]

export function benchSnapshot(state: BenchState): ScreenSnapshot {
  const { command, progress, stage, elapsedSeconds, lengthSeconds, cells, report } = state
  const workloads = report.workloads.map(({ key }) => key).filter(key => cells.some(c => c.workload === key))
  const tables = workloads.map(workload => tableOf(workload, state))
  const current = Math.max(0, workloads.indexOf(progress?.cell.workload ?? ''))
  const hasChoice = tables.length > 1
  return {
    title: {
      command,
      target:
        progress === null ? '' : `${nameOf(progress.cell.contender, report)}, ${progress.cell.workload}`,
      pacing: null,
      phase: stage,
    },
    progress: {
      elapsedSeconds,
      lengthSeconds: lengthSeconds === null ? null : Math.max(lengthSeconds, elapsedSeconds),
    },
    windows: hasChoice ? ['this workload', ...workloads] : workloads,
    rates: [],
    figures: figuresOf(state, workloads[current]),
    tables: hasChoice ? [tables[current]!, ...tables] : tables,
    workers: [],
    histogram: null,
    objectives: [],
    lists: [troublesOf(report)],
    notes: notesOf(report),
  }
}

function figuresOf({ progress, elapsedSeconds, lengthSeconds, report }: BenchState, workload = ''): Figure[] {
  const figure = (label: string, value: string | null, level: Level | null = null): Figure => ({
    label,
    value,
    unit: 'count',
    level,
  })
  const summary = report.summaries.find(candidate => candidate.workload === workload)
  const noise = summary?.noise.find(({ metric }) => metric === 'processor_us')
  const troubles = report.summaries.flatMap(({ contenders }) => contenders.flatMap(c => c.troubles))
  const count = troubles.reduce((sum, { blocks }) => sum + blocks, 0)
  const left = lengthSeconds === null ? null : Math.max(0, lengthSeconds - elapsedSeconds)
  return [
    figure('measurement', progress === null ? null : `${progress.number} of ${progress.cells}`),
    figure('block', progress === null ? null : `${progress.cell.block + 1} of ${report.blocks}`),
    figure('left, about', left === null ? null : minutesText(left)),
    figure('troubles', String(count), count > 0 ? 'warn' : null),
    ...(noise === undefined ? [] : [figure('noise', ratioText(noise.ratio))]),
  ]
}

/** Those that are planned, with what is known of them. */
function tableOf(workload: string, { cells, report }: BenchState): Table {
  const summary = report.summaries.find(candidate => candidate.workload === workload)
  const planned = new Set(cells.filter(cell => cell.workload === workload).map(({ contender }) => contender))
  const keys = report.contenders.map(({ key }) => key).filter(key => planned.has(key))
  const present = summary === undefined ? [] : metricsOf(summary).map(metric => metric.key)
  const shown = columnOrder.filter(metric => present.includes(metric))
  const isCompared = (metric: string): boolean =>
    summary?.contenders.some(contender => figureOf(contender, metric)?.ratio != null) === true
  const columns = shown.flatMap((metric, index): Column[] => [
    { label: columnTitle(metric), unit: 'count', priority: index * 2 },
    ...(isCompared(metric) ? [ratioColumn(index * 2 + 1, summary!, report)] : []),
  ])
  const rows = keys.map((key): Row => {
    const contender = summary?.contenders.find(candidate => candidate.contender === key)
    const values = shown.flatMap(metric => {
      // Who answers wrong is not ranked, as in reports.
      const figure = contender?.isRanked === true ? figureOf(contender, metric) : undefined
      const value = figure === undefined ? null : medianText(figure)
      return isCompared(metric) ? [value, ratioCell(figure?.ratio ?? null)] : [value]
    })
    return {
      label: nameOf(key, report),
      cells: [blocksText(contender, report.blocks), ...values],
      level: levelOf(contender),
    }
  })
  // Narrow terminals keep it, as it moves when nothing else does.
  const blocks: Column = { label: 'blocks', unit: 'count', priority: 0 }
  return { caption: workload, columns: [blocks, ...columns], rows }
}

function ratioColumn(priority: number, { baseline }: WorkloadSummary, report: ReportData): Column {
  return { label: `to ${nameOf(baseline, report)}`, unit: 'count', priority }
}

function ratioCell(ratio: Parameters<typeof ratioText>[0] | null): string | null {
  return ratio === null ? null : ratioText(ratio)
}

/** `2 of 6`: measured blocks. */
function blocksText(contender: ContenderSummary | undefined, blocks: number): string {
  const counts = (contender?.figures ?? []).map(({ values }) => values.filter(value => value !== null).length)
  return `${Math.max(0, ...counts)} of ${blocks}`
}

function levelOf(contender: ContenderSummary | undefined): Level | null {
  if (contender === undefined || contender.troubles.length === 0) return null
  return contender.isRanked ? 'warn' : 'bad'
}

function troublesOf(report: ReportData): List {
  const entries = report.summaries.flatMap(({ workload, contenders }) =>
    contenders.flatMap(({ contender, troubles }) =>
      troubles.map(({ outcome, reason, blocks }): [string, number] => [
        `${nameOf(contender, report)}, ${workload}: ${outcome.replaceAll('-', ' ')} (${reason})`,
        blocks,
      ]),
    ),
  )
  return { title: 'troubles, in blocks', kind: 'errors', entries }
}

/** The last ones are seen first. */
function notesOf({ missing, warnings }: ReportData): Note[] {
  const names = missing.map(({ name }) => name).join(', ')
  return [
    ...(names === '' ? [] : [{ text: `not here (aquatic bench list says why): ${names}`, level: null }]),
    ...warnings.map((text): Note => ({ text, level: 'warn' })),
  ]
}

/** `3/24 block 1 udp-mixed opentracker, about 2 min left` */
export function benchLine({ cell, number, cells, remainingSeconds }: BenchProgress): string {
  const remaining = remainingSeconds === null ? '' : `, about ${minutesText(remainingSeconds)} left`
  return `${number}/${cells} block ${cell.block + 1} ${cell.workload} ${cell.contender}${remaining}`
}

/** `processor time per response 4.10 µs, responses/s at saturation 152k/s`, or what went wrong. */
export function resultLine({ outcome, reason, figures }: CellResult): string {
  if (outcome !== 'measured' || figures === null) return `${outcome.replaceAll('-', ' ')}: ${reason}`
  const texts = columnOrder.flatMap(key => {
    const metric = metrics.find(candidate => candidate.key === key)
    // Nothing is said of losses where there are none.
    const value = metric?.of(figures) ?? 0
    if (metric === undefined || value === 0) return []
    return [`${metric.title} ${boundText(key, value, metric.boundOf?.(figures) ?? null)}`]
  })
  return texts.join(', ')
}

/** 90 -> `2 min`, 40 -> `40 s`. */
function minutesText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`
}
