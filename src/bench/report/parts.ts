// What all reports of a bench say, in the order in which it matters, before anybody has drawn it.

import { shareText, threeDigits } from '../../loadtest/report/number-text.js'
import { type Metric, metrics } from '../metrics.js'
import type { ContenderSummary, Figure, WorkloadSummary } from '../summary.js'
import { figureText, medianText, ratioText, titleOf, troubleText } from './figure-text.js'
import type { ReportData } from './report-data.js'

export interface Grid {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** By which contenders are put in order; the first that there is. All of them: less is better. */
const rankingMetrics = ['processor_us', 'bytes_per_peer', 'p99_us']
const NOTHING = '–'
/** Of a tracker that is asked and ranked, but what it costs is not to be seen. */
const UNSEEN = 'not seen'

export function nameOf(key: string, { contenders }: ReportData): string {
  return contenders.find(contender => contender.key === key)?.name ?? key
}

export function workloadTitle(key: string, { workloads }: ReportData): string {
  return workloads.find(workload => workload.key === key)?.title ?? key
}

export function figureOf({ figures }: ContenderSummary, metric: string): Figure | undefined {
  return figures.find(figure => figure.metric === metric)
}

/** In the place of a rank: whether something is wrong with it, or with nothing but the question. */
export function unrankedText({ troubles }: ContenderSummary): string {
  return troubles.every(({ outcome }) => outcome === 'not-applicable') ? 'not applicable' : 'not ranked'
}

/** What has to be known before any figure is read. */
export function warningsOf({ warnings, isWhole }: ReportData): string[] {
  const interrupted = 'The bench was interrupted: not all measurements are here (aquatic bench --resume DIR).'
  return isWhole ? [...warnings] : [interrupted, ...warnings]
}

/** `chihaya: no chihaya in PATH (build it …)` */
export function missingOf({ missing }: ReportData): string[] {
  return missing.map(({ name, reason, remedy }) => `${name}: ${reason} (${remedy})`)
}

/** The figure that a workload is about: what a response costs, or a peer. */
function rankingMetricOf({ contenders }: WorkloadSummary): string | undefined {
  return rankingMetrics.find(metric =>
    contenders.some(contender => figureOf(contender, metric) !== undefined),
  )
}

/** The best first, those without that figure behind them, those who are not ranked at the end. */
export function inOrder(summary: WorkloadSummary): ContenderSummary[] {
  const metric = rankingMetricOf(summary) ?? ''
  const place = (contender: ContenderSummary): number =>
    contender.isRanked ? (figureOf(contender, metric)?.median ?? Number.MAX_VALUE) : Number.POSITIVE_INFINITY
  return [...summary.contenders].sort((a, b) => {
    const [left, right] = [place(a), place(b)]
    return left === right ? 0 : left - right
  })
}

/** `aquatic has the smallest processor time per response: 2.10 µs, 0.51× [0.48, 0.54] that of opentracker.` */
export function headlineSentence(summary: WorkloadSummary, data: ReportData): string {
  const metric = rankingMetricOf(summary)
  const best = inOrder(summary)[0]
  const figure = best === undefined || metric === undefined ? undefined : figureOf(best, metric)
  if (best === undefined || metric === undefined || figure === undefined || !best.isRanked) {
    return 'Nobody could be ranked.'
  }
  const ranked = summary.contenders.filter(contender => contender.isRanked && figureOf(contender, metric))
  const name = nameOf(best.contender, data)
  const value = medianText(figure)
  if (ranked.length === 1) {
    const isAlone = summary.contenders.every(contender => contender === best || !contender.isRanked)
    return isAlone
      ? `${name} alone could be ranked: ${titleOf(metric)} ${value}.`
      : `Only of ${name} is the ${titleOf(metric)} seen: ${value}.`
  }
  return `${name} has the smallest ${titleOf(metric)}: ${value}${besides(figure, inOrder(summary)[1]!, summary, data)}.`
}

/** Beside the baseline; the baseline itself beside the next one. */
function besides(figure: Figure, next: ContenderSummary, summary: WorkloadSummary, data: ReportData): string {
  if (figure.ratio !== null) return `, ${ratioText(figure.ratio)} that of ${nameOf(summary.baseline, data)}`
  const ratio = figureOf(next, figure.metric)?.ratio ?? null
  return ratio === null ? '' : `; next comes ${nameOf(next.contender, data)} with ${ratioText(ratio)} of it`
}

/** Trackers in rows, workloads in columns. */
export function headlineGrid(data: ReportData): Grid {
  const rows = data.contenders
    .map(({ key, name }) => [
      name,
      ...data.summaries.map(summary => {
        const metric = rankingMetricOf(summary)
        const contender = summary.contenders.find(candidate => candidate.contender === key)
        if (contender === undefined || metric === undefined) return NOTHING
        if (!contender.isRanked) return unrankedText(contender)
        const figure = figureOf(contender, metric)
        return figure === undefined ? UNSEEN : valueText(figure)
      }),
    ])
    .filter(cells => cells.slice(1).some(cell => cell !== NOTHING))
  return { head: ['tracker', ...data.summaries.map(({ workload }) => workload)], rows }
}

/** What stands under the headline. */
export function headlineLegend(data: ReportData): string {
  const baselines = [...new Set(data.summaries.map(({ baseline }) => nameOf(baseline, data)))]
  const metricsShown = new Set(data.summaries.map(rankingMetricOf))
  const about = [
    ...(metricsShown.has('processor_us')
      ? ['µs: processor time for each response, all processes and threads']
      : []),
    ...(metricsShown.has('p99_us') ? ['ms: p99 latency at half of its own saturation'] : []),
    ...(metricsShown.has('bytes_per_peer') ? ['bytes: memory for each peer'] : []),
  ]
  const sentences = about.length === 0 ? '' : `${about.join('; ')}. `
  return `${sentences}Less is better. ×: ratio to ${baselines.join(', ')} in the same blocks with its 95 % interval; ~: no difference is shown; –: not asked.`
}

/** Where a report has figures that are bounds. */
export const BOUNDS_LEGEND =
  '≥, ≤: the load generator was the limit, or late itself: the tracker answers more, or sooner, and no ratio follows.'

export function hasBounds(summaries: readonly WorkloadSummary[]): boolean {
  return summaries.some(({ contenders }) =>
    contenders.some(({ figures }) => figures.some(({ bound }) => bound !== undefined)),
  )
}

/** `2.10 µs, 0.51× [0.48, 0.54]` */
function valueText(figure: Figure): string {
  const ratio = figure.ratio === null ? '' : `, ${ratioText(figure.ratio)}`
  return `${medianText(figure)}${ratio}`
}

/** Metrics that somebody has, and not all as nothing; what a response or a peer costs is read first. */
export function metricsOf(summary: WorkloadSummary): Metric[] {
  const present = metrics.filter(({ key }) =>
    summary.contenders.some(contender => (figureOf(contender, key)?.high ?? 0) !== 0),
  )
  const first = ['processor_us', 'bytes_per_peer']
  const place = ({ key }: Metric): number => (first.includes(key) ? 0 : 1)
  return [...present].sort((a, b) => place(a) - place(b))
}

/** All figures of a workload: medians, ranges, ratios. */
export function workloadGrid(summary: WorkloadSummary, data: ReportData): Grid {
  const present = metricsOf(summary)
  const rows = inOrder(summary).map(contender => [
    nameOf(contender.contender, data) + (contender.isRanked ? '' : ` (${unrankedText(contender)})`),
    ...present.map(({ key }) => (contender.isRanked ? rangeText(figureOf(contender, key), key) : NOTHING)),
  ])
  return { head: ['tracker', ...present.map(({ title }) => title)], rows }
}

function rangeText(figure: Figure | undefined, metric: string): string {
  if (figure === undefined) return NOTHING
  const { low, high, ratio } = figure
  const range = low === high ? '' : ` (${figureText(metric, low)} to ${figureText(metric, high)})`
  return `${medianText(figure)}${range}${ratio === null ? '' : `, ${ratioText(ratio)}`}`
}

/** How far two equal runs differ, and whose; empty where it was not measured. @param only of these metrics */
export function noiseText(
  { noise, noiseContender }: WorkloadSummary,
  data: ReportData,
  only?: readonly string[],
): string {
  const texts = noise
    .filter(({ metric }) => only === undefined || only.includes(metric))
    .map(({ metric, ratio }) => `${titleOf(metric)} ${ratioText(ratio)}`)
  return texts.length === 0
    ? ''
    : `Noise, by two equal runs of ${nameOf(noiseContender ?? '', data)} in each block: ${texts.join('; ')}.`
}

/** Measurements that came to nothing, answers that are not as asked, then values that lie apart. */
export function remarksOf(summary: WorkloadSummary, data: ReportData): string[] {
  const contenders = inOrder(summary)
  const troubles = contenders.flatMap(({ contender, troubles }) =>
    troubles.map(trouble => `${nameOf(contender, data)}, ${troubleText(trouble)}`),
  )
  const excesses = contenders.flatMap(contender => excessText(contender, data))
  return [...troubles, ...excesses, ...contenders.flatMap(contender => outlierText(contender, data))]
}

function excessText({ contender, excess }: ContenderSummary, data: ReportData): string[] {
  if (excess === null) return []
  const { share, peersPerAnnounce } = excess
  const name = nameOf(contender, data)
  return [
    `${name} sends more peers than it is asked for in ${shareText(share)} of the answers looked at, ${threeDigits(peersPerAnnounce)} on average: that costs it bytes and time, which are in its figures, and its clients nothing.`,
  ]
}

/** In one sentence; none where no value lies apart. */
function outlierText({ contender, figures }: ContenderSummary, data: ReportData): string[] {
  const texts = figures
    .filter(({ outlierBlocks }) => outlierBlocks.length > 0)
    .map(({ metric, outlierBlocks }) => {
      const blocks = outlierBlocks.map(block => block + 1).join(', ')
      return `${titleOf(metric)} (block ${blocks})`
    })
  return texts.length === 0
    ? []
    : [`${nameOf(contender, data)}, far from its other values: ${texts.join(', ')}`]
}

export function contenderGrid({ contenders }: ReportData): Grid {
  const rows = contenders.map(({ name, version, sha256, limits }) => [
    name,
    typeof sha256 === 'string' ? `${version}, SHA-256 ${sha256.slice(0, 12)}…` : version,
    limits.join('; ') || NOTHING,
  ])
  return { head: ['tracker', 'version', 'to be known'], rows }
}

/** Sentences. */
export function methodOf(data: ReportData): string {
  const { blocks, seed, measureSeconds, warmUpSeconds, contenderProcessors, loadProcessors } = data
  const ran = data.contenders.filter(({ alreadyRan }) => alreadyRan === true).map(({ name }) => name)
  return [
    `${blocks} block${blocks === 1 ? '' : 's'}; in each, every tracker met every workload once, started afresh, in an order drawn from seed ${seed}.`,
    `Each was warmed up for ${warmUpSeconds} s, then measured for ${measureSeconds} s.`,
    `Tracker on processor ${contenderProcessors}, load on ${loadProcessors}, over the loopback address.`,
    ...(ran.length === 0
      ? []
      : [
          `${ran.join(', ')} already ran: asked at the address given, neither started afresh nor pinned to a processor.`,
        ]),
    'Processor time is user and system time of all processes and threads of the tracker.',
    "Ratios are geometric means over pairs of the same block, with Student's interval on their logarithms; outliers are named, never dropped.",
    'Nothing is said about networks, other machines, or other settings than those of docs/bench.md.',
  ].join('\n')
}

export function environmentGrid({ environment, startedAt }: ReportData): Grid {
  const known = (value: number | boolean | string | null): string =>
    value === null ? 'unknown' : String(value)
  const yesNo = (value: boolean | null): string => (value === null ? 'unknown' : value ? 'yes' : 'no')
  const buffers = [environment.receiveBufferBytesMax, environment.sendBufferBytesMax].map(known)
  return {
    head: ['', ''],
    rows: [
      ['date', startedAt],
      ['processor', `${environment.processor}, ${environment.processors} processors`],
      ['hyperthreads', yesNo(environment.hasHyperthreads)],
      ['memory', `${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
      ['kernel', environment.kernel],
      ['virtualisation', known(environment.virtualisation)],
      ['mitigations', environment.mitigations],
      ['frequency governor', environment.governor ?? 'not readable'],
      ['socket buffers at most', `${buffers[0]} bytes to receive, ${buffers[1]} bytes to send`],
      ['open files at most', known(environment.openFilesMax)],
      ['turbo', environment.hasTurbo == null ? 'not readable' : environment.hasTurbo ? 'on' : 'off'],
      ['load average at start', environment.loadAverage.toFixed(2)],
      ['node', environment.node],
    ],
  }
}
