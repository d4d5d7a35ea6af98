// A bench as a Markdown page. Text of others (versions, last words) stays in its cell and marks nothing up.

import type { WorkloadSummary } from '../summary.js'
import { headlineMarks } from './headline.js'
import {
  BOUNDS_LEGEND,
  contenderGrid,
  environmentGrid,
  type Grid,
  hasBounds,
  headlineGrid,
  headlineLegend,
  headlineSentence,
  methodOf,
  missingOf,
  nameOf,
  noiseText,
  remarksOf,
  warningsOf,
  workloadGrid,
  workloadTitle,
} from './parts.js'
import type { ReportData } from './report-data.js'

export function markdownReport(data: ReportData): string {
  const sections = [
    '# Trackers side by side',
    `Written by \`${data.command}\`; do not edit.`,
    warnings(data),
    headline(data),
    ...data.summaries.map(summary => workloadSection(summary, data)),
    joined(['## Trackers', table(contenderGrid(data)), missing(data)]),
    `## How it was measured\n\n${methodOf(data)}`,
    `## Machine\n\n${table(environmentGrid(data))}`,
  ]
  return `${joined(sections)}\n`
}

/** Between marks: the README has the same. */
function headline(data: ReportData): string {
  const grid = headlineGrid(data)
  if (grid.rows.length === 0) return ''
  const { processor, kernel } = data.environment
  const where = `${processor}, ${kernel}, ${data.startedAt.slice(0, 10)}, ${data.blocks} block${data.blocks === 1 ? '' : 's'}.`
  return joined([
    headlineMarks.begin,
    table(grid),
    text(`${headlineLegend(data)} ${where}`),
    headlineMarks.end,
  ])
}

function warnings(data: ReportData): string {
  const all = warningsOf(data)
  return all.length === 0 ? '' : `**To be known first:**\n\n${list(all)}`
}

function missing(data: ReportData): string {
  const absent = missingOf(data)
  return absent.length === 0 ? '' : `Not here:\n\n${list(absent)}`
}

function workloadSection(summary: WorkloadSummary, data: ReportData): string {
  const baseline = nameOf(summary.baseline, data)
  return joined([
    `## ${text(workloadTitle(summary.workload, data))} (\`${summary.workload}\`)`,
    text(headlineSentence(summary, data)),
    table(workloadGrid(summary, data)),
    `Medians (smallest to largest), and ratios to ${text(baseline)} over the same blocks; ~: the 95 % interval holds 1.${hasBounds([summary]) ? ` ${BOUNDS_LEGEND}` : ''}`,
    text(noiseText(summary, data)),
    list(remarksOf(summary, data)),
  ])
}

function joined(parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('\n\n')
}

function list(lines: readonly string[]): string {
  return lines.map(line => `* ${text(line)}`).join('\n')
}

/** In one line, and without a meaning in Markdown or HTML: no cell ends, no tag and no link begins. */
function text(words: string): string {
  return words.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*<|]|~(?=~)|(?<=\])\(/g, '\\$&')
}

function table({ head, rows }: Grid): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(text).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
