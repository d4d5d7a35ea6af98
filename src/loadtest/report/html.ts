// A result as one HTML page: no script, nothing fetched, light and dark, and readable on paper.

import type { LatencyFigures } from '../result.js'
import type { LoadTestDocument } from './document.js'
import type { Environment } from './environment.js'
import { answerFacts, type Fact, failureFacts, failuresText, machineFacts, measuredText } from './facts.js'
import { advice, headline, interruptedText, isValid, requestsOf, shapeText } from './headline.js'
import { escaped, htmlTable } from './html-text.js'
import { bytesText, latencyText, shareText, wholeNumber } from './number-text.js'
import { resultPlots, searchPlots } from './result-plots.js'
import { plotFigure } from './svg-plot.js'
import { trialRow } from './table.js'

const style = `
:root { color-scheme: light dark; --text: #1c1c1c; --page: #fff; --weak: #666; --grid: #ddd; --head: #f2f2f2;
  --s1: #0b62c1; --s2: #c2570c; --s3: #b3202c; --good: #1a7f37; --bad: #b3202c; --warn: #8a5a00; }
@media screen and (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --page: #161616; --weak: #a0a0a0; --grid: #3a3a3a; --head: #242424;
    --s1: #6cb2ff; --s2: #ffab70; --s3: #ff7b72; --good: #56d364; --bad: #ff7b72; --warn: #e3b341; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0.2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.headline { font-size: 1.15rem; } .weak { color: var(--weak); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
table { border-collapse: collapse; margin: 0.5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.7rem; border-bottom: 1px solid var(--grid); text-align: right; overflow-wrap: anywhere; }
th { font-weight: 600; } th:first-child, .facts td { text-align: left; } thead th { background: var(--head); }
.wide { overflow-x: auto; } code { overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; break-inside: avoid; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--weak); }
.grid { stroke: var(--grid); stroke-width: 1; } .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); stroke-dasharray: 5 3; } .s3 { stroke: var(--s3); stroke-dasharray: 2 2; }
.bar { fill: var(--s1); } .bar.failed { fill: var(--s3); }
@media print { body { max-width: none; margin: 0; font-size: 11px; } h2 { break-after: avoid; } tr { break-inside: avoid; } }`

/** The whole page. */
export function resultPage(document: LoadTestDocument): string {
  const title = `Load test of ${document.plan.target.url}, ${document.startedAt}`
  const body = [
    `<h1>${escaped(title)}</h1>`,
    ...headPart(document),
    ...(isValid(document) ? figuresPart(document) : []),
    ...searchPart(document),
    ...factsPart(document),
    ...remarksPart(document),
    '<h2>Environment</h2>',
    factTable(environmentFacts(document.environment)),
    '<h2>Command</h2>',
    `<p><code>${escaped(document.command.map(quoted).join(' '))}</code></p>`,
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${style}
</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`
}

function headPart(document: LoadTestDocument): string[] {
  const paragraph = (text: string | null, name: string): string[] =>
    text === null ? [] : [`<p class="${name}">${escaped(text)}</p>`]
  return [
    ...paragraph(headline(document), isValid(document) ? 'headline' : 'headline bad'),
    ...paragraph(interruptedText(document), 'warn'),
    ...paragraph(advice(document), 'bad'),
    ...document.warnings.flatMap(text => paragraph(text, 'warn')),
    ...paragraph(shapeText(document.plan, document.measuredSeconds), 'weak'),
    ...(isValid(document) ? objectivesPart(document) : []),
  ]
}

function objectivesPart({ objectives }: LoadTestDocument): string[] {
  if (objectives.length === 0) return []
  const items = objectives.map(objective => {
    const [name, mark] = objective.isMet ? ['good', '✓'] : ['bad', '✗']
    return `<li class="${name}">${mark} ${escaped(`${objective.text} (${measuredText(objective)})`)}</li>`
  })
  return ['<h2>Objectives</h2>', '<ul>', ...items, '</ul>']
}

function figuresPart(document: LoadTestDocument): string[] {
  const { timeoutMs } = document.plan
  const asked = document.kinds.filter(kind => requestsOf(kind) > 0)
  const counts = asked.map(kind => [
    kind.kind,
    wholeNumber(requestsOf(kind)),
    wholeNumber(kind.answersPerSecond),
    shareText(kind.lossShare),
    failuresText(kind) || 'none',
  ])
  const latencies = asked.flatMap(({ kind, response, service }) => [
    ...(response === null ? [] : [latencyRow(`${kind}, response`, response, timeoutMs)]),
    latencyRow(`${kind}, service`, service, timeoutMs),
  ])
  return [
    '<h2>Requests</h2>',
    wide(htmlTable(['', 'count', 'answers/s', 'loss', 'failed'], counts)),
    '<h2>Latencies</h2>',
    wide(htmlTable(['', 'count', 'p50', 'p90', 'p99', 'p99.9', 'max'], latencies)),
    ...resultPlots(document).map(plotFigure),
  ]
}

function latencyRow(name: string, figures: LatencyFigures, timeoutMs: number): string[] {
  const { p50Us, p90Us, p99Us, p999Us, maxUs } = figures
  const texts = [p50Us, p90Us, p99Us, p999Us, maxUs].map(us => latencyText(figures, us, timeoutMs))
  return [name, wholeNumber(figures.count), ...texts]
}

function searchPart({ search }: LoadTestDocument): string[] {
  if (search === null || search.trials.length === 0) return []
  const rows = [...search.trials].sort((a, b) => a.ratePerSecond - b.ratePerSecond).map(trialRow)
  return [
    '<h2>Search</h2>',
    ...searchPlots(search.trials).map(plotFigure),
    wide(htmlTable(['rate/s', 'answers/s', 'p99, ms', 'loss', 'trial'], rows)),
  ]
}

function factsPart(document: LoadTestDocument): string[] {
  const failures = document.verdict === 'no-answers' ? failureFacts(document) : []
  return [
    '<h2>What else was seen</h2>',
    factTable([...failures, ...answerFacts(document), ...machineFacts(document)]),
  ]
}

function remarksPart({ remarks }: LoadTestDocument): string[] {
  if (remarks.length === 0) return []
  const rows = remarks.map(([text, count]) => ({ label: wholeNumber(count), text }))
  return ['<h2>Refusals and errors, as they were said</h2>', factTable(rows)]
}

function environmentFacts(environment: Environment): Fact[] {
  const text = (value: string | number | null): string => (value === null ? 'unknown' : String(value))
  const { mitigations, isVirtualised } = environment
  return [
    { label: 'time', text: environment.time },
    { label: 'aquatic', text: `${environment.aquaticVersion} ${environment.aquaticCommit ?? ''}`.trim() },
    { label: 'node', text: environment.nodeVersion },
    { label: 'kernel', text: environment.kernel },
    { label: 'processor', text: environment.processorModel },
    { label: 'processors', text: `${environment.processors}, usable ${environment.processorsUsable}` },
    { label: 'governor', text: text(environment.governor) },
    { label: 'virtualised', text: isVirtualised === null ? 'unknown' : isVirtualised ? 'yes' : 'no' },
    { label: 'memory', text: bytesText(environment.memoryBytes) },
    { label: 'rmem_max', text: text(environment.receiveBufferMaxBytes) },
    { label: 'wmem_max', text: text(environment.sendBufferMaxBytes) },
    { label: 'open files', text: text(environment.openFilesMax) },
    { label: 'load average', text: environment.loadAverages.map(load => load.toFixed(2)).join(' ') },
    ...Object.entries(mitigations).map(([name, state]) => ({ label: name, text: state })),
  ]
}

function factTable(facts: readonly Fact[]): string {
  return `<div class="facts">${htmlTable(
    ['', ''],
    facts.map(({ label, text }) => [label, text]),
  )}</div>`
}

/** Scrolls by itself on narrow screens. */
function wide(table: string): string {
  return `<div class="wide">${table}</div>`
}

/** As a shell takes it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
