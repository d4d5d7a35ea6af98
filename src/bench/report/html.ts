// A bench as one HTML page with bars and intervals, for people who would rather look than read. No scripts, nothing
// from elsewhere; light or dark as the reader's system, and readable on paper.

import { escaped, htmlTable } from '../../loadtest/report/html-text.js'
import type { WorkloadSummary } from '../summary.js'
import { barFigure } from './bars.js'
import { CURVE_STYLES, curveFigure } from './curves.js'
import {
  contenderGrid,
  environmentGrid,
  type Grid,
  headlineGrid,
  headlineLegend,
  headlineSentence,
  methodOf,
  metricsOf,
  missingOf,
  noiseText,
  remarksOf,
  warningsOf,
  workloadGrid,
  workloadTitle,
} from './parts.js'
import type { ReportData } from './report-data.js'

const style = `
:root { color-scheme: light dark; --text: #1c1c1c; --page: #fff; --weak: #666; --grid: #ddd; --head: #f2f2f2;
  --other: #7d9cc0; --ours: #1f8a5f; --warn: #8a5a00; }
@media screen and (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --page: #161616; --weak: #a0a0a0; --grid: #3a3a3a; --head: #242424;
    --other: #4f6f96; --ours: #2f9e72; --warn: #e3b341; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0.2rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.headline { font-size: 1.05rem; } .weak, svg .weak { color: var(--weak); fill: var(--weak); }
.mind { border-left: 4px solid var(--warn); padding-left: 1.5rem; } .mind li { color: var(--warn); }
table { border-collapse: collapse; margin: 0.5rem 0; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }
th { font-weight: 600; } thead th { background: var(--head); } .wide { overflow-x: auto; } code { overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; break-inside: avoid; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { fill: var(--text); font: 13px system-ui, sans-serif; }
.bar { fill: var(--other); } .bar.ours { fill: var(--ours); } .range { stroke: var(--text); stroke-width: 1.5; }
.dot { fill: var(--text); opacity: 0.5; }
.grid { stroke: var(--grid); stroke-width: 1; } svg .tick, svg .label { fill: var(--weak); font-size: 11px; }
.line { fill: none; stroke-width: 1.8; } .names { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0 1.5rem; }
.names svg { width: 28px; height: 8px; margin-right: 0.4rem; }
${CURVE_STYLES}
@media print { body { max-width: none; margin: 0; font-size: 11px; } h2 { break-after: avoid; } tr { break-inside: avoid; } }`

export function htmlReport(data: ReportData): string {
  const { processor, kernel } = data.environment
  const blocks = `${data.blocks} block${data.blocks === 1 ? '' : 's'}`
  const body = [
    '<h1>Trackers side by side</h1>',
    `<p class="weak">${escaped(`${processor}, ${kernel}, ${data.startedAt}; ${blocks}, seed ${data.seed}.`)}</p>`,
    list(warningsOf(data), 'mind'),
    ...headlinePart(data),
    ...data.summaries.map(summary => workloadPart(summary, data)),
    '<h2>Trackers</h2>',
    table(contenderGrid(data)),
    ...missingPart(data),
    '<h2>How it was measured</h2>',
    `<p>${escaped(methodOf(data))}</p>`,
    `<p>Command: <code>${escaped(data.command)}</code></p>`,
    '<h2>Machine</h2>',
    table(environmentGrid(data)),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Trackers side by side</title>
<style>${style}
</style>
</head>
<body>
${body.filter(part => part !== '').join('\n')}
</body>
</html>
`
}

const barLegend = 'Bars are medians, dots the single measurements, lines from the smallest to the largest.'

function headlinePart(data: ReportData): string[] {
  const grid = headlineGrid(data)
  if (grid.rows.length === 0) return []
  return [table(grid), `<p class="weak">${escaped(`${headlineLegend(data)} ${barLegend}`)}</p>`]
}

function workloadPart(summary: WorkloadSummary, data: ReportData): string {
  const noise = noiseText(summary, data)
  return [
    `<h2>${escaped(workloadTitle(summary.workload, data))} <span class="weak">${escaped(summary.workload)}</span></h2>`,
    `<p class="headline">${escaped(headlineSentence(summary, data))}</p>`,
    list(remarksOf(summary, data), 'mind'),
    ...metricsOf(summary).map(metric => barFigure(metric, summary, data)),
    curveFigure(summary, data),
    noise === '' ? '' : `<p class="weak">${escaped(noise)}</p>`,
    '<details><summary>All figures: medians, smallest to largest, ratios</summary>',
    table(workloadGrid(summary, data)),
    '</details>',
  ]
    .filter(part => part !== '')
    .join('\n')
}

function missingPart(data: ReportData): string[] {
  const missing = missingOf(data)
  return missing.length === 0 ? [] : ['<p>Not here, and how to get them:</p>', list(missing, 'weak')]
}

function list(lines: readonly string[], name: string): string {
  if (lines.length === 0) return ''
  return `<ul class="${name}">${lines.map(line => `<li>${escaped(line)}</li>`).join('')}</ul>`
}

/** Scrolls by itself on narrow screens. */
function table({ head, rows }: Grid): string {
  return `<div class="wide">${htmlTable(head, rows)}</div>`
}
