// What `aquatic bench` and its protocols share: flags, the request made from them, progress, and the end.

import { join } from 'node:path'
import * as Flags from '@oclif/core/flags'
import type { BenchRequest, StoredHead } from '../bench/bench.js'
import type { BenchProtocol, Contender, Places } from '../bench/contender.js'
import { processorModes } from '../bench/processors.js'
import type { ReportData } from '../bench/report/report-data.js'
import type { ResultStore } from '../bench/store.js'
import type { Workload } from '../bench/workloads.js'
import { AquaticError, ExitCode } from '../errors.js'
import { AquaticCommand, writeRemark } from './base.js'
import { untilSignal } from './serving.js'

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
    description: 'A glance in less than two minutes: two blocks of short measurements, opentracker and ours.',
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
  seed: Flags.integer({ default: 1, helpValue: 'NUMBER', description: 'Order and load follow from it.' }),
  slo: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'OBJECTIVE',
    description: 'Search the highest rate that keeps announce.p99<5ms or so; may be repeated; takes longer.',
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
  out: Flags.string({
    helpValue: 'DIR',
    description: 'Directory for results and reports; bench-DATE-TIME without it.',
  }),
  resume: Flags.string({
    helpValue: 'DIR',
    exclusive: ['out'],
    description: 'Go on with an interrupted bench, with its settings.',
  }),
  'no-tui': Flags.boolean({ description: 'Lines instead of a live screen.' }),
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
  readonly seed: number
  readonly slo?: string[] | undefined
  readonly state?: number[] | undefined
  readonly processors: number
  readonly 'cpu-mode': BenchRequest['processorMode']
  readonly path?: string[] | undefined
  readonly command?: string[] | undefined
  readonly url?: string[] | undefined
  readonly out?: string | undefined
  readonly resume?: string | undefined
  readonly quiet: boolean
}

/** `KEY=VALUE` flags as a map. @throws a usage error naming the flag */
function keyed(flag: string, values: readonly string[] | undefined): Map<string, string> {
  return new Map(
    (values ?? []).map(text => {
      const at = text.indexOf('=')
      if (at < 1) throw usage(`--${flag} ${text} is not KEY=VALUE.`, `--${flag} mine=…`)
      return [text.slice(0, at), text.slice(at + 1)] as const
    }),
  )
}

function usage(message: string, remedy: string): AquaticError {
  return new AquaticError('AQ_BENCH_REQUEST', message, { remedy })
}

export abstract class BenchCommand extends AquaticCommand {
  /** @param protocols only workloads of these */
  protected async bench(
    protocols: readonly BenchProtocol[],
    flags: BenchFlagValues,
  ): Promise<ReportData | undefined> {
    const { runBench } = await import('../bench/bench.js')
    const { reportOf } = await import('../bench/report-of.js')
    const places: Places = { paths: keyed('path', flags.path), environment: process.env }
    const contenders = await chooseContenders(flags)
    const store = await this.#open(protocols, flags, contenders, places)
    const stop = untilSignal()
    const say = (text: string): void => {
      if (!flags.quiet && !this.jsonEnabled()) writeRemark(`${text}\n`)
    }
    say(`results in ${store.directory}`)
    try {
      await runBench(store, contenders, places, {
        onProgress: ({ cell, number, cells, remainingSeconds }) => {
          const remaining = remainingSeconds === null ? '' : `, about ${minutesText(remainingSeconds)} left`
          say(`${number}/${cells} block ${cell.block + 1} ${cell.workload} ${cell.contender}${remaining}`)
        },
        onResult: ({ outcome, reason }) => {
          if (outcome !== 'measured') say(`  ${outcome.replaceAll('-', ' ')}: ${reason}`)
        },
        signal: stop.signal,
      })
      const report = reportOf(store.head, store.results)
      await writeReports(store.directory, report)
      if (stop.signal.aborted) process.exitCode = stop.exitCode() === 0 ? 143 : stop.exitCode()
      else if (report.isDoubtful) process.exitCode = ExitCode.invalid
      return await this.#end(report)
    } finally {
      await store.close()
    }
  }

  async #end(report: ReportData): Promise<ReportData | undefined> {
    if (this.jsonEnabled()) return report
    const { tableReport } = await import('../bench/report/table.js')
    this.writeAnswer(await tableReport(report))
    return undefined
  }

  async #open(
    protocols: readonly BenchProtocol[],
    flags: BenchFlagValues,
    contenders: readonly Contender[],
    places: Places,
  ): Promise<ResultStore<StoredHead>> {
    const { startBench } = await import('../bench/bench.js')
    const { ResultStore } = await import('../bench/store.js')
    if (flags.resume !== undefined) return ResultStore.resume<StoredHead>(flags.resume)
    const request = await this.#request(protocols, flags, contenders)
    const directory = flags.out ?? `bench-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}`
    return startBench(directory, request, contenders, places)
  }

  async #request(
    protocols: readonly BenchProtocol[],
    flags: BenchFlagValues,
    contenders: readonly Contender[],
  ): Promise<BenchRequest> {
    const { quick } = flags
    const keys = contenders.map(({ key }) => key)
    const baseline = flags.baseline ?? (keys.includes('opentracker') ? 'opentracker' : keys[0])
    if (!keys.includes(baseline)) {
      throw usage(`--baseline ${baseline} does not take part.`, `one of ${keys.join(', ')}`)
    }
    return {
      command: `aquatic ${['bench', ...process.argv.slice(3)].join(' ')}`,
      workloads: await chooseWorkloads(protocols, flags),
      baseline,
      blocks: flags.blocks ?? (quick ? 2 : 6),
      seed: flags.seed,
      measuresNoise: !quick,
      numwant: 30,
      warmUpSeconds: flags.warmup ?? (quick ? 1 : 2),
      measureSeconds: flags.duration ?? (quick ? 2 : 5),
      latencyShare: 0.5,
      coolDownSeconds: quick ? 0.2 : 1,
      objectives: flags.slo ?? [],
      processorMode: flags['cpu-mode'],
      processors: flags.processors,
    }
  }
}

async function chooseContenders(flags: BenchFlagValues): Promise<readonly Contender[]> {
  const { contenders } = await import('../bench/registry.js')
  const { commandContender, urlContender } = await import('../bench/contenders/user.js')
  const mine = [
    ...[...keyed('command', flags.command)].map(([key, text]) => commandContender(key, text)),
    ...[...keyed('url', flags.url)].map(([key, url]) => urlContender(key, url)),
  ]
  const all = [...contenders, ...mine]
  const wanted =
    flags.contender ?? (flags.quick ? ['aquatic', 'opentracker', ...mine.map(({ key }) => key)] : undefined)
  if (wanted === undefined) return all
  const unknown = wanted.filter(key => !all.some(contender => contender.key === key))
  if (unknown.length > 0) {
    throw usage(
      `There is no contender ${unknown.join(', ')}.`,
      `one of ${all.map(({ key }) => key).join(', ')}, or --command ${unknown[0]}='PROGRAM …'`,
    )
  }
  return all.filter(({ key }) => wanted.includes(key))
}

async function chooseWorkloads(
  protocols: readonly BenchProtocol[],
  { workload: wanted, state, quick }: BenchFlagValues,
): Promise<Workload[]> {
  const { largeState, workloads } = await import('../bench/workloads.js')
  const all = workloads.filter(({ service }) => protocols.includes(service.protocol))
  const states = protocols.includes('udp') ? (state ?? []).map(largeState) : []
  const quickKeys = ['udp-mixed', 'udp-announces', 'http-close']
  if (wanted === undefined)
    return [...(quick ? all.filter(({ key }) => quickKeys.includes(key)) : all), ...states]
  const unknown = wanted.filter(key => !all.some(workload => workload.key === key))
  if (unknown.length > 0) {
    throw usage(
      `There is no workload ${unknown.join(', ')}.`,
      `one of ${all.map(({ key }) => key).join(', ')}`,
    )
  }
  return [...all.filter(({ key }) => wanted.includes(key)), ...states]
}

/** report.md, report.html and report.json beside the results. */
export async function writeReports(directory: string, report: ReportData): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  const { markdownReport } = await import('../bench/report/markdown.js')
  const { htmlReport } = await import('../bench/report/html.js')
  await writeFile(join(directory, 'report.md'), markdownReport(report))
  await writeFile(join(directory, 'report.html'), htmlReport(report))
  await writeFile(join(directory, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`)
}

/** 90 -> `2 min`, 40 -> `40 s`. */
function minutesText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`
}
