// A comparison of load generators from command line to page: the same for every protocol.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { makeScratchDirectory } from '../support/children.js'
import { chooseContenders, type Launch, lineUp, oursName } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { describeEnvironment } from '../support/environment.js'
import { type Measurement, startTracker } from '../support/measure.js'
import { readTicksPerSecond } from '../support/process-accounting.js'
import { report } from '../support/program.js'
import { describeCost, describeRun, reportTargets, runRounds } from '../support/rounds.js'
import { judgeRatios, measurementsOf, type RatioTarget, type RunRecord } from '../support/run-record.js'
import type { Contender, RunGenerator } from './contenders.js'
import type { Options } from './options.js'
import { renderReport } from './report.js'

/** What is special about a protocol. */
export interface Comparison<Load> {
  /** `udp`: names the program and the page. */
  readonly protocol: string
  readonly loads: readonly Load[]
  readonly contenders: ReadonlyMap<string, Contender<Load>>
  /** Whether a contender can make a load; each can make all, if not given. */
  readonly canMake?: (load: Load, contender: string) => boolean
  readonly targets: readonly RatioTarget[]
  /** What answers the load; it costs the same whoever asks. */
  readonly responder: {
    /** A sentence for the page. */
    readonly description: string
    readonly findPort: () => Promise<number>
    readonly launch: (port: number, load: Load) => Launch
    readonly waitUntilAnswering: (port: number, exited: Promise<string>, load: Load) => Promise<void>
  }
  /** For the page: what the generators have in common. */
  readonly settings: string
}

type NamedLoad = { readonly name: string; readonly title: string }

async function measure<Load extends NamedLoad>(
  { responder }: Comparison<Load>,
  bench: Parameters<RunGenerator<Load>>[0] & { readonly trackerCore: number },
  load: Load,
  run: RunGenerator<Load>,
): Promise<Measurement<LoadCounts>> {
  const port = await responder.findPort()
  const started = await startTracker([responder.launch(port, load)], bench.trackerCore, exited =>
    responder.waitUntilAnswering(port, exited, load),
  )
  try {
    const cost = await run(bench, load, port)
    if (cost.load.responses === 0) throw new Error('nothing was answered')
    return { ...cost, readyMs: 0, residentAfterStartKib: 0, peakResidentKib: 0 }
  } finally {
    await started.stop()
  }
}

/** Runs the rounds, writes the page, and returns the exit code. */
export async function compare<Load extends NamedLoad>(
  options: Options,
  comparison: Comparison<Load>,
): Promise<number> {
  const { loads, targets } = comparison
  const environment = describeEnvironment(options.loadCore)
  const { found, absent } = lineUp(chooseContenders(comparison.contenders, options.only))
  // This process sleeps while a generator is measured; when it wakes it must not do so on the generator's core.
  execFileSync('taskset', ['-acp', String(options.trackerCore), String(process.pid)], { stdio: 'ignore' })
  const { seconds, warmUpSeconds, trackerCore, loadCore, rounds, seed } = options
  report(`seed ${seed}, ${rounds} rounds\n`)
  const scratchDirectory = makeScratchDirectory()
  const ticksPerSecond = readTicksPerSecond()
  const bench = { seconds, warmUpSeconds, trackerCore, loadCore, ticksPerSecond, scratchDirectory }
  const facts = {
    command: describeRun('loadtest', seed),
    environment,
    rounds,
    seconds,
    warmUpSeconds,
    seed,
    contenders: found.map(({ name, version }) => ({ name, version })),
    absent,
  }
  const samples = await runRounds(
    options,
    {
      loads,
      contendersOf: load => found.filter(({ name }) => comparison.canMake?.(load, name) ?? true),
      measure: (load, { launch }) => measure(comparison, bench, load, launch),
      describe: describeCost,
    },
    kept => {
      if (options.json === undefined) return
      writeFileSync(options.json, `${JSON.stringify({ ...facts, samples: kept }, null, 2)}\n`)
    },
  )
  const record: RunRecord<LoadCounts> = { ...facts, samples }
  const page = renderReport(record, comparison)
  if (options.out === undefined) process.stdout.write(page)
  else writeFileSync(options.out, page)
  const isMeasured = loads.every(load =>
    measurementsOf(record, load.name, oursName).some(one => one !== undefined),
  )
  return reportTargets(judgeRatios(record, targets), isMeasured)
}
