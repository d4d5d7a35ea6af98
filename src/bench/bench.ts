// A whole bench: who is here, what is asked, in which order, and what came of it.

import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { AquaticError } from '../errors.js'
import { infoHashesOf } from '../loadtest/info-hashes.js'
import { type CellSetting, type CellStage, measureCell } from './cell.js'
import type { CellResult } from './cell-result.js'
import { makeCertificate } from './certificate.js'
import type { Contender, Places } from './contender.js'
import { type Environment, readEnvironment } from './environment.js'
import { Guard } from './guard.js'
import { assign, changedContenders, lineUp, type MissingContender, twinsOf } from './lineup.js'
import { type CellPlan, cellKey, estimateSeconds, planCells } from './plan.js'
import { type ProcessorMode, type ProcessorShare, parseProcessorList, shareProcessors } from './processors.js'
import { outputOf } from './programs.js'
import type { ReportContender } from './report/report-data.js'
import { type BenchProgress, runCells } from './run.js'
import { type BenchHead, ResultStore } from './store.js'
import type { Workload } from './workloads.js'

/** What the user asked for; kept with the results, so that a bench can go on. */
export interface BenchRequest {
  readonly command: string
  readonly workloads: readonly Workload[]
  readonly baseline: string
  readonly blocks: number
  readonly seed: number
  readonly measuresNoise: boolean
  readonly numwant: number
  readonly warmUpSeconds: number
  readonly measureSeconds: number
  readonly latencyShare: number
  /** Of the saturation too, for curves of latency; benches of earlier versions lack it. */
  readonly curveShares?: readonly number[]
  readonly coolDownSeconds: number
  readonly objectives: readonly string[]
  readonly startLimitSeconds: number
  /** Contenders of the user by key, and where others are: to go on, they are needed again. */
  readonly commands: Readonly<Record<string, string>>
  readonly urls: Readonly<Record<string, string>>
  readonly paths: Readonly<Record<string, string>>
  readonly processorMode: ProcessorMode
  readonly processors: number
}

export interface StoredHead extends BenchHead {
  readonly startedAt: string
  readonly request: BenchRequest
  readonly environment: Environment
  readonly share: ProcessorShare
  readonly contenders: readonly ReportContender[]
  readonly missing: readonly MissingContender[]
  /** What is left out, one sentence each. */
  readonly notes?: readonly string[]
  readonly cells: readonly CellPlan[]
}

export interface BenchEvents {
  readonly onProgress: (progress: BenchProgress) => void
  /** What is done in the measurement that began last. */
  readonly onStage?: (stage: CellStage) => void
  readonly onResult: (result: CellResult) => void
  readonly signal: AbortSignal
}

/** A new bench with results in a directory. */
export async function startBench(
  directory: string,
  request: BenchRequest,
  contenders: readonly Contender[],
  places: Places,
): Promise<ResultStore<StoredHead>> {
  const lineup = await lineUp(contenders, places)
  const hasOpenssl = (await outputOf('openssl', ['version'])) !== undefined
  const { contendersOf, notes } = assign(request.workloads, contenders, lineup, hasOpenssl)
  if (contendersOf.size === 0) {
    throw new AquaticError('AQ_BENCH_NOBODY', 'No tracker is here that could be asked any of this.', {
      remedy: 'aquatic bench list says who is here, and how to get the others',
    })
  }
  const { workloads, blocks, seed, baseline, measuresNoise } = request
  const twinOf = measuresNoise ? twinsOf(workloads, contenders, contendersOf, baseline) : new Map()
  return ResultStore.create<StoredHead>(directory, {
    schemaVersion: 2,
    startedAt: new Date().toISOString(),
    request,
    environment: await readEnvironment(),
    share: shareProcessors(await availableProcessors(), request.processorMode, request.processors),
    contenders: lineup.present,
    missing: lineup.missing,
    notes,
    cells: planCells({ contendersOf, blocks, seed, twinOf }),
  })
}

/** Makes the measurements that a store does not have yet. @returns whether all are there then */
export async function runBench(
  store: ResultStore<StoredHead>,
  contenders: readonly Contender[],
  places: Places,
  { onProgress, onStage, onResult, signal }: BenchEvents,
): Promise<boolean> {
  const { request, share, cells } = store.head
  const { found, present } = await lineUp(contenders, places)
  const [change] = changedContenders(store.head.contenders, present)
  if (change !== undefined) {
    throw new AquaticError('AQ_BENCH_RESULTS', `The bench can't go on: ${change}`, {
      remedy: 'run it again from the start, into another directory',
    })
  }
  // Nothing of the bench itself runs where contenders do.
  if (!share.isShared) await outputOf('taskset', ['-acp', share.load, String(process.pid)])
  const guard = new Guard()
  const scratch = join(tmpdir(), `aquatic-bench-${randomUUID()}`)
  // Before it is there: a bench that is killed in between would leave it.
  guard.removeAtDeath(scratch)
  try {
    await mkdir(scratch)
    // Trackers that change their user read what lies here.
    await chmod(scratch, 0o755)
    const setting: CellSetting = {
      ...request,
      share,
      scratch,
      certificate: await makeCertificate(scratch),
      infoHashFileOf: workload => writeInfoHashes(scratch, workload, request.seed),
      guard,
    }
    return await runCells({
      cells,
      done: new Set(store.results.map(cellKey)),
      measure: (cell, cellSignal) => {
        const workload = request.workloads.find(({ key }) => key === cell.workload)!
        const contender = found.get(cell.contender)
        if (contender === undefined) {
          return Promise.resolve(unmeasured(cell, 'did-not-start', 'it is not here any more'))
        }
        if (hasNeverStarted(store.results, cell)) {
          const reason = 'it did not start twice, and was not tried again'
          return Promise.resolve(unmeasured(cell, 'did-not-start', reason))
        }
        // It would close its connections in each block.
        const same = resultsLike(cell, store.results).find(({ outcome }) => outcome === 'not-applicable')
        if (same !== undefined) return Promise.resolve(unmeasured(cell, same.outcome, same.reason))
        return measureCell(cell, workload, contender, setting, cellSignal, onStage)
      },
      store: result => store.add(result),
      coolDownMs: request.coolDownSeconds * 1000,
      secondsOf: ({ workload }) =>
        estimateSeconds(request, request.workloads.find(({ key }) => key === workload)!),
      onProgress,
      onResult,
      signal,
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
    await guard.dismiss()
  }
}

/** Whether two attempts under the same workload were in vain: each takes as long as a contender may take to start. */
function hasNeverStarted(results: readonly CellResult[], cell: CellPlan): boolean {
  const tried = resultsLike(cell, results)
  return tried.length >= 2 && tried.every(({ outcome }) => outcome === 'did-not-start')
}

function resultsLike({ contender, workload }: CellPlan, results: readonly CellResult[]): CellResult[] {
  return results.filter(result => result.contender === contender && result.workload === workload)
}

function unmeasured(
  cell: CellPlan,
  outcome: CellResult['outcome'],
  reason: CellResult['reason'],
): CellResult {
  return {
    schemaVersion: 2,
    ...cell,
    startedAt: new Date().toISOString(),
    outcome,
    reason,
    lastWords: null,
    figures: null,
  }
}

/** What taskset says this process may use. */
async function availableProcessors(): Promise<number[]> {
  const text = await outputOf('taskset', ['-cp', String(process.pid)])
  if (text === undefined) {
    throw new AquaticError(
      'AQ_BENCH_NOBODY',
      'A bench needs the program taskset to keep tracker and load apart.',
      {
        remedy: 'apt-get install util-linux',
      },
    )
  }
  return parseProcessorList(text.slice(text.lastIndexOf(':') + 1))
}

/** Written once for each number of torrents. */
async function writeInfoHashes(directory: string, { torrents }: Workload, seed: number): Promise<string> {
  const path = join(directory, `hashes-${torrents}`)
  const file = createWriteStream(path, { flags: 'w' })
  let lines = ''
  for (const infoHash of infoHashesOf(torrents, seed)) {
    lines += `${infoHash}\n`
    if (lines.length < 1 << 20) continue
    if (!file.write(lines)) await new Promise<void>(resolve => file.once('drain', resolve))
    lines = ''
  }
  file.end(lines)
  await finished(file)
  return path
}
