// A bench as a Markdown page: who, where, what, and what it does not say.

import { metrics } from '../metrics.js'
import type { ContenderSummary, WorkloadSummary } from '../summary.js'
import { figureText, ratioText, shownMetrics, troubleText } from './figure-text.js'
import type { ReportData } from './report-data.js'

export function markdownReport(data: ReportData): string {
  const sections = [
    `# Trackers side by side`,
    `Written by \`${data.command}\`; do not edit.`,
    headline(data),
    ...warnings(data),
    ...data.summaries.map(summary => workloadSection(summary, data)),
    contenderSection(data),
    methodSection(data),
    environmentSection(data),
  ]
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}

/** The two figures people ask for first: what a response costs, beside the baseline. */
function headline({ summaries, contenders, workloads }: ReportData): string {
  const nameOf = (key: string): string => contenders.find(contender => contender.key === key)?.name ?? key
  const rows = summaries.flatMap(({ workload, baseline, contenders: summarised }) => {
    const title = workloads.find(({ key }) => key === workload)?.title ?? workload
    return summarised
      .filter(({ contender, isRanked }) => isRanked && contender !== baseline)
      .flatMap(({ contender, figures }) => {
        const cost = figures.find(({ metric }) => metric === 'processor_us')
        if (cost === undefined || cost.ratio === null) return []
        return [[title, nameOf(contender), ratioText(cost.ratio), nameOf(baseline)]]
      })
  })
  if (rows.length === 0) return ''
  return `Processor time per response, beside the baseline:\n\n${table(
    ['workload', 'tracker', 'ratio [95 % interval]', 'of'],
    rows,
  )}`
}

function warnings({ warnings, isWhole }: ReportData): string[] {
  const all = isWhole ? warnings : ['The bench was interrupted: not all measurements are here.', ...warnings]
  return all.length === 0 ? [] : [`**Mind:**\n\n${all.map(warning => `* ${warning}`).join('\n')}`]
}

function workloadSection(summary: WorkloadSummary, { workloads, contenders }: ReportData): string {
  const title = workloads.find(({ key }) => key === summary.workload)?.title ?? summary.workload
  const present = shownMetrics(summary)
  const nameOf = (key: string): string => contenders.find(contender => contender.key === key)?.name ?? key
  const rows = summary.contenders.map(contender => [
    nameOf(contender.contender) + (contender.isRanked ? '' : ' (not ranked)'),
    ...present.map(({ key }) => cellText(contender, key)),
  ])
  const troubles = summary.contenders.flatMap(({ contender, troubles }) =>
    troubles.map(trouble => `* ${nameOf(contender)}, ${troubleText(trouble)}`),
  )
  const outlierLines = summary.contenders.flatMap(({ contender, figures }) =>
    figures
      .filter(({ outlierBlocks }) => outlierBlocks.length > 0)
      .map(
        ({ metric, outlierBlocks }) =>
          `* ${nameOf(contender)}: ${titleOf(metric)} is far from its other values in block ${outlierBlocks
            .map(block => block + 1)
            .join(', ')}`,
      ),
  )
  const noise = summary.noise.map(({ metric, ratio }) => `${titleOf(metric)} ${ratioText(ratio)}`)
  return [
    `## ${title}`,
    table(['tracker', ...present.map(({ title }) => title)], rows),
    `Medians (smallest–largest), and the ratio to ${nameOf(summary.baseline)} over the same blocks; \`~\`: the 95 % interval holds 1.`,
    noise.length === 0 ? '' : `Noise, by two equal runs in each block: ${noise.join('; ')}.`,
    [...troubles, ...outlierLines].join('\n'),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

function cellText({ figures }: ContenderSummary, metric: string): string {
  const figure = figures.find(candidate => candidate.metric === metric)
  if (figure === undefined) return '–'
  const range =
    figure.low === figure.high
      ? ''
      : ` (${figureText(metric, figure.low)}–${figureText(metric, figure.high)})`
  const ratio = figure.ratio === null ? '' : `, ${ratioText(figure.ratio)}`
  return `${figureText(metric, figure.median)}${range}${ratio}`
}

function contenderSection({ contenders, missing }: ReportData): string {
  const rows = contenders.map(({ name, version, sha256, limits }) => [
    name,
    typeof sha256 === 'string' ? `${version}, SHA-256 ${sha256.slice(0, 12)}…` : version,
    limits.join('; ') || '–',
  ])
  const absent = missing.map(({ name, reason, remedy }) => `* ${name}: ${reason} (${remedy})`)
  return [
    `## Trackers`,
    table(['tracker', 'version', 'mind'], rows),
    absent.length === 0 ? '' : `Not here:\n\n${absent.join('\n')}`,
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

function methodSection(data: ReportData): string {
  const { blocks, seed, measureSeconds, warmUpSeconds, contenderProcessors, loadProcessors } = data
  return `## How it was measured

${blocks} blocks; in each, every tracker met every workload once, started afresh, in an order drawn from seed ${seed}. Each
was warmed up for ${warmUpSeconds} s, then measured for ${measureSeconds} s. Tracker on processor ${contenderProcessors}, load on ${loadProcessors}, over the
loopback address. Processor time is user and system time of all processes and threads of the tracker. Ratios are
geometric means over pairs of the same block, with Student's interval on their logarithms; outliers are named, never
dropped. Nothing is said about networks, other machines, or other settings than those of docs/bench.md.`
}

function environmentSection({ environment, startedAt }: ReportData): string {
  const bytes = (count: number | null): string => (count === null ? 'unknown' : String(count))
  const rows = [
    ['date', startedAt],
    ['processor', `${environment.processor}, ${environment.processors} processors`],
    ['hyperthreads', environment.hasHyperthreads === null ? 'unknown' : String(environment.hasHyperthreads)],
    ['memory', `${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['kernel', environment.kernel],
    ['virtualisation', environment.virtualisation ?? 'unknown'],
    ['mitigations', environment.mitigations],
    ['frequency governor', environment.governor ?? 'not readable'],
    [
      'socket buffers at most',
      `${bytes(environment.receiveBufferBytesMax)} received, ${bytes(environment.sendBufferBytesMax)} sent`,
    ],
    ['open files at most', bytes(environment.openFilesMax)],
    ['turbo', environment.hasTurbo == null ? 'not readable' : environment.hasTurbo ? 'on' : 'off'],
    ['load average at start', environment.loadAverage.toFixed(2)],
    ['node', environment.node],
  ]
  return `## Machine\n\n${table(['', ''], rows)}`
}

function titleOf(metric: string): string {
  return metrics.find(({ key }) => key === metric)?.title ?? metric
}

/** Text of others (versions, last words) must not end a cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
