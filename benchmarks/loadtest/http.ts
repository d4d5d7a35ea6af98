// What one answered request costs generators of load over HTTP, in processor time of their own, against a responder that
// answers at once, in alternating rounds of one run. (Of several threads all count: a screen would, too.)
//   BENCHMARK_AQUATIC_HTTP_LOAD_TEST=PATH node dist/benchmarks/loadtest/http.js [--loads keep,close,tls-keep] [--only a,b]

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Certificate, readCertificate } from '../../src/net/certificate.js'
import { writeCertificate } from '../http/certificate.js'
import { findFreePort } from '../http/readiness.js'
import { makeScratchDirectory, startPinned } from '../support/children.js'
import { describeEnvironment } from '../support/environment.js'
import {
  loadUsage,
  parseFlags,
  type RoundOptions,
  readList,
  readRoundFlags,
  roundTable,
  text,
} from '../support/flags.js'
import { readProcessorTicks, readTicksPerSecond } from '../support/process-accounting.js'
import { ExitCode, report, runProgram, UsageError } from '../support/program.js'
import { createRandom, median, pairedRatios, shuffled, summarizeRatios } from '../support/statistics.js'
import {
  createGenerators,
  type HttpGenerator,
  type HttpLoadKind,
  loads,
  oursName,
  yardstickName,
} from './http-generators.js'
import type { ResponderData } from './http-responder.js'

/** What ours may cost, as a multiple of the yardstick's program, kept alive. */
const TARGET_RATIO = 1.6
/** Longer than any start: the generator is ended when it was measured. */
const START_SECONDS = 5

interface Sample {
  readonly round: number
  readonly load: string
  readonly generator: string
  readonly userUs: number
  readonly systemUs: number
  readonly perSecond: number
}

interface Bench {
  readonly options: RoundOptions
  readonly certificate: Certificate
  readonly ticksPerSecond: number
}

async function startResponder(
  bench: Bench,
  load: HttpLoadKind,
  port: number,
): Promise<{ readonly answered: Float64Array; readonly close: () => Promise<number> }> {
  const answered = new SharedArrayBuffer(8)
  const workerData: ResponderData = {
    port,
    answered,
    closes: load.closes,
    certificate: load.isTls ? bench.certificate : null,
  }
  const worker = new Worker(new URL('./http-responder.js', import.meta.url), { workerData })
  const [thread] = (await once(worker, 'message')) as [number]
  const core = String(bench.options.trackerCore)
  execFileSync('taskset', ['-cp', core, String(thread)], { stdio: 'ignore' })
  return { answered: new Float64Array(answered), close: () => worker.terminate() }
}

async function measure(
  bench: Bench,
  load: HttpLoadKind,
  command: readonly string[],
  port: number,
): Promise<Pick<Sample, 'userUs' | 'systemUs' | 'perSecond'>> {
  const { seconds, warmUpSeconds, loadCore } = bench.options
  const responder = await startResponder(bench, load, port)
  const child = startPinned({ command: command[0]!, args: command.slice(1), core: loadCore })
  try {
    for (let waited = 0; responder.answered[0] === 0; waited++) {
      if (child.hasExited() || waited > START_SECONDS * 100) {
        throw new Error(`nothing was asked: ${child.stderr().trim() || child.stdout().trim()}`)
      }
      await pause(10)
    }
    await pause(warmUpSeconds * 1000)
    const before = {
      ticks: readProcessorTicks(child.pid),
      answered: responder.answered[0],
      at: performance.now(),
    }
    await pause(seconds * 1000)
    const after = {
      ticks: readProcessorTicks(child.pid),
      answered: responder.answered[0],
      at: performance.now(),
    }
    const answered = after.answered - before.answered
    const tickUs = 1e6 / bench.ticksPerSecond
    return {
      userUs: ((after.ticks.user - before.ticks.user) * tickUs) / answered,
      systemUs: ((after.ticks.system - before.ticks.system) * tickUs) / answered,
      perSecond: (answered * 1000) / (after.at - before.at),
    }
  } finally {
    await child.stop()
    await responder.close()
  }
}

async function takeSample(
  bench: Bench,
  round: number,
  load: HttpLoadKind,
  generator: HttpGenerator,
): Promise<Sample | undefined> {
  const { seconds, warmUpSeconds, rounds } = bench.options
  const port = await findFreePort()
  const command = generator.commandFor(load, port, Math.ceil(seconds + warmUpSeconds + START_SECONDS))
  if (command === undefined) return undefined
  report(`round ${round}/${rounds} ${load.name} ${generator.name}: `)
  try {
    const measured = await measure(bench, load, command, port)
    const { userUs, systemUs, perSecond } = measured
    report(
      `${(userUs + systemUs).toFixed(3)} µs (user ${userUs.toFixed(3)} system ${systemUs.toFixed(3)}), ${perSecond.toFixed(0)}/s\n`,
    )
    return { round, load: load.name, generator: generator.name, ...measured }
  } catch (error) {
    report(`failed: ${(error as Error).message}\n`)
    return undefined
  }
}

/** Cost of each round, undefined where there is none. */
function costs(
  samples: readonly Sample[],
  rounds: number,
  load: string,
  generator: string,
): (number | undefined)[] {
  return Array.from({ length: rounds }, (_, index) => {
    const found = samples.find(
      one => one.round === index + 1 && one.load === load && one.generator === generator,
    )
    return found === undefined ? undefined : found.userUs + found.systemUs
  })
}

function rowsOf(
  samples: readonly Sample[],
  rounds: number,
  load: HttpLoadKind,
  names: readonly string[],
): string[] {
  const yardstick = costs(samples, rounds, load.name, yardstickName)
  return names.flatMap(name => {
    const own = costs(samples, rounds, load.name, name)
    const known = own.filter(cost => cost !== undefined)
    if (known.length === 0) return []
    const { median: ratio, intervalLow, intervalHigh } = summarizeRatios(pairedRatios(own, yardstick))
    const perSecond = median(
      samples.filter(one => one.load === load.name && one.generator === name).map(one => one.perSecond),
    )
    const interval = Number.isNaN(intervalLow)
      ? ''
      : ` [${intervalLow.toFixed(2)}, ${intervalHigh.toFixed(2)}]`
    return [
      `| ${name} | ${median(known).toFixed(3)} | ${ratio.toFixed(2)}${interval} | ${perSecond.toFixed(0)} |`,
    ]
  })
}

function render(
  bench: Bench,
  samples: readonly Sample[],
  chosen: readonly HttpLoadKind[],
  names: readonly string[],
): string {
  const { rounds, seconds, seed, trackerCore } = bench.options
  const facts = describeEnvironment(trackerCore).map(([what, value]) => `* ${what}: ${value}`)
  const tables = chosen.flatMap(load => [
    '',
    `## ${load.title}`,
    '',
    '| generator | µs per answer | of the yardstick | answers/s |',
    '| --- | --- | --- | --- |',
    ...rowsOf(samples, rounds, load, names),
  ])
  const head = [
    '# What one answered request costs the HTTP load generator',
    '',
    'Written by `benchmarks/loadtest/http.ts`; do not edit. Processor time, user and system, of the whole generator for',
    'each answered announce, against a minimal native responder (`benchmarks/loadtest/http-responder.ts`), pinned to a core',
    'each, in alternating rounds. The yardstick is `load-http` and `load-tls`; the target is at most 1.6 of it, kept alive.',
    'Ratios pair the rounds, with Student’s 95 % interval on their logarithms; compare only within one run.',
    '',
  ]
  return [...head, ...facts, `* ${rounds} rounds of ${seconds} s, seed ${seed}`, ...tables, ''].join('\n')
}

function parseOptions(args: readonly string[]): RoundOptions & { readonly loads: readonly HttpLoadKind[] } {
  const table = {
    ...roundTable(3, 1, ''),
    loads: { ...text, default: loads.map(({ name }) => name).join(',') },
  }
  const flags = parseFlags(
    args,
    table,
    `${loadUsage}  --loads NAMES           ${loads.map(({ name }) => name).join(', ')}\n  --only NAMES            generators\n  --rounds N\n  --seed N\n`,
  )
  const names = readList(flags['loads']!)
  const chosen = loads.filter(({ name }) => names.includes(name))
  if (chosen.length !== names.length)
    throw new UsageError(`--loads ${flags['loads']}: there are ${loads.map(({ name }) => name).join(', ')}`)
  return { ...readRoundFlags(flags), loads: chosen }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const scratchDirectory = makeScratchDirectory()
  const files = writeCertificate(scratchDirectory)
  const bench: Bench = {
    options,
    certificate: readCertificate({ ...files, passphrasePath: '' }, new Date()),
    ticksPerSecond: readTicksPerSecond(),
  }
  const all = createGenerators({
    yardstick: options.yardstick,
    scratchDirectory,
    aquaticHttpLoadTest: process.env['BENCHMARK_AQUATIC_HTTP_LOAD_TEST'],
  })
  const only = options.only.filter(name => name !== '')
  const generators = only.length === 0 ? all : all.filter(({ name }) => only.includes(name))
  const random = createRandom(options.seed)
  const samples: Sample[] = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of options.loads) {
      for (const generator of shuffled(generators, random)) {
        const sample = await takeSample(bench, round, load, generator)
        if (sample !== undefined) samples.push(sample)
      }
    }
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(samples, null, 2)}\n`)
  }
  const page = render(
    bench,
    samples,
    options.loads,
    generators.map(({ name }) => name),
  )
  if (options.out === undefined) process.stdout.write(page)
  else writeFileSync(options.out, page)
  const ratio = summarizeRatios(
    pairedRatios(
      costs(samples, options.rounds, 'keep', oursName),
      costs(samples, options.rounds, 'keep', yardstickName),
    ),
  ).median
  if (Number.isNaN(ratio)) return ExitCode.invalid
  report(`kept alive, ours of the yardstick: ${ratio.toFixed(2)} (target ≤ ${TARGET_RATIO})\n`)
  return ratio <= TARGET_RATIO ? ExitCode.ok : ExitCode.targetMissed
}

await runProgram(main)
