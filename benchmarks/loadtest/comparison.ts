// A comparison of load generators from command line to page: the same for every protocol.
import { compareContenders } from '../support/comparison.js'
import type { Launch } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { describeEnvironment } from '../support/environment.js'
import { type Measurement, prepareBench, startTracker } from '../support/measure.js'
import { describeCost } from '../support/rounds.js'
import { judgeRatios, type RatioTarget } from '../support/run-record.js'
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
  const { loads, contenders, canMake, targets } = comparison
  const { trackerCore, loadCore } = options
  const bench = prepareBench(options)
  return await compareContenders(options, {
    directory: 'loadtest',
    environment: describeEnvironment(loadCore),
    ownCore: trackerCore,
    loads,
    contenders,
    canTake: (contender, load) => canMake?.(load, contender) ?? true,
    overheadSeconds: () => 3,
    measure: (load, run) => measure(comparison, bench, load, run),
    describe: describeCost,
    judge: record => judgeRatios(record, targets),
    render: record => renderReport(record, comparison),
  })
}
