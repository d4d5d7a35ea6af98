// A whole bench: who is here, what is asked, in which order, and what came of it.

import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { AquaticError } from '../errors.js'
import { infoHashesOf } from '../loadtest/info-hashes.js'
import { type CellSetting, measureCell } from './cell.js'
import type { CellResult } from './cell-result.js'
import { makeCertificate } from './certificate.js'
import { type Contender, type Found, isMissing, type Places } from './contender.js'
import { type Environment, readEnvironment } from './environment.js'
import { Guard } from './guard.js'
import { type CellPlan, cellKey, planCells } from './plan.js'
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
  readonly coolDownSeconds: number
  readonly objectives: readonly string[]
  readonly processorMode: ProcessorMode
  readonly processors: number
}

export interface MissingContender {
  readonly name: string
  readonly reason: string
  readonly remedy: string
}

export interface StoredHead extends BenchHead {
  readonly startedAt: string
  readonly request: BenchRequest
  readonly environment: Environment
  readonly share: ProcessorShare
  readonly contenders: readonly ReportContender[]
  readonly missing: readonly MissingContender[]
  readonly cells: readonly CellPlan[]
}

export interface BenchEvents {
  readonly onProgress: (progress: BenchProgress) => void
  readonly onResult: (result: CellResult) => void
  readonly signal: AbortSignal
}

interface Lineup {
  readonly found: ReadonlyMap<string, Found>
  readonly missing: readonly MissingContender[]
}

/** Asks everyone whether they can run here. */
async function lineUp(contenders: readonly Contender[], places: Places): Promise<Lineup> {
  const found = new Map<string, Found>()
  const missing: MissingContender[] = []
  for (const { key, name, find } of contenders) {
    const finding = await find(places)
    if (isMissing(finding)) missing.push({ name, ...finding })
    else found.set(key, finding)
  }
  return { found, missing }
}

/** A new bench with results in a directory. */
export async function startBench(
  directory: string,
  request: BenchRequest,
  contenders: readonly Contender[],
  places: Places,
): Promise<ResultStore<StoredHead>> {
  const lineup = await lineUp(contenders, places)
  const present = contenders.filter(({ key }) => lineup.found.has(key))
  const contendersOf = new Map(
    request.workloads.map(({ key, service }) => [
      key,
      present.filter(({ serves }) => serves(service)).map(contender => contender.key),
    ]),
  )
  for (const [workload, keys] of contendersOf) if (keys.length === 0) contendersOf.delete(workload)
  if (contendersOf.size === 0) {
    throw new AquaticError('AQ_BENCH_NOBODY', 'No tracker is here that could be asked any of this.', {
      remedy: 'aquatic bench list says who is here, and how to get the others',
    })
  }
  const { blocks, seed, baseline, measuresNoise } = request
  return ResultStore.create<StoredHead>(directory, {
    schemaVersion: 1,
    startedAt: new Date().toISOString(),
    request,
    environment: await readEnvironment(),
    share: shareProcessors(await availableProcessors(), request.processorMode, request.processors),
    contenders: present.map(({ key, name }) => {
      const { version, limits } = lineup.found.get(key)!
      return { key, name, version, limits }
    }),
    missing: lineup.missing,
    cells: planCells({ contendersOf, blocks, seed, twinContender: measuresNoise ? baseline : null }),
  })
}

/** Makes the measurements that a store does not have yet. @returns whether all are there then */
export async function runBench(
  store: ResultStore<StoredHead>,
  contenders: readonly Contender[],
  places: Places,
  { onProgress, onResult, signal }: BenchEvents,
): Promise<boolean> {
  const { request, share, cells } = store.head
  const { found } = await lineUp(contenders, places)
  const guard = new Guard()
  const scratch = await mkdtemp(join(tmpdir(), 'aquatic-bench-'))
  guard.removeAtDeath(scratch)
  // Trackers that change their user read what lies here.
  await chmod(scratch, 0o755)
  try {
    const setting: CellSetting = {
      ...request,
      share,
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
        if (contender === undefined) return Promise.resolve(absent(cell))
        return measureCell(cell, workload, contender, setting, cellSignal)
      },
      store: result => store.add(result),
      coolDownMs: request.coolDownSeconds * 1000,
      onProgress,
      onResult,
      signal,
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
    await guard.dismiss()
  }
}

/** It was there when the bench began. */
function absent(cell: CellPlan): CellResult {
  return {
    schemaVersion: 1,
    ...cell,
    startedAt: new Date().toISOString(),
    outcome: 'did-not-start',
    reason: 'it is not here any more',
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
