// What `aquatic bench` and its protocols share: flags, the request made from them, progress, and the end.

import { join } from 'node:path'
import * as Flags from '@oclif/core/flags'
import type { BenchRequest, StoredHead } from '../bench/bench.js'
import type { BenchProtocol, Contender, Places } from '../bench/contender.js'
import { processorModes } from '../bench/processors.js'
import type { ReportData } from '../bench/report/report-data.js'
import type { ResultStore } from '../bench/store.js'
import { ExitCode } from '../errors.js'
import { chooseReporter, openReporter } from '../tui/reporter.js'
import { AquaticCommand, writeRemark } from './base.js'
import {
  allContenders,
  checkPaths,
  chooseContenders,
  keyed,
  ownContenders,
  placesOf,
  requestOf,
} from './bench-request.js'
import { runShownBench } from './bench-session.js'
import { type StopRequest, untilSignal } from './serving.js'
import { tuiFlags } from './tui-flags.js'

const pairs = (name: string, value: string, description: string) =>
  Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: `${name}=${value}`, description })

export const benchFlags = {
  contender: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'KEY',
    description: 'Compare only these; may be repeated. Without it everyone who is here (aquatic bench list).',
  }),
  workload: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'KEY',
    description: 'Run only these workloads; may be repeated.',
  }),
  baseline: Flags.string({
    helpValue: 'KEY',
    description: 'Whom the others are compared with. opentracker where it takes part, else the first.',
  }),
  quick: Flags.boolean({
    description:
      'A glance in less than two minutes: three blocks of short measurements, opentracker and ours.',
  }),
  blocks: Flags.integer({ min: 1, max: 1000, helpValue: 'NUMBER', description: 'Blocks; 6 without it.' }),
  duration: Flags.integer({
    min: 1,
    max: 3600,
    helpValue: 'SECONDS',
    description: 'Length of each measurement; 5 without it.',
  }),
  warmup: Flags.integer({
    min: 0,
    max: 3600,
    helpValue: 'SECONDS',
    description: 'Before each; 2 without it.',
  }),
  peers: Flags.integer({
    min: 1000,
    max: 10_000_000,
    helpValue: 'NUMBER',
    description:
      'Peers that are there before a measurement, two to a torrent (UDP, HTTP); 200000 without it.',
  }),
  seed: Flags.integer({ default: 1, helpValue: 'NUMBER', description: 'Order and load follow from it.' }),
  slo: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'OBJECTIVE',
    description: 'Search the highest rate that keeps announce.p99<5ms or so; may be repeated; takes longer.',
  }),
  curve: Flags.boolean({
    description: 'Measure latency at 25, 75 and 90 % of the saturation too, for curves; takes longer.',
  }),
  state: Flags.integer({
    multiple: true,
    multipleNonGreedy: true,
    min: 1,
    max: 200,
    helpValue: 'MILLIONS',
    description: 'Also fill with so many million peers and read the memory; may be repeated.',
  }),
  processors: Flags.integer({
    default: 1,
    min: 1,
    max: 512,
    helpValue: 'NUMBER',
    description: 'Processors of each contender, and as many for the load.',
  }),
  'cpu-mode': Flags.option({
    options: processorModes,
    default: 'subsequent',
    description: 'How processors are dealt out: by their numbers, or with hyperthreads in mind.',
  })(),
  path: pairs('KEY', 'FILE', 'Where a contender is, if not in PATH; may be repeated.'),
  command: pairs(
    'KEY',
    'COMMAND',
    'A contender of your own: a command with {port}, {dir}, {workers}, {cert}, {key}; may be repeated.',
  ),
  url: pairs('KEY', 'URL', 'A contender that already runs; may be repeated.'),
  'start-limit': Flags.integer({
    default: 30,
    min: 1,
    max: 3600,
    helpValue: 'SECONDS',
    description: 'How long a contender may take until it answers.',
  }),
  out: Flags.string({
    helpValue: 'DIR',
    description: 'Directory for results and reports; bench-DATE-TIME without it.',
  }),
  resume: Flags.string({
    helpValue: 'DIR',
    exclusive: [
      ...['out', 'contender', 'workload', 'baseline', 'quick', 'blocks', 'duration', 'warmup', 'seed', 'slo'],
      ...['curve', 'peers', 'state', 'processors', 'cpu-mode', 'path', 'command', 'url', 'start-limit'],
    ],
    description: 'Go on with an interrupted bench, with its settings.',
  }),
  ...tuiFlags,
} as const

/** What `benchFlags` parse to, as far as it is read here. */
export interface BenchFlagValues {
  readonly contender?: string[] | undefined
  readonly workload?: string[] | undefined
  readonly baseline?: string | undefined
  readonly quick: boolean
  readonly blocks?: number | undefined
  readonly duration?: number | undefined
  readonly warmup?: number | undefined
  readonly peers?: number | undefined
  readonly seed: number
  readonly slo?: string[] | undefined
  readonly curve: boolean
  readonly state?: number[] | undefined
  readonly processors: number
  readonly 'cpu-mode': BenchRequest['processorMode']
  readonly path?: string[] | undefined
  readonly command?: string[] | undefined
  readonly url?: string[] | undefined
  readonly 'start-limit': number
  readonly out?: string | undefined
  readonly resume?: string | undefined
  readonly 'no-tui': boolean
  readonly quiet: boolean
}

interface OpenedBench {
  readonly store: ResultStore<StoredHead>
  readonly contenders: readonly Contender[]
  readonly places: Places
}

export abstract class BenchCommand extends AquaticCommand {
  /** @param protocols only workloads of these */
  protected async bench(
    protocols: readonly BenchProtocol[],
    flags: BenchFlagValues,
  ): Promise<ReportData | undefined> {
    // First of all: a signal that comes while modules are loaded must not be lost.
    const stop = untilSignal(ExitCode.terminated)
    const { holdMachine } = await import('../bench/lock.js')
    const unlock = await holdMachine()
    try {
      const { store, contenders, places } = await this.#open(protocols, flags)
      try {
        return await this.#run({ store, contenders, places }, flags, stop)
      } finally {
        await store.close()
      }
    } finally {
      await unlock()
    }
  }

  async #run(
    opened: OpenedBench,
    flags: BenchFlagValues,
    stop: StopRequest,
  ): Promise<ReportData | undefined> {
    const { reportOf } = await import('../bench/report-of.js')
    const { store } = opened
    const { signal } = stop
    const [json, quiet] = [this.jsonEnabled(), flags.quiet]
    const says = [`results in ${store.directory}`, ...(store.head.notes ?? [])]
    if (!json && !quiet) writeRemark(says.map(line => `${line}\n`).join(''))
    const { stderr, env } = process
    const kind = chooseReporter({ json, quiet, noTui: flags['no-tui'], stderr, env })
    const reporter = await openReporter(kind, { write: writeRemark })
    const command = ['aquatic', ...(this.id ?? '').split(':')].join(' ')
    await runShownBench({ ...opened, command, reporter, signal }).finally(() => reporter.close())
    const report = reportOf(store.head, store.results)
    await writeReports(store.directory, report)
    if (signal.aborted) process.exitCode = stop.exitCode()
    else if (store.results.every(({ outcome }) => outcome !== 'measured')) process.exitCode = ExitCode.failure
    else if (report.isDoubtful) process.exitCode = ExitCode.invalid
    return this.#end(report)
  }

  async #end(report: ReportData): Promise<ReportData | undefined> {
    if (this.jsonEnabled()) return report
    const { tableReport } = await import('../bench/report/table.js')
    this.writeAnswer(await tableReport(report, tableSize()))
    return undefined
  }

  /** A bench that goes on has the contenders and settings that it was started with. */
  async #open(protocols: readonly BenchProtocol[], flags: BenchFlagValues): Promise<OpenedBench> {
    const { startBench } = await import('../bench/bench.js')
    if (flags.resume !== undefined) {
      const { resumeBench } = await import('../bench/stored-bench.js')
      const store = await resumeBench(flags.resume)
      const contenders = await allContenders(store.head.request)
      const paths = new Map(Object.entries(store.head.request.paths))
      return { store, contenders, places: placesOf(paths, contenders) }
    }
    const own = ownContenders(flags)
    const all = await allContenders(own)
    const named = keyed('path', flags.path)
    const places = placesOf(named, all)
    checkPaths(named)
    const contenders = chooseContenders(all, flags, own)
    const request = await requestOf(protocols, flags, contenders, own, places)
    const directory = flags.out ?? `bench-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}`
    return { store: await startBench(directory, request, contenders, places), contenders, places }
  }
}

/** report.md, report.html and report.json beside the results. */
export async function writeReports(directory: string, report: ReportData): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  const { markdownReport } = await import('../bench/report/markdown.js')
  const { htmlReport } = await import('../bench/report/html.js')
  const { unwritable } = await import('../bench/store.js')
  try {
    await writeFile(join(directory, 'report.md'), markdownReport(report))
    await writeFile(join(directory, 'report.html'), htmlReport(report))
    await writeFile(join(directory, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`)
  } catch (error) {
    throw unwritable(error, directory)
  }
}

/** As wide as the terminal, where stdout is one. */
export function tableSize(): { columns?: number } {
  const { columns } = process.stdout
  return columns === undefined ? {} : { columns }
}
