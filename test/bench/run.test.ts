// The order of measurements, and what becomes of interrupted benches.

import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type CellPlan, cellKey, estimateSeconds, planCells } from '../../src/bench/plan.js'
import { type BenchOptions, runCells } from '../../src/bench/run.js'
import { type BenchHead, ResultStore, readResults } from '../../src/bench/store.js'
import { scratchDirectory } from '../config/scratch.js'
import { cellOf } from './sample-cells.js'

const contendersOf = new Map([
  ['udp-mixed', ['aquatic', 'opentracker']],
  ['ws-quiet', ['aquatic']],
])
const plan = {
  contendersOf,
  blocks: 4,
  seed: 7,
  twinOf: new Map([...contendersOf.keys()].map(key => [key, 'aquatic'])),
}
const head: BenchHead = { schemaVersion: 2 }

function options(cells: readonly CellPlan[], changes: Partial<BenchOptions>): BenchOptions {
  return {
    cells,
    done: new Set(),
    measure: async cell => cellOf(cell),
    store: async () => undefined,
    coolDownMs: 0,
    onProgress: () => undefined,
    onResult: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  }
}

describe('plan of a bench', () => {
  it('has every contender once in each block, twins twice, in an order that follows from the seed', () => {
    const cells = planCells(plan)
    assert.equal(cells.length, 4 * (3 + 2))
    assert.equal(new Set(cells.map(cellKey)).size, cells.length)
    for (const [index, cell] of cells.entries()) assert.equal(cell.block, Math.floor(index / 5))
    assert.deepEqual(cells, planCells(plan))
    const orders = new Set(
      [0, 1, 2, 3].map(block =>
        cells
          .slice(block * 5, block * 5 + 5)
          .map(c => c.contender)
          .join(),
      ),
    )
    assert.ok(orders.size > 1)
  })
})

describe('estimate', () => {
  const request = {
    ...{ warmUpSeconds: 1, measureSeconds: 2, latencyShare: 0.5, coolDownSeconds: 0 },
    objectives: [],
  }
  const usual = { isLargeState: false, fillPeers: 50_000 }

  it('grows with points of a curve, searches, and the peers of a large state', () => {
    assert.equal(estimateSeconds(request, usual), 13)
    assert.equal(estimateSeconds({ ...request, curveShares: [0.25, 0.75] }, usual), 21)
    assert.equal(estimateSeconds({ ...request, objectives: ['announce.p99<5ms'] }, usual), 58)
    assert.equal(estimateSeconds(request, { isLargeState: true, fillPeers: 10_000_000 }), 65)
  })
})

describe('a bench', () => {
  it('stores each result at once and goes on where it was interrupted', async t => {
    const directory = scratchDirectory(t)
    const cells = planCells(plan)
    const abort = new AbortController()
    const store = await ResultStore.create(directory, head)
    const add = (result: ReturnType<typeof cellOf>): Promise<void> => store.add(result)
    const isWhole = await runCells(
      options(cells, {
        store: add,
        signal: abort.signal,
        onResult: () => {
          if (store.results.length === 7) abort.abort()
        },
      }),
    )
    assert.equal(isWhole, false)
    await store.close()
    // Killed in the middle of a line.
    appendFileSync(join(directory, 'results.ndjson'), '{"schemaVersion":1,"conten')

    const resumed = await ResultStore.resume(directory)
    const done = new Set(resumed.results.map(cellKey))
    assert.equal(done.size, 7)
    const numbers: number[] = []
    const end = await runCells(
      options(cells, {
        done,
        store: result => resumed.add(result),
        onProgress: ({ number }) => numbers.push(number),
      }),
    )
    await resumed.close()
    assert.equal(end, true)
    assert.deepEqual(
      numbers,
      Array.from({ length: cells.length - 7 }, (_, index) => index + 8),
    )
    const { results } = await readResults(directory)
    assert.deepEqual(results.map(cellKey).sort(), cells.map(cellKey).sort())
  })

  it('says what is left by what each workload took, and by what it should take before', async t => {
    let nowMs = 0
    t.mock.method(performance, 'now', () => nowMs)
    const of = (workload: string, block: number): CellPlan => ({ contender: 'a', workload, block, twin: 0 })
    const cells = [of('short', 0), of('long', 0), of('short', 1), of('long', 1)]
    const remaining: (number | null)[] = []
    await runCells(
      options(cells, {
        secondsOf: ({ workload }) => (workload === 'long' ? 50 : 5),
        measure: async cell => {
          nowMs += cell.workload === 'long' ? 80_000 : 10_000
          return cellOf(cell)
        },
        onProgress: ({ remainingSeconds }) => remaining.push(remainingSeconds),
      }),
    )
    assert.deepEqual(remaining, [110, 100 + 10 + 100, 10 + 80, 80])
  })

  it('does not store what an abort cut short', async () => {
    const abort = new AbortController()
    let stored = 0
    await runCells(
      options(planCells(plan), {
        signal: abort.signal,
        measure: async cell => {
          abort.abort()
          return cellOf(cell)
        },
        store: async () => void stored++,
      }),
    )
    assert.equal(stored, 0)
  })
})

describe('results of a bench', () => {
  it('are not overwritten', async t => {
    const directory = scratchDirectory(t)
    await (await ResultStore.create(directory, head)).close()
    await assert.rejects(ResultStore.create(directory, head), {
      code: 'AQ_BENCH_RESULTS',
      message: `${directory} has the results of a bench already.`,
    })
  })

  it('belong to one bench at a time; who died holds nothing', async t => {
    const directory = scratchDirectory(t)
    const store = await ResultStore.create(directory, head)
    await assert.rejects(ResultStore.resume(directory), { code: 'AQ_BENCH_RUNNING' })
    await store.close()
    writeFileSync(join(directory, 'lock'), '999999999')
    await (await ResultStore.resume(directory)).close()
  })

  it('of another version, of nobody, or that are not there: a sentence', async t => {
    const directory = scratchDirectory(t)
    await assert.rejects(readResults(directory), { code: 'AQ_BENCH_RESULTS' })
    writeFileSync(join(directory, 'results.ndjson'), '')
    writeFileSync(join(directory, 'bench.json'), '{"schemaVersion":99}')
    await assert.rejects(
      readResults(directory),
      /of a newer version of aquatic \(schema 99; this one reads 2\)/,
    )
    writeFileSync(join(directory, 'bench.json'), '{"schemaVersion":1}')
    await assert.rejects(readResults(directory), /of an older version/)
    writeFileSync(join(directory, 'bench.json'), 'not json')
    await assert.rejects(readResults(directory), /is not what a bench wrote/)
  })
})
