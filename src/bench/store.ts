// The directory of a bench's results: what was asked for, and one line for each measurement, written as soon as it is
// made. A bench that is interrupted loses the measurement it was at, and can go on.
//
//   DIR/bench.json       what is compared, where, and with which settings
//   DIR/results.ndjson   one CellResult in a line
//   DIR/lock             the bench that is at it

import { constants } from 'node:fs'
import { appendFile, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AquaticError } from '../errors.js'
import type { CellResult } from './cell-result.js'
import { holdLock } from './lock.js'

/** 1 took connections over HTTP and WebTorrent for responses. */
export const SCHEMA_VERSION = 2

/** What bench.json holds besides what the bench puts there. */
export interface BenchHead {
  readonly schemaVersion: typeof SCHEMA_VERSION
}

export class ResultStore<Head extends BenchHead> {
  readonly directory: string
  readonly head: Head
  readonly #results: CellResult[]
  readonly #unlock: () => Promise<void>

  private constructor(directory: string, head: Head, results: CellResult[], unlock: () => Promise<void>) {
    this.directory = directory
    this.head = head
    this.#results = results
    this.#unlock = unlock
  }

  /** A new bench. @throws AQ_BENCH_RESULTS where the directory holds one already, or can't be written */
  static async create<Head extends BenchHead>(directory: string, head: Head): Promise<ResultStore<Head>> {
    try {
      await mkdir(directory, { recursive: true })
    } catch (error) {
      throw unwritable(error, directory)
    }
    const unlock = await lock(directory)
    try {
      const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY
      const file = await open(join(directory, 'bench.json'), flags)
      await file.writeFile(`${JSON.stringify(head, undefined, 2)}\n`)
      await file.close()
      await writeFile(join(directory, 'results.ndjson'), '')
    } catch (error) {
      await unlock()
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new AquaticError('AQ_BENCH_RESULTS', `${directory} has the results of a bench already.`, {
          remedy: 'go on with --resume, or choose another directory with --out',
          cause: error,
        })
      }
      throw unwritable(error, directory)
    }
    return new ResultStore(directory, head, [], unlock)
  }

  /** A bench that was interrupted, to go on with it. */
  static async resume<Head extends BenchHead>(directory: string): Promise<ResultStore<Head>> {
    // Read once before there is a lock, so that nothing is written where no bench was.
    await readResults<Head>(directory)
    const unlock = await lock(directory)
    try {
      const { head, results } = await readResults<Head>(directory)
      // The line it was at may be cut short: what follows must begin a line of its own.
      const lines = results.map(result => `${JSON.stringify(result)}\n`).join('')
      await writeFile(join(directory, 'results.ndjson'), lines)
      return new ResultStore(directory, head, results, unlock)
    } catch (error) {
      await unlock()
      throw unwritable(error, directory)
    }
  }

  get results(): readonly CellResult[] {
    return this.#results
  }

  async add(result: CellResult): Promise<void> {
    this.#results.push(result)
    try {
      await appendFile(join(this.directory, 'results.ndjson'), `${JSON.stringify(result)}\n`)
    } catch (error) {
      throw unwritable(error, this.directory)
    }
  }

  async close(): Promise<void> {
    await this.#unlock()
  }
}

/** Reads what a bench has found out so far. @throws AQ_BENCH_RESULTS where there is none, or of another version */
export async function readResults<Head extends BenchHead>(
  directory: string,
): Promise<{ head: Head; results: CellResult[] }> {
  let headText: string
  let lines: string[]
  try {
    headText = await readFile(join(directory, 'bench.json'), 'utf8')
    lines = (await readFile(join(directory, 'results.ndjson'), 'utf8')).split('\n')
  } catch (error) {
    throw unreadable(error, directory)
  }
  const head = parse<Head>(headText)
  if (typeof head !== 'object' || head === null || typeof head.schemaVersion !== 'number') {
    throw new AquaticError('AQ_BENCH_RESULTS', `${directory}/bench.json is not what a bench wrote.`, {
      remedy: 'name the directory that `aquatic bench --out` wrote',
    })
  }
  if (head.schemaVersion !== SCHEMA_VERSION) {
    const which = head.schemaVersion > SCHEMA_VERSION ? 'a newer' : 'an older'
    throw new AquaticError(
      'AQ_BENCH_RESULTS',
      `${directory} is of ${which} version of aquatic (schema ${head.schemaVersion}; this one reads ${SCHEMA_VERSION}).`,
      { remedy: 'read it with that version, or run the bench again' },
    )
  }
  const results = lines.flatMap((line, index) => {
    const result = parse<unknown>(line)
    if (result === undefined) return []
    if (isResult(result)) return [result]
    throw new AquaticError(
      'AQ_BENCH_RESULTS',
      `${directory}/results.ndjson has a line ${index + 1} that this version of aquatic did not write.`,
      { remedy: 'read it with the version that wrote it, or take the line out: --resume measures it again' },
    )
  })
  return { head, results }
}

/** As far as reports rely on it. */
function isResult(value: unknown): value is CellResult {
  if (typeof value !== 'object' || value === null) return false
  const { schemaVersion, contender, workload, block, twin, outcome, figures } = value as Partial<CellResult>
  const isNamed = [contender, workload, outcome].every(text => typeof text === 'string')
  const isPlaced = typeof block === 'number' && typeof twin === 'number'
  if (schemaVersion !== SCHEMA_VERSION || !isNamed || !isPlaced) return false
  if (figures === null) return outcome !== 'measured'
  return (
    typeof figures === 'object' &&
    (figures.startUpMs === null || typeof figures.startUpMs === 'number') &&
    Array.isArray(figures.latency) &&
    typeof figures.saturation === 'object' &&
    typeof figures.fill === 'object'
  )
}

/** Undefined for text that is no JSON: the last line of a bench that was killed. */
function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}

async function lock(directory: string): Promise<() => Promise<void>> {
  try {
    return await holdLock(join(directory, 'lock'), `in ${directory}`)
  } catch (error) {
    throw unwritable(error, directory)
  }
}

/** One sentence for trouble with the file system; anything else as it is. */
export function unwritable(error: unknown, directory: string): Error {
  if (error instanceof AquaticError || !(error instanceof Error) || !('code' in error)) return error as Error
  return new AquaticError('AQ_BENCH_RESULTS', `Results can't be written to ${directory}: ${error.message}.`, {
    remedy: 'choose a directory that can be written, with room, with --out',
    cause: error,
  })
}

function unreadable(error: unknown, directory: string): Error {
  if (!(error instanceof Error) || !('code' in error)) return error as Error
  const message =
    error.code === 'ENOENT' || error.code === 'ENOTDIR'
      ? `There are no results of a bench in ${directory}.`
      : `The results in ${directory} can't be read: ${error.message}.`
  return new AquaticError('AQ_BENCH_RESULTS', message, {
    remedy: 'name the directory that `aquatic bench --out` wrote',
    cause: error,
  })
}
