// What the swarm costs in memory and time. Run: node dist/benchmarks/swarm/run.js [SECTION…] [--out FILE]
// Each section runs in a process of its own, so that memory is that section's alone.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeCommand } from '../../src/bench/report/command-text.js'
import { describeEnvironment } from '../support/environment.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, report, runProgram, UsageError } from '../support/program.js'
import { type Figures, sections } from './sections.js'

/** Figures with a target: name, the target in words, and whether it is reached. */
const targets: Record<string, [string, (value: number) => boolean]> = {
  residentGigabytes: ['at most 1.8', value => value <= 1.8],
  millionInsertsPerSecond: ['at least 2', value => value >= 2],
  bytesPerAnnounce: ['below 51 (opentracker), 130 (aquatic)', value => value < 51],
  cleaningAddsMs: ['at most 1', value => value <= 1],
}

function measure(section: string): Figures {
  report(`${section}\n`)
  const args = [fileURLToPath(import.meta.url), '--section', section]
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(output) as Figures
}

const words = (name: string): string => name.replace(/([A-Z]|\d+)/g, ' $1').toLowerCase()

function figure(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

function render(results: Record<string, Figures>): string {
  const rows = Object.entries(results).flatMap(([section, figures]) =>
    Object.entries(figures).map(([name, value]) => [
      words(section),
      words(name),
      figure(value),
      targets[name] === undefined ? '' : `${targets[name][0]}${targets[name][1](value) ? '' : ': missed'}`,
    ]),
  )
  const environment = describeEnvironment(0).map(([label, value]) => `* ${label}: ${value}`)
  return [
    '# What the swarm costs',
    '',
    `Written by \`${describeCommand(['node', 'dist/benchmarks/swarm/run.js', ...process.argv.slice(2)])}\`.`,
    '',
    renderTable(['section', 'figure', 'value', 'target'], rows),
    '',
    'Memory is the resident memory of the whole process, node included; "small swarms" leaves out what it had before.',
    'The longest announce is taken by a second thread that announces without pause, in ten rounds of cleaning and as many',
    'stretches of the same length in which the cleaning thread is busy without locks. What cleaning does to announces it',
    'does in every round, while the machine interrupts in some: the longest of the quietest round counts, and what',
    'cleaning adds is its distance from the longest of the quietest stretch.',
    '',
    ...environment,
    '',
  ].join('\n')
}

await runProgram(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { section: { type: 'string' }, out: { type: 'string' } },
  })
  if (values.section !== undefined) {
    process.stdout.write(JSON.stringify(await sections[values.section]()))
    return ExitCode.ok
  }
  const unknown = positionals.filter(name => sections[name] === undefined)
  if (unknown.length > 0)
    throw new UsageError(`no section ${unknown.join(', ')}; there are ${Object.keys(sections)}`)
  const chosen = positionals.length > 0 ? positionals : Object.keys(sections)
  const results = Object.fromEntries(chosen.map(section => [section, measure(section)]))
  const page = render(results)
  process.stdout.write(page)
  if (values.out !== undefined) writeFileSync(values.out, page)
  const missed = Object.values(results)
    .flatMap(figures => Object.entries(figures))
    .filter(([name, value]) => targets[name] !== undefined && !targets[name][1](value))
  return missed.length > 0 ? ExitCode.targetMissed : ExitCode.ok
})
