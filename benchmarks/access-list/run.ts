// What access lists cost. Run: node dist/benchmarks/access-list/run.js [--hashes N] [--out FILE] …
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeCommand } from '../../src/bench/report/command-text.js'
import { makeScratchDirectory } from '../support/children.js'
import { describeCommit, describeEnvironment } from '../support/environment.js'
import { formatNumber, formatSpread, renderTable } from '../support/markdown.js'
import { ExitCode, report, runProgram } from '../support/program.js'
import { spread } from '../support/statistics.js'
import { buildYardstick } from '../udp/yardstick.js'
import type { Latencies } from './closed-loop.js'
import { type LoadCost, measureLoads } from './load.js'
import { measureReloads, type ReloadRound } from './reload.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const bytesPerHashMax = 40

const flags = {
  hashes: { type: 'string', default: '10000000' },
  'reload-hashes': { type: 'string', default: '1000000' },
  rounds: { type: 'string', default: '4' },
  seconds: { type: 'string', default: '5' },
  rate: { type: 'string', default: '20000' },
  'tracker-core': { type: 'string', default: '0' },
  'load-core': { type: 'string', default: '1' },
  yardstick: { type: 'string' },
  out: { type: 'string' },
} as const

function loadTable(costs: readonly LoadCost[]): string {
  const rows = costs.map(({ what, seconds, bytesPerHash, longestDelayMs }) => [
    what,
    formatNumber(seconds, 2),
    formatNumber(bytesPerHash, 1),
    formatNumber(longestDelayMs, 1),
  ])
  return renderTable(['load', 'seconds', 'bytes per hash', 'longest delay of the main thread, ms'], rows)
}

type Figure = readonly [name: string, digits: number, of: (round: ReloadRound) => number]

function latencyFigures(name: string, of: (round: ReloadRound) => Latencies): Figure[] {
  return [
    [`${name}: answers`, 0, round => of(round).answers],
    [`${name}: lost`, 0, round => of(round).lost],
    [`${name}: p50, µs`, 0, round => of(round).p50Us],
    [`${name}: p99, µs`, 0, round => of(round).p99Us],
    [`${name}: p99.9, µs`, 0, round => of(round).p999Us],
    [`${name}: longest, µs`, 0, round => of(round).longestUs],
  ]
}

function reloadTable(rounds: readonly ReloadRound[], ratePerSecond: number): string {
  const figures: Figure[] = [
    ['reloads', 0, ({ reloads }) => reloads],
    ...latencyFigures(`${formatNumber(ratePerSecond, 0)} a second`, ({ paced }) => paced),
    ...latencyFigures('closed loop', ({ latencies }) => latencies),
    ['full load: responses per second', 0, ({ full }) => full.responsesPerSecond],
    ['full load: lost', 0, ({ full }) => full.lost],
    ['full load: errors', 0, ({ full }) => full.errors],
  ]
  const rows = figures.map(([name, digits, figure]) => [
    name,
    ...[false, true].map(kind =>
      formatSpread(spread(rounds.filter(({ isReloading }) => isReloading === kind).map(figure)), digits),
    ),
  ])
  return renderTable(['median of the rounds (range)', 'no reloads', 'reload after reload'], rows)
}

await runProgram(async () => {
  const { values } = parseArgs({ options: flags })
  const hashes = Number(values.hashes)
  const reloadHashes = Number(values['reload-hashes'])
  const [trackerCore, loadCore] = [Number(values['tracker-core']), Number(values['load-core'])]
  const environment = describeEnvironment(trackerCore)
  const directory = makeScratchDirectory()
  report(`loading ${hashes} hashes\n`)
  const costs = await measureLoads(directory, hashes, 3)
  const yardstick = buildYardstick(values.yardstick, repository, directory)
  execFileSync('taskset', ['-acp', String(loadCore), String(process.pid)], { stdio: 'ignore' })
  const [rounds, seconds, ratePerSecond] = [values.rounds, values.seconds, values.rate].map(Number)
  const tracker = { repository, yardstick, directory, trackerCore, loadCore }
  const reloads = await measureReloads({ ...tracker, hashes: reloadHashes, rounds, seconds, ratePerSecond })
  const lost = reloads
    .flatMap(({ latencies, paced }) => [latencies, paced])
    .reduce((sum, { lost, refused }) => sum + lost + refused, 0)
  const page = [
    '# What access lists cost',
    '',
    `Written by \`${describeCommand(['node', 'dist/benchmarks/access-list/run.js', ...process.argv.slice(2)])}\`.`,
    '',
    `## Loading ${hashes.toLocaleString('en-US')} info hashes`,
    '',
    'Memory is resident memory of the whole process above what it had before. A reload runs at a lower priority than',
    'a start.',
    '',
    loadTable(costs),
    '',
    `Target: seconds, at most ${bytesPerHashMax} bytes per hash.`,
    '',
    `## Reloading ${reloadHashes.toLocaleString('en-US')} info hashes under load`,
    '',
    'One worker, and all threads of the tracker on one core, so that what the loading thread takes the worker lacks.',
    'A reload that is under way at the end of a round ends in the next one, and is counted there.',
    `Rounds alternate. ${formatNumber(ratePerSecond, 0)} a second: \`aquatic loadtest\` in an open loop, which leaves the worker time to`,
    'spare. Closed loop: 16 sockets with one announce under way on each, which leaves it none. Full load: `load-udp`,',
    '8 sockets with 64 requests under way on each.',
    '',
    reloadTable(reloads, ratePerSecond),
    '',
    'Target: no answer is lost.',
    '',
    `* ours: commit ${describeCommit(repository)}`,
    ...environment.map(([label, value]) => `* ${label}: ${value}`),
    '',
  ].join('\n')
  process.stdout.write(page)
  if (values.out !== undefined) writeFileSync(values.out, page)
  const isMissed = lost > 0 || costs.some(({ bytesPerHash }) => bytesPerHash > bytesPerHashMax)
  return isMissed ? ExitCode.targetMissed : ExitCode.ok
})
