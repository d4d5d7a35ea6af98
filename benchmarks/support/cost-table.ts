// The section of one load in the report of a comparison: what a response cost each contender, in a table. Pure: the
// same record gives the same text.
import { oursName } from './contenders.js'
import type { LoadCounts } from './cost.js'
import { formatNumber, formatSpread, renderTable } from './markdown.js'
import type { Measurement } from './measure.js'
import { renderRounds } from './report-parts.js'
import {
  measuredNames,
  measurementsOf,
  type RatioTarget,
  type RunRecord,
  ratioOfOurs,
  ratioTarget,
  spreadOf,
  sumOf,
} from './run-record.js'

/** The measurements of one contender under the load, by round. */
type Measurements<Result extends LoadCounts> = readonly (Measurement<Result> | undefined)[]

/** A column of one protocol's own. */
export interface CostColumn<Result extends LoadCounts> {
  readonly title: string
  readonly show: (measurements: Measurements<Result>) => string
}

export interface CostSection<Result extends LoadCounts> {
  /** `tracker`: what the contenders are. */
  readonly contender: string
  /** `response`: what costs are of. */
  readonly unit: string
  /** `responses/s`. */
  readonly rate: string
  /** Decimals of the costs, which are in microseconds. */
  readonly digits: number
  readonly targets: readonly RatioTarget[]
  /** Between the rate and the share of the core. */
  readonly columns: readonly CostColumn<Result>[]
  /** Paragraphs below the table: warnings, and who is not in it. */
  readonly notes: readonly string[]
}

/** Median and range over the rounds of a figure of the load. */
export function spreadColumn<Result extends LoadCounts>(
  title: string,
  digits: number,
  pick: (measurement: Measurement<Result>) => number,
): CostColumn<Result> {
  return { title, show: measurements => formatSpread(spreadOf(measurements, pick), digits) }
}

/** A count of the load, all rounds together. */
export function sumColumn<Result extends LoadCounts>(
  title: string,
  pick: (measurement: Measurement<Result>) => number,
): CostColumn<Result> {
  return { title, show: measurements => String(sumOf(measurements, pick)) }
}

function costRow<Result extends LoadCounts>(
  record: RunRecord<Result>,
  load: string,
  { digits, targets, columns }: CostSection<Result>,
  name: string,
): string[] {
  const measurements = measurementsOf(record, load, name)
  const show = (decimals: number, pick: (measurement: Measurement<Result>) => number): string =>
    formatSpread(spreadOf(measurements, pick), decimals)
  const ratio = ratioOfOurs(record, load, name)
  const isOurs = name === oursName
  const interval = `${formatNumber(ratio.intervalLow, 3)}–${formatNumber(ratio.intervalHigh, 3)}`
  const target = ratioTarget(targets, load, name)
  return [
    name,
    show(digits, one => one.totalUs),
    show(digits, one => one.userUs),
    show(digits, one => one.systemUs),
    isOurs ? '' : formatSpread(ratio, 3),
    isOurs || Number.isNaN(ratio.intervalLow) ? '' : interval,
    target === undefined ? '' : `≤ ${target.toFixed(2)}`,
    show(0, one => one.load.responsesPerSecond),
    ...columns.map(column => column.show(measurements)),
    show(0, one => one.coreUsed * 100),
  ]
}

/** Heading, table, notes and the costs of each round. */
export function renderCosts<Result extends LoadCounts>(
  record: RunRecord<Result>,
  load: { readonly name: string; readonly title: string },
  section: CostSection<Result>,
): string {
  const cost = `µs/${section.unit}`
  const header = [
    section.contender,
    cost,
    'user',
    'system',
    'ours ÷ it',
    '95 % interval',
    'target',
    section.rate,
    ...section.columns.map(({ title }) => title),
    'core used, %',
  ]
  const rows = measuredNames(record, load.name).map(name => costRow(record, load.name, section, name))
  return [
    `## ${load.title}`,
    '',
    renderTable(header, rows),
    '',
    ...section.notes.flatMap(note => [note, '']),
    `${cost} in each round:`,
    '',
    renderRounds(record, load.name),
  ].join('\n')
}

/** Warnings as notes. */
export function warningNotes(warnings: readonly string[]): string[] {
  return warnings.map(warning => `**Warning:** ${warning}`)
}
