// A bench as one HTML file with bars and intervals, for people who would rather look than read. No scripts, nothing
// from elsewhere; light or dark as the reader's system.

import type { Figure, WorkloadSummary } from '../summary.js'
import { figureText, ratioText, shownMetrics, troubleText } from './figure-text.js'
import { markdownReport } from './markdown.js'
import type { ReportData } from './report-data.js'

const BAR_WIDTH = 460
const BAR_HEIGHT = 20
const ROW_HEIGHT = 34
const LABEL_WIDTH = 190
const VALUE_WIDTH = 230

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #6b7785; --bar: #3b7dd8; --ours: #1a9c6b; --paper: #fff; --line: #d6dde4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #96a3b0; --bar: #5a95e0; --ours: #36c08c; --paper: #14191f; --line: #303a45 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 940px; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem } h3 { margin-bottom: .2rem; font-weight: 600 }
svg { max-width: 100%; height: auto } svg text { fill: var(--ink); font: 13px system-ui, sans-serif } .soft { fill: var(--soft); color: var(--soft) }
.bar { fill: var(--bar) } .bar.ours { fill: var(--ours) } .whisker { stroke: var(--ink); stroke-width: 1.5 } .dot { fill: var(--ink); opacity: .55 }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); white-space: pre-wrap } .mind { border-left: 4px solid #d28a12; padding-left: 1rem }
@media print { body { max-width: none } h2 { break-before: page } h2:first-of-type { break-before: auto } }
`

export function htmlReport(data: ReportData): string {
  const warnings = data.isWhole
    ? data.warnings
    : ['The bench was interrupted: not all measurements are here.', ...data.warnings]
  const mind =
    warnings.length === 0
      ? ''
      : `<ul class="mind">${warnings.map(warning => `<li>${escapeHtml(warning)}</li>`).join('')}</ul>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Trackers side by side</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>Trackers side by side</h1>
<p>${escapeHtml(data.environment.processor)}, ${escapeHtml(data.environment.kernel)}, ${escapeHtml(data.startedAt)}; ${data.blocks} blocks, seed ${data.seed}.
Bars are medians, dots the single measurements. <span class="soft">~ means that no difference is shown.</span></p>
${mind}
${data.summaries.map(summary => workloadPart(summary, data)).join('\n')}
<h2>All figures, and how they were measured</h2>
<pre>${escapeHtml(markdownReport(data))}</pre>
</body></html>
`
}

function workloadPart(summary: WorkloadSummary, data: ReportData): string {
  const title = data.workloads.find(({ key }) => key === summary.workload)?.title ?? summary.workload
  const charts = shownMetrics(summary)
    .map(metric => chart(metric.key, metric.title, metric.isMoreBetter, summary, data))
    .join('\n')
  const troubles = summary.contenders.flatMap(({ contender, troubles }) =>
    troubles.map(
      trouble => `<li>${escapeHtml(nameOf(contender, data))}, ${escapeHtml(troubleText(trouble))}</li>`,
    ),
  )
  return `<h2>${escapeHtml(title)}</h2>${charts}${troubles.length === 0 ? '' : `<ul>${troubles.join('')}</ul>`}`
}

function chart(
  metric: string,
  title: string,
  isMoreBetter: boolean,
  summary: WorkloadSummary,
  data: ReportData,
): string {
  const rows = summary.contenders
    .filter(({ isRanked }) => isRanked)
    .map(({ contender, figures }) => ({
      contender,
      figure: figures.find(candidate => candidate.metric === metric),
    }))
    .filter((row): row is { contender: string; figure: Figure } => row.figure !== undefined)
  if (rows.length === 0) return ''
  const largest = Math.max(...rows.map(({ figure }) => figure.high)) || 1
  const x = (value: number): number => LABEL_WIDTH + (value / largest) * BAR_WIDTH
  const bars = rows.map(({ contender, figure }, index) => {
    const top = index * ROW_HEIGHT
    const middle = top + BAR_HEIGHT / 2
    const isOurs = contender.startsWith('aquatic') && !contender.startsWith('aquatic-rust')
    const dots = figure.values
      .filter(value => value !== null)
      .map(value => `<circle class="dot" cx="${round(x(value))}" cy="${middle}" r="2.5"/>`)
    const ratio = figure.ratio === null ? '' : ` · ${ratioText(figure.ratio)}`
    return `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escapeHtml(nameOf(contender, data))}</text>
<rect class="bar${isOurs ? ' ours' : ''}" x="${LABEL_WIDTH}" y="${top}" width="${round(x(figure.median) - LABEL_WIDTH)}" height="${BAR_HEIGHT}"/>
<line class="whisker" x1="${round(x(figure.low))}" x2="${round(x(figure.high))}" y1="${middle}" y2="${middle}"/>${dots.join('')}
<text x="${round(x(figure.high) + 10)}" y="${middle + 4}">${escapeHtml(figureText(metric, figure.median))}<tspan class="soft">${escapeHtml(ratio)}</tspan></text>`
  })
  const width = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH
  return `<h3>${escapeHtml(title)} <span class="soft">(${isMoreBetter ? 'more' : 'less'} is better)</span></h3>
<svg viewBox="0 0 ${width} ${rows.length * ROW_HEIGHT}" width="${width}" role="img" aria-label="${escapeHtml(title)}">${bars.join('\n')}</svg>`
}

function nameOf(key: string, { contenders }: ReportData): string {
  return contenders.find(contender => contender.key === key)?.name ?? key
}

function round(value: number): string {
  return value.toFixed(1)
}

/** Versions and last words come from other programs. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
