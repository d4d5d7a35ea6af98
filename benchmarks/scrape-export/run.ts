// What a full scrape export of ten million torrents costs beside a cleaning without one.
// Run: node dist/benchmarks/scrape-export/run.js [--torrents N] [--rounds N] [--directory DIR] [--out FILE]

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describeCommand } from '../../src/bench/report/command-text.js'
import { CleaningTimes } from '../../src/metrics/cleaning-times.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import type { SwarmMemory } from '../../src/swarm/memory.js'
import type { Swarm } from '../../src/swarm/swarm.js'
import { type CleaningObserver, cleanOnce, torrentObserverOf } from '../../src/trackers/cleaning.js'
import { ScrapeExport } from '../../src/trackers/scrape-export.js'
import { describeEnvironment } from '../support/environment.js'
import { formatSpread, renderTable } from '../support/markdown.js'
import { ExitCode, report, runProgram, UsageError } from '../support/program.js'
import { spread } from '../support/statistics.js'
import { Announcer, BATCH, createLargeMemory } from '../swarm/random-peers.js'

const MEBIBYTE = 1024 ** 2
/** One torrent in so many has an IPv6 peer too. */
const IPV6_SHARE = 5

/** Every torrent gets an IPv4 peer, some an IPv6 one. */
function fill(announcer: Announcer, torrents: number): void {
  const batch = new Int32Array(BATCH)
  for (const [family, every] of [
    [4, 1],
    [6, IPV6_SHARE],
  ]) {
    announcer.announce.family = family
    for (let torrent = 0; torrent < torrents; ) {
      let count = 0
      for (; count < BATCH && torrent < torrents; torrent += every) batch[count++] = torrent
      announcer.addBatch(batch.subarray(0, count), 0, 0)
    }
    report(`  ${torrents / every} peers of IPv${family}\n`)
  }
}

interface RoundFigures {
  readonly seconds: number
  readonly longestStepMs: number
  /** Resident memory at its highest, above that at the beginning. */
  readonly growthMebibytes: number
}

async function round(swarm: Swarm, observers: readonly CleaningObserver[]): Promise<RoundFigures> {
  const times = new CleaningTimes(1)
  const before = process.memoryUsage.rss()
  let highest = before
  const memory: CleaningObserver = {
    begin: () => undefined,
    torrent: () => undefined,
    afterStep: () => {
      highest = Math.max(highest, process.memoryUsage.rss())
      return undefined
    },
    end: () => undefined,
  }
  const observer = torrentObserverOf(observers)
  await cleanOnce(new Cleaner(swarm, undefined, observer), {
    nowSeconds: () => 1,
    times,
    observers: [...observers, memory],
  })
  highest = Math.max(highest, process.memoryUsage.rss())
  const { lastDurationMs, longestStepMs } = times.snapshot()
  return { seconds: lastDurationMs / 1000, longestStepMs, growthMebibytes: (highest - before) / MEBIBYTE }
}

interface AnnounceTimes {
  readonly longestMs: number
  readonly p999Us: number
}

/** Announces without pause in a thread of its own. */
class AnnouncingWorker {
  readonly #worker: Worker

  constructor(memory: SwarmMemory) {
    this.#worker = new Worker(new URL('../swarm/announcing-worker.js', import.meta.url), {
      workerData: memory,
    })
  }

  /** How long announces took while `work` was done. */
  async during(work: () => Promise<unknown>): Promise<AnnounceTimes> {
    await this.#ask()
    await work()
    return this.#ask()
  }

  #ask(): Promise<AnnounceTimes> {
    return new Promise(resolve => {
      this.#worker.once('message', resolve)
      this.#worker.postMessage('report')
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

type Column = 'neither' | 'cleaning' | 'cleaning and export'
type Results = Map<string, Map<Column, number[]>>

function note(results: Results, figure: string, column: Column, value: number): void {
  const columns = results.get(figure) ?? new Map<Column, number[]>()
  results.set(figure, columns.set(column, [...(columns.get(column) ?? []), value]))
}

async function measure(torrents: number, rounds: number, directory: string): Promise<[Results, number]> {
  const memory = await createLargeMemory()
  const announcer = new Announcer(memory, 1, 12345)
  fill(announcer, torrents)
  const path = join(directory, 'export.txt')
  const problems: unknown[] = []
  const exporting = new ScrapeExport({ enableScrapeExports: true, frequency: 1, path }, event =>
    problems.push(event),
  )
  const kinds: [Column, readonly CleaningObserver[]][] = [
    ['cleaning', []],
    ['cleaning and export', [exporting]],
  ]
  const results: Results = new Map()
  for (let count = 1; count <= rounds; count++) {
    for (const [column, observers] of kinds) {
      const { seconds, longestStepMs, growthMebibytes } = await round(announcer.swarm, observers)
      report(`  round ${count}, ${column}: ${seconds.toFixed(2)} s\n`)
      note(results, 'seconds, nobody announces', column, seconds)
      note(results, 'longest step, ms', column, longestStepMs)
      note(results, 'growth of resident memory, MiB', column, growthMebibytes)
    }
  }
  const fileBytes = statSync(path).size
  const worker = new AnnouncingWorker(memory)
  const seconds = 4
  const wait = (): Promise<void> => new Promise(resolve => setTimeout(resolve, seconds * 1000))
  for (let count = 1; count <= rounds; count++) {
    const during = async (column: Column, work: () => Promise<RoundFigures | undefined>): Promise<void> => {
      let figures: RoundFigures | undefined
      const { longestMs, p999Us } = await worker.during(async () => {
        figures = await work()
      })
      report(`  round ${count}, announces and ${column}: ${longestMs.toFixed(1)} ms at most\n`)
      note(results, 'longest announce, ms', column, longestMs)
      note(results, '99.9 % of announces within, µs', column, p999Us)
      if (figures !== undefined)
        note(results, 'seconds, a thread announces without pause', column, figures.seconds)
    }
    await during('neither', () => wait().then(() => undefined))
    for (const [column, observers] of kinds) await during(column, () => round(announcer.swarm, observers))
  }
  await worker.end()
  if (problems.length > 0) throw new Error(`the export failed: ${JSON.stringify(problems)}`)
  return [results, fileBytes]
}

function render(results: Results, torrents: number, rounds: number, fileBytes: number): string {
  const columns: readonly Column[] = ['neither', 'cleaning', 'cleaning and export']
  const rows = [...results].map(([figure, byColumn]) => [
    figure,
    ...columns.map(column => formatSpread(spread(byColumn.get(column) ?? []), 2)),
  ])
  const lines = torrents + Math.ceil(torrents / IPV6_SHARE)
  return [
    '# What a full scrape export costs',
    '',
    `Written by \`${describeCommand(['node', 'dist/benchmarks/scrape-export/run.js', ...process.argv.slice(2)])}\`.`,
    '',
    `${torrents.toLocaleString('en-US')} torrents, each with an IPv4 peer, every fifth with an IPv6 peer too: ` +
      `${lines.toLocaleString('en-US')} lines, ${(fileBytes / 1e6).toFixed(0)} MB. ${rounds} rounds of each kind in ` +
      'turn; median, smallest and largest.',
    '',
    renderTable(['figure', ...columns], rows),
    '',
    'A step is what the main thread does at once; given is the longest of each round. Announces are those of a',
    'second thread that announces without pause, on a machine of two processors: what "neither" shows are its own',
    'interruptions. Memory is the resident memory of the whole process.',
    '',
    ...describeEnvironment(0).map(([label, value]) => `* ${label}: ${value}`),
    '',
  ].join('\n')
}

await runProgram(async () => {
  const { values } = parseArgs({
    options: {
      torrents: { type: 'string', default: '10000000' },
      rounds: { type: 'string', default: '5' },
      directory: { type: 'string', default: tmpdir() },
      out: { type: 'string' },
    },
  })
  const [torrents, rounds] = [Number(values.torrents), Number(values.rounds)]
  if (!(Number.isInteger(torrents) && torrents > 0 && Number.isInteger(rounds) && rounds > 0))
    throw new UsageError('--torrents and --rounds are whole numbers above 0')
  const directory = mkdtempSync(join(values.directory, 'aquatic-scrape-export-'))
  try {
    const [results, fileBytes] = await measure(torrents, rounds, directory)
    const page = render(results, torrents, rounds, fileBytes)
    process.stdout.write(page)
    if (values.out !== undefined) writeFileSync(values.out, page)
    return ExitCode.ok
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
