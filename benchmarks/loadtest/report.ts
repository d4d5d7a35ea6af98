// A comparison of load generators as a Markdown page. Pure: the same record gives the same page.
import { oursName } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { formatNumber, formatSpread, renderTable } from '../support/markdown.js'
import type { Measurement } from '../support/measure.js'
import { renderContenders, renderEnvironment, renderRounds, renderTargets } from '../support/report-parts.js'
import {
  judgeRatios,
  measuredNames,
  measurementsOf,
  type RatioTarget,
  type RunRecord,
  ratioOfOurs,
  ratioTarget,
  spreadOf,
} from '../support/run-record.js'

type Record = RunRecord<LoadCounts>

/** What the page says besides figures. */
export interface ReportFacts {
  readonly protocol: string
  readonly loads: readonly { readonly name: string; readonly title: string }[]
  readonly targets: readonly RatioTarget[]
  readonly responder: { readonly description: string }
  readonly settings: string
}

function costRow(record: Record, load: string, name: string, targets: readonly RatioTarget[]): string[] {
  const measurements = measurementsOf(record, load, name)
  const show = (digits: number, pick: (measurement: Measurement<LoadCounts>) => number): string =>
    formatSpread(spreadOf(measurements, pick), digits)
  const ratio = ratioOfOurs(record, load, name)
  const isOurs = name === oursName
  const target = ratioTarget(targets, load, name)
  return [
    name,
    show(3, measurement => measurement.totalUs),
    show(3, measurement => measurement.userUs),
    show(3, measurement => measurement.systemUs),
    isOurs ? '' : formatSpread(ratio, 3),
    isOurs || Number.isNaN(ratio.intervalLow)
      ? ''
      : `${formatNumber(ratio.intervalLow, 3)}–${formatNumber(ratio.intervalHigh, 3)}`,
    target === undefined ? '' : `≤ ${target.toFixed(2)}`,
    show(0, measurement => measurement.load.responsesPerSecond),
    show(0, measurement => measurement.coreUsed * 100),
  ]
}

function renderLoad(
  record: Record,
  load: ReportFacts['loads'][number],
  targets: readonly RatioTarget[],
): string {
  const header = [
    'generator',
    'µs/answered request',
    'user',
    'system',
    'ours ÷ it',
    '95 % interval',
    'target',
    'answers/s',
    'core used, %',
  ]
  const rows = measuredNames(record, load.name).map(name => costRow(record, load.name, name, targets))
  return [
    `## ${load.title}`,
    '',
    renderTable(header, rows),
    '',
    'µs/answered request in each round:',
    '',
    renderRounds(record, load.name),
  ].join('\n')
}

function renderMethod(record: Record, { responder, settings }: ReportFacts): string {
  const { rounds, seconds, warmUpSeconds, seed } = record
  return `Each of the ${rounds} rounds lets every generator load a fresh responder, in an order drawn from the seed ${seed}:
${responder.description} Generator and responder are pinned to a core each. Measured is the generator: user and
system time of its whole process, all its threads, over the requests that it says were answered. Ours is measured for
${seconds} s after ${warmUpSeconds} s, screen and reports excluded; programs in C to their end; aquatic's between two of its reports,
5 s apart.

${settings}

A generator that keeps its responder busy sleeps for the rest: a share of its core below 100 % is as it should be.
Figures are median (smallest–largest) over the rounds. \`ours ÷ it\` pairs the rounds; the interval is Student's, on the
logarithms. Compare only within one run: machines differ and drift.`
}

/** The page `docs/benchmarks/loadtest-PROTOCOL.md`. */
export function renderReport(record: Record, facts: ReportFacts): string {
  return [
    `# What one answered request costs the ${facts.protocol.toUpperCase()} load generator`,
    '',
    `Written by \`benchmarks/loadtest/${facts.protocol}.ts\`; do not edit. To repeat it, \`npm run build\`, then:`,
    '',
    '```sh',
    record.command,
    '```',
    '',
    renderMethod(record, facts),
    '',
    renderTargets(judgeRatios(record, facts.targets)),
    '',
    ...facts.loads.flatMap(load => [renderLoad(record, load, facts.targets), '']),
    renderContenders(record).replace('## Trackers', '## Generators'),
    '',
    renderEnvironment(record),
    '',
  ].join('\n')
}
