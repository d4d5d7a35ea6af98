// A bench as tables for a terminal: contenders in rows, figures in columns. What does not fit beside each other stands
// below each other, so that eight contenders can be read in 100 columns.

import { type Column, textTable, widthOf, wrapped } from '../../loadtest/report/columns.js'
import type { WorkloadSummary } from '../summary.js'
import { columnTitle, medianText, ratioText } from './figure-text.js'
import {
  BOUNDS_LEGEND,
  figureOf,
  hasBounds,
  headlineSentence,
  inOrder,
  metricsOf,
  missingOf,
  nameOf,
  noiseText,
  remarksOf,
  unrankedText,
  warningsOf,
  workloadTitle,
} from './parts.js'
import type { ReportData } from './report-data.js'

export interface TableOptions {
  /** Width of the terminal; 100 unless told, and never less than 80. */
  readonly columns?: number
}

const COLUMNS = 100
const COLUMNS_MIN = 80
const GAP = 2
/** Of the others in Markdown, HTML and JSON. */
const noiseShown = ['processor_us', 'bytes_per_peer', 'responses_per_second']

/** The whole report, with a newline at the end. */
export async function tableReport(data: ReportData, options: TableOptions = {}): Promise<string> {
  const columns = Math.max(COLUMNS_MIN, options.columns ?? COLUMNS)
  const lines = (texts: readonly string[], sign: string): string =>
    texts.flatMap(text => wrapped(`${sign} ${text}`, columns, '  ')).join('\n')
  const parts = [
    lines(warningsOf(data), '!'),
    ...(await Promise.all(data.summaries.map(summary => workloadPart(summary, data, columns)))),
    lines(
      missingOf(data).map(text => `not here: ${text}`),
      '-',
    ),
    wrapped(legend(data), columns).join('\n'),
    // The last line: what is not to be believed.
    lines(data.doubts, 'Exit code 4:'),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function legend({ blocks, isWhole, summaries }: ReportData): string {
  const counted = `Medians of ${isWhole ? '' : 'at most '}${blocks} block${blocks === 1 ? '' : 's'}`
  return [
    `${counted}; ×: ratio in the same blocks with its 95 % interval, ~: no difference is shown.`,
    'per response: processor time of all processes and threads; p99 at half: latency at half of its own saturation.',
    ...(hasBounds(summaries) ? [BOUNDS_LEGEND] : []),
  ].join(' ')
}

async function workloadPart(summary: WorkloadSummary, data: ReportData, columns: number): Promise<string> {
  const head = [
    `${workloadTitle(summary.workload, data)} (${summary.workload})`,
    ...wrapped(headlineSentence(summary, data), columns),
  ]
  const remarks = remarksOf(summary, data).flatMap(text => wrapped(`! ${text}`, columns, '  '))
  const noise = noiseText(summary, data, noiseShown)
  return [
    head.join('\n'),
    ...(await tables(summary, data, columns)),
    [...(noise === '' ? [] : wrapped(noise, columns)), ...remarks].join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

interface TableColumn extends Column {
  readonly cells: readonly string[]
}

async function tables(summary: WorkloadSummary, data: ReportData, columns: number): Promise<string[]> {
  const names: TableColumn = {
    title: '',
    align: 'left',
    cells: inOrder(summary).map(({ contender }) => nameOf(contender, data)),
  }
  const groups = figureColumns(summary, data)
  const rows: TableColumn[][] = []
  let room = 0
  for (const group of groups) {
    const width = group.reduce((sum, column) => sum + GAP + columnWidth(column), 0)
    if (width > room) {
      rows.push([names])
      room = columns - columnWidth(names)
    }
    rows.at(-1)!.push(...group)
    room -= width
  }
  return Promise.all(rows.map(drawn))
}

function drawn(columns: readonly TableColumn[]): Promise<string> {
  const rows = columns[0]!.cells.map((_, row) => columns.map(({ cells }) => cells[row]!))
  return textTable(columns, rows, GAP)
}

/** Each figure, with its ratio where somebody has one; the two stay together. */
function figureColumns(summary: WorkloadSummary, data: ReportData): TableColumn[][] {
  const contenders = inOrder(summary)
  const ratioTitle = `to ${nameOf(summary.baseline, data)}`
  return metricsOf(summary).map(({ key: metric }) => {
    const figures = contenders.map(contender =>
      contender.isRanked ? figureOf(contender, metric) : undefined,
    )
    const value: TableColumn = {
      title: columnTitle(metric),
      align: 'right',
      cells: contenders.map((contender, row) => {
        const figure = figures[row]
        if (figure !== undefined) return medianText(figure)
        return contender.isRanked ? '–' : unrankedText(contender)
      }),
    }
    if (figures.every(figure => figure === undefined || figure.ratio === null)) return [value]
    const cells = figures.map(figure =>
      figure === undefined || figure.ratio === null ? '' : ratioText(figure.ratio),
    )
    return [value, { title: ratioTitle, align: 'left', cells }]
  })
}

function columnWidth({ title, cells }: TableColumn): number {
  return Math.max(...[title, ...cells].map(widthOf))
}
