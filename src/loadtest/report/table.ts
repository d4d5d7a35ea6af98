// A result as text for people: one sentence, a table with a row for each kind, and what else needs saying.

import { rateText } from '../plan-text.js'
import type { KindFigures, LatencyFigures, LoadTestResult, TrialResult } from '../result.js'
import { type Column, labelled, textTable, widthOf, wrapped } from './columns.js'
import { answerFacts, type Fact, failureFacts, machineFacts, measuredText } from './facts.js'
import { advice, headline, interruptedText, isValid, requestsOf, shapeText } from './headline.js'
import { countText, latencyCell, msNumber, shareText, wholeNumber } from './number-text.js'

export interface TableOptions {
  /** Width of the terminal; 80 unless told, and never less. */
  readonly columns?: number
  /** Whether verdict, marks and warnings are coloured. */
  readonly color?: boolean
}

const COLUMNS_MIN = 80
/** Texts of the other side that are shown; all that were kept are in the document. */
const REMARKS_MAX = 10

const enum Style {
  bold = 1,
  red = 31,
  green = 32,
  yellow = 33,
}

type Paint = (style: Style, text: string) => string

/** The whole summary, with a newline at the end. */
export async function summaryText(result: LoadTestResult, options: TableOptions = {}): Promise<string> {
  const columns = Math.max(COLUMNS_MIN, options.columns ?? COLUMNS_MIN)
  const paint: Paint = (style, text) => (options.color === true ? `\x1b[${style}m${text}\x1b[0m` : text)
  const parts = [
    headPart(result, columns, paint),
    ...(isValid(result) ? [await kindsPart(result, columns)] : []),
    factsPart(result, columns),
    objectivesPart(result, columns, paint),
    await searchPart(result, paint),
    remarksPart(result, columns),
    isValid(result) ? warningsPart(result, columns, paint) : '',
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function headPart(result: LoadTestResult, columns: number, paint: Paint): string {
  const style = isValid(result) ? Style.bold : Style.red
  const interrupted = interruptedText(result)
  return [
    ...wrapped(headline(result), columns).map(line => paint(style, line)),
    ...(interrupted === null ? [] : [paint(Style.yellow, interrupted)]),
    // Why a result is void comes first, and instead of figures.
    ...(isValid(result) ? [] : reasonLines(result, columns)),
    ...wrapped(shapeText(result.plan, result.measuredSeconds), columns),
  ].join('\n')
}

function reasonLines(result: LoadTestResult, columns: number): string[] {
  const hint = advice(result)
  const said = result.warnings.some(warning => hint !== null && warning.includes(hint))
  return [...result.warnings, ...(hint === null || said ? [] : [hint])].flatMap(text =>
    wrapped(`! ${text}`, columns, '  '),
  )
}

/** As wide as fits: two spaces between columns, else one, else short numbers too. */
async function kindsPart(result: LoadTestResult, columns: number): Promise<string> {
  let text = ''
  for (const [gap, number] of [
    [2, countText],
    [1, countText],
    [1, rateText],
  ] as const) {
    text = await kindsTable(result, gap, number)
    if (widthOf(text) <= columns) break
  }
  return text
}

function kindsTable(result: LoadTestResult, gap: number, number: (value: number) => string): Promise<string> {
  const { timeoutMs } = result.plan
  const right = (title: string): Column => ({ title, align: 'right' })
  const head: Column[] = [
    { title: '', align: 'left' },
    right('count'),
    right(number === countText ? 'answers/s' : '/s'),
    { title: 'in ms', align: 'left' },
    ...['p50', 'p90', 'p99', 'p99.9', 'max'].map(right),
    right('loss'),
  ]
  const rows = result.kinds.filter(kind => requestsOf(kind) > 0).map(kind => kindRow(kind, timeoutMs, number))
  return textTable(head, rows, gap)
}

function kindRow(kind: KindFigures, timeoutMs: number, number: (value: number) => string): string[] {
  const latencies: (readonly [string, LatencyFigures])[] = [['service', kind.service]]
  if (kind.response !== null) latencies.unshift(['response', kind.response])
  const cell = (us: (figures: LatencyFigures) => number): string =>
    latencies.map(([, figures]) => latencyCell(figures, us(figures), timeoutMs)).join('\n')
  return [
    kind.kind,
    number(requestsOf(kind)),
    number(kind.answersPerSecond),
    latencies.map(([name]) => name).join('\n'),
    cell(({ p50Us }) => p50Us),
    cell(({ p90Us }) => p90Us),
    cell(({ p99Us }) => p99Us),
    cell(({ p999Us }) => p999Us),
    cell(({ maxUs }) => maxUs),
    shareText(kind.lossShare),
  ]
}

function factsPart(result: LoadTestResult, columns: number): string {
  // Of a generator that fell behind, not even the failures are the tracker's.
  const failures = result.verdict === 'generator-bound' ? [] : failureFacts(result).map(asFailure)
  return [...failures, ...answerFacts(result), ...machineFacts(result)]
    .flatMap(({ label, text }) => labelled(label, text, columns))
    .join('\n')
}

function asFailure({ label, text }: Fact): Fact {
  return { label: 'failed', text: `${label}: ${text}` }
}

function objectivesPart(result: LoadTestResult, columns: number, paint: Paint): string {
  if (!isValid(result)) return ''
  return result.objectives
    .flatMap(objective => {
      const mark = objective.isMet ? '✓' : '✗'
      const lines = wrapped(`${mark} ${objective.text}  (${measuredText(objective)})`, columns, '  ')
      return lines.map(line => paint(objective.isMet ? Style.green : Style.red, line))
    })
    .join('\n')
}

async function searchPart({ search }: LoadTestResult, paint: Paint): Promise<string> {
  if (search === null || search.trials.length === 0) return ''
  const trials = [...search.trials].sort((a, b) => a.ratePerSecond - b.ratePerSecond)
  const right = (title: string): Column => ({ title, align: 'right' })
  const head = [
    right('rate/s'),
    right('answers/s'),
    right('p99 ms'),
    right('loss'),
    { title: 'trial', align: 'left' as const },
  ]
  const text = await textTable(head, trials.map(trialRow), 2)
  return `${paint(Style.bold, `Search, ${trials.length} trials`)}\n${text}`
}

/** Of a trial that is void, nothing is said but its rate. */
export function trialRow(trial: TrialResult): string[] {
  const rate = wholeNumber(trial.ratePerSecond)
  const length = trial.isClosedLoop ? 'closed loop' : trial.isConfirmation ? 'full' : 'short'
  if (trial.verdict !== 'valid') return [rate, '-', '-', '-', `${length}, ${trial.verdict}`]
  return [
    rate,
    wholeNumber(trial.answersPerSecond),
    msNumber(trial.p99Us),
    shareText(trial.lossShare),
    trial.isClosedLoop ? length : `${length}, ${trial.isPassed ? '✓' : '✗'}`,
  ]
}

function remarksPart({ remarks }: LoadTestResult, columns: number): string {
  const lines = remarks
    .slice(0, REMARKS_MAX)
    .flatMap(([text, count]) => wrapped(`${wholeNumber(count)} × ${text}`, columns, '    '))
  const more = remarks.length - REMARKS_MAX
  return [...lines, ...(more > 0 ? [`and ${more} other texts`] : [])].join('\n')
}

function warningsPart({ warnings }: LoadTestResult, columns: number, paint: Paint): string {
  return warnings
    .flatMap(text => wrapped(`! ${text}`, columns, '  '))
    .map(line => paint(Style.yellow, line))
    .join('\n')
}
