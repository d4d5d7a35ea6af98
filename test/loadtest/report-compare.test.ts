// What is called a change, and what is noise.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ComparedFigure, compareFigures, regressionsOf } from '../../src/loadtest/report/compare.js'
import { compareDocuments } from '../../src/loadtest/report/comparison.js'
import { comparisonText } from '../../src/loadtest/report/comparison-table.js'
import type { LatencyFigures, LoadTestResult } from '../../src/loadtest/result.js'
import { announcesOf, latencyOf, openPacing } from './plans.js'
import { type SampleShape, sampleDocument, samplePlan, sampleResult } from './sample-result.js'

function find(
  figures: readonly ComparedFigure[],
  figure: ComparedFigure['figure'],
  kind: ComparedFigure['kind'] = null,
  latency: ComparedFigure['latency'] = null,
): ComparedFigure {
  const found = figures.find(
    candidate => candidate.figure === figure && candidate.kind === kind && candidate.latency === latency,
  )
  assert.ok(found !== undefined, `${kind} ${figure}`)
  return found
}

/** The same latencies with a part of them at 80 to 100 ms. */
function withStall(figures: LatencyFigures, share: number): LatencyFigures {
  const stalled = Math.ceil(figures.count * share)
  const buckets = [...figures.buckets, [80_000, stalled / 2] as const, [100_000, stalled / 2] as const]
  return { ...figures, count: figures.count + stalled, p999Us: 100_000, maxUs: 100_000, buckets }
}

/** Outcomes of a figure over many pairs of runs. */
function outcomes(
  pairs: number,
  right: SampleShape,
  pick: (figures: readonly ComparedFigure[]) => ComparedFigure,
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let pair = 0; pair < pairs; pair++) {
    const shape = { rate: 1000, noise: 0.02 }
    const before = sampleResult({ ...shape, seed: 1000 + pair })
    const after = sampleResult({ ...shape, seed: 5000 + pair, ...right })
    const { outcome } = pick(compareFigures(before, after))
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}

describe('compareFigures', () => {
  it('finds nothing in two runs of the same, but for one in a hundred', () => {
    let all = 0
    let called = 0
    for (let pair = 0; pair < 20; pair++) {
      const before = sampleResult({ rate: 1000, seed: 100 + pair })
      const after = sampleResult({ rate: 1000, seed: 200 + pair })
      for (const { outcome } of compareFigures(before, after)) {
        all++
        if (outcome === 'better' || outcome === 'worse') called++
      }
    }
    assert.ok(called / all < 0.015, `${called} of ${all}`)
  })

  it('finds what really changed, with its direction', () => {
    const p50 = (figures: readonly ComparedFigure[]) => find(figures, 'p50', 'announce', 'service')
    assert.deepEqual(outcomes(10, { slowness: 1.1 }, p50), { worse: 10 })
    assert.deepEqual(outcomes(10, { slowness: 0.9 }, p50), { better: 10 })
    const rate = (figures: readonly ComparedFigure[]) => find(figures, 'answersPerSecond')
    assert.deepEqual(outcomes(10, { rate: 900 }, rate), { worse: 10 })
    assert.deepEqual(outcomes(10, { rate: 1100 }, rate), { better: 10 })
    const loss = (figures: readonly ComparedFigure[]) => find(figures, 'loss')
    assert.deepEqual(outcomes(10, { lossShare: 0.03 }, loss), { worse: 10 })
    assert.deepEqual(outcomes(10, { lossShare: 0.002 }, loss), { same: 10 })
  })

  it('holds a change for noise where the run itself varies as much', () => {
    const rate = (figures: readonly ComparedFigure[]) => find(figures, 'answersPerSecond')
    const { worse = 0, better = 0 } = outcomes(20, { noise: 0.2, rate: 970 }, rate)
    assert.ok(worse + better <= 2, `${worse} ${better}`)
  })

  it('takes clustered losses for one event, not for many', () => {
    const steady = sampleResult({ lossShare: 0 })
    const burst: LoadTestResult = {
      ...steady,
      // All 500 losses in one second, as when a worker stood still.
      kinds: steady.kinds.map(kind =>
        kind.kind === 'announce'
          ? { ...kind, lossShare: 500 / 97_000, outcomes: { ...kind.outcomes, timedOut: 500 } }
          : kind,
      ),
      series: steady.series.map(point => (point.second === 7 ? { ...point, failed: 500 } : point)),
    }
    assert.equal(find(compareFigures(steady, burst), 'loss', 'announce').outcome, 'same')
    const spread = { ...burst, series: steady.series.map(point => ({ ...point, failed: 25 })) }
    assert.equal(find(compareFigures(steady, spread), 'loss', 'announce').outcome, 'worse')
  })

  it('takes one stall for one event', () => {
    const steady = sampleResult({ lossShare: 0, rate: 10_000 })
    const stalled: LoadTestResult = {
      ...steady,
      // 1000 of 200,000 requests waited up to 100 ms: p99.9 is ten times what it was, from a tenth of a second.
      kinds: steady.kinds.map(kind => ({ ...kind, service: withStall(kind.service, 0.005) })),
    }
    const figures = compareFigures(steady, stalled)
    assert.deepEqual(
      [
        find(figures, 'p99.9', 'announce', 'service').outcome,
        find(figures, 'p50', 'announce', 'service').outcome,
      ],
      ['unknown', 'same'],
    )
    // Latencies as short as before, of which there are many a second, still tell.
    const long = { lossShare: 0, rate: 2000, seconds: 120 }
    const slower = compareFigures(sampleResult(long), sampleResult({ ...long, slowness: 1.5, seed: 4 }))
    assert.equal(find(slower, 'p99.9', 'announce', 'service').outcome, 'worse')
  })

  it('gives percentiles among timeouts as bounds, and two of them as unknown', () => {
    const fast = sampleResult({ lossShare: 0 })
    const lossy = sampleResult({ lossShare: 0.05 })
    const p99 = find(compareFigures(fast, lossy), 'p99', 'announce', 'service')
    assert.deepEqual(
      [p99.isLeftAmongTimeouts, p99.isRightAmongTimeouts, p99.right, p99.outcome],
      [false, true, 2_000_000, 'worse'],
    )
    assert.equal(find(compareFigures(lossy, lossy), 'p99', 'announce', 'service').outcome, 'unknown')
  })

  it('knows nothing of short runs, and of percentiles with too few records', () => {
    const short = sampleResult({ seconds: 9 })
    assert.ok(compareFigures(short, short).every(({ outcome }) => outcome === 'unknown'))
    const few = sampleResult({ rate: 100, lossShare: 0 })
    assert.equal(find(compareFigures(few, few), 'p99.9', 'connect', 'service').outcome, 'unknown')
  })

  it('calls nothing below half a percent a change, and survives a latency of 0', () => {
    const even = sampleResult({ noise: 0, lossShare: 0 })
    const less = {
      ...even,
      kinds: even.kinds.map(kind => ({ ...kind, answersPerSecond: kind.answersPerSecond * 0.996 })),
    }
    assert.equal(find(compareFigures(even, less), 'answersPerSecond').outcome, 'same')
    const zero = latencyOf({ count: 1000, p50Us: 0, buckets: [[0, 1000]] })
    const nothing = { ...even, kinds: [announcesOf({ response: null, service: zero })] }
    assert.equal(find(compareFigures(nothing, nothing), 'p50', 'announce', 'service').change, 1)
  })

  it('leaves out kinds that only one has', () => {
    const both = sampleResult()
    const one = { ...both, kinds: both.kinds.filter(({ kind }) => kind === 'announce') }
    const kinds = new Set(compareFigures(both, one).map(({ kind }) => kind))
    assert.deepEqual([...kinds], [null, 'announce'])
  })
})

describe('regressionsOf', () => {
  const worse = (figure: ComparedFigure['figure'], change: number): ComparedFigure => ({
    ...compareFigures(sampleResult(), sampleResult())[0],
    figure,
    change,
    outcome: 'worse',
  })

  it('needs a change that is worse by more than the limit', () => {
    const count = (figure: ComparedFigure): number => regressionsOf([figure], 0.05).length
    assert.deepEqual([count(worse('answersPerSecond', 0.94)), count(worse('answersPerSecond', 0.96))], [1, 0])
    assert.deepEqual([count(worse('p99', 1.06)), count(worse('p99', 1.04))], [1, 0])
    assert.deepEqual([count(worse('loss', 0.06)), count(worse('loss', 0.04))], [1, 0])
    assert.equal(count({ ...worse('p99', 1.5), outcome: 'same' }), 0)
  })
})

describe('compareDocuments', () => {
  const named = async (file: string, ...args: Parameters<typeof sampleDocument>) => ({
    file,
    document: await sampleDocument(...args),
  })

  it('lists what differs in plan and environment, and warns', async () => {
    const left = await named('a.json')
    const plan = samplePlan({ workers: 4, pacing: openPacing(5000, Number.POSITIVE_INFINITY) })
    const right = await named('b.json', {}, { plan }, { processorModel: 'Other', nodeVersion: 'v22.0.0' })
    const { differences, warnings } = compareDocuments(left, right)
    assert.deepEqual(differences, [
      { key: 'plan.workers', left: 2, right: 4 },
      { key: 'plan.pacing.stages.0.seconds', left: 22, right: null },
      { key: 'environment.nodeVersion', left: 'v20.19.0', right: 'v22.0.0' },
      { key: 'environment.processorModel', left: 'Example CPU <3 GHz>', right: 'Other' },
    ])
    assert.deepEqual(warnings, [
      'The plans differ, so the figures may differ for that alone.',
      'The results are of different machines.',
    ])
  })

  it('warns of runs that are short, interrupted, wrong or answered with fewer peers', async () => {
    const left = await named('a.json')
    const { counts } = left.document
    const right = await named(
      'b.json',
      { seconds: 5 },
      {
        isInterrupted: true,
        counts: { ...counts, verifiedWrong: 3, peersReceived: counts.peersReceived / 8 },
      },
    )
    assert.deepEqual(compareDocuments(left, right).warnings, [
      'b.json: Interrupted: measured 5.00 s of 20 s.',
      'b.json is too short to tell how much its figures vary: that takes 10 whole bins of its time series.',
      'b.json has 3 wrong answers among those that were verified.',
      'Answers to announces had 29.6 and 14.8 peers: that is not the same work.',
    ])
  })

  it('compares nothing with a result that is void', async () => {
    const left = await named('a.json')
    const right = await named('b.json', {}, { verdict: 'generator-bound' })
    const comparison = compareDocuments(left, right)
    assert.deepEqual([comparison.isVoid, comparison.figures], [true, []])
    assert.match(
      await comparisonText(comparison),
      /^Nothing can be compared\.[\s\S]*! b\.json is generator-bound: /,
    )
  })

  it('fits 80 columns', async () => {
    const left = await named('a.json')
    const right = await named('b.json', { slowness: 1.3, rate: 4000, lossShare: 0.02 })
    const text = await comparisonText(compareDocuments(left, right))
    assert.ok(
      text.split('\n').every(line => line.length <= 80),
      text,
    )
  })
})
