// A comparison of load generators as a Markdown page. Pure: the same record gives the same page.
import type { LoadCounts } from '../support/cost.js'
import { renderCosts } from '../support/cost-table.js'
import { renderContenders, renderEnvironment, renderTargets } from '../support/report-parts.js'
import { judgeRatios, type RatioTarget, type RunRecord } from '../support/run-record.js'

type Record = RunRecord<LoadCounts>

/** What the page says besides figures. */
export interface ReportFacts {
  readonly protocol: string
  readonly loads: readonly { readonly name: string; readonly title: string }[]
  readonly targets: readonly RatioTarget[]
  readonly responder: { readonly description: string }
  readonly settings: string
}

function renderLoad(
  record: Record,
  load: ReportFacts['loads'][number],
  targets: readonly RatioTarget[],
): string {
  return renderCosts(record, load, {
    contender: 'generator',
    unit: 'answered request',
    rate: 'answers/s',
    digits: 3,
    targets,
    columns: [],
    notes: [],
  })
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
