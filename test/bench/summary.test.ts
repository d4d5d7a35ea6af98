// What a report says of measurements.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type SummaryRequest, summarise } from '../../src/bench/summary.js'
import { cellCosting, cellOf, figuresOf } from './sample-cells.js'

const request: Omit<SummaryRequest, 'results'> = {
  blocks: 3,
  workloads: ['udp-mixed', 'http-close'],
  contenders: ['aquatic', 'opentracker'],
  baseline: 'opentracker',
}

const results = [0, 1, 2].flatMap(block => [
  cellCosting(2 + block / 10, { block }),
  cellCosting(4 + block / 10, { block, contender: 'opentracker' }),
])

describe('summary of a bench', () => {
  it('has medians, ranges and ratios to the baseline, block by block', () => {
    const [summary, ...others] = summarise({ ...request, results })
    assert.equal(others.length, 0)
    const [ours, baseline] = summary.contenders
    const cost = ours.figures.find(({ metric }) => metric === 'processor_us')!
    assert.deepEqual([cost.low, cost.median, cost.high], [2, 2.1, 2.2])
    assert.ok(Math.abs(cost.ratio!.ratio - 0.5115) < 1e-3)
    assert.equal(cost.ratio!.isNoise, false)
    assert.equal(
      baseline.figures.every(({ ratio }) => ratio === null),
      true,
    )
  })

  it('tells of those that died, and of the blocks that are left', () => {
    const died = cellOf({
      block: 1,
      contender: 'opentracker',
      outcome: 'died',
      reason: 'was ended by SIGSEGV',
      figures: null,
    })
    const [summary] = summarise({
      ...request,
      results: results.map(cell => (cell === results[3] ? died : cell)),
    })
    const [ours, baseline] = summary.contenders
    assert.deepEqual(baseline.troubles, [{ outcome: 'died', blocks: 1, reason: 'was ended by SIGSEGV' }])
    assert.equal(baseline.isRanked, true)
    assert.equal(ours.figures.find(({ metric }) => metric === 'processor_us')!.ratio!.pairs, 2)
  })

  it('does not rank whose answers are wrong', () => {
    const wrong = results.map(cell =>
      cell.contender === 'aquatic'
        ? { ...cell, outcome: 'wrong-answers' as const, reason: 'lists itself' }
        : cell,
    )
    const [summary] = summarise({ ...request, results: wrong })
    assert.equal(summary.contenders[0].isRanked, false)
    assert.deepEqual(summary.contenders[0].figures, [])
  })

  it('does not compare with who has no figures, and says that a workload does not apply to it', () => {
    const closing = results.map(cell =>
      cell.contender === 'opentracker'
        ? { ...cell, outcome: 'not-applicable' as const, reason: 'closes', figures: null }
        : cell,
    )
    const [summary] = summarise({ ...request, results: closing })
    assert.equal(summary.baseline, 'aquatic')
    const [, { isRanked, troubles }] = summary.contenders
    assert.equal(isRanked, false)
    assert.deepEqual(troubles, [{ outcome: 'not-applicable', blocks: 3, reason: 'closes' }])
  })

  it('ranks who sends more peers than it is asked for, and says how many', () => {
    const shares = [0.7, 0.74, 0]
    const many = shares.map((excessShare, block) => cellOf({ block, figures: figuresOf({ excessShare }) }))
    const [summary] = summarise({ ...request, results: many })
    const [{ excess, isRanked }] = summary.contenders
    assert.deepEqual({ excess, isRanked }, { excess: { share: 0.72, peersPerAnnounce: 20 }, isRanked: true })
    const [kept] = summarise({ ...request, results })
    assert.equal(kept.contenders[0].excess, null)
  })

  it('measures noise by two equal runs', () => {
    const twins = [0, 1, 2].map(block => cellCosting(2.02 + block / 10, { block, twin: 1 }))
    const [summary] = summarise({ ...request, results: [...results, ...twins] })
    const noise = summary.noise.find(({ metric }) => metric === 'processor_us')!
    assert.ok(noise.ratio.ratio > 1 && noise.ratio.ratio < 1.02)
    assert.equal(noise.ratio.pairs, 3)
    assert.equal(summary.noiseContender, 'aquatic')
  })

  it('has no noise where nobody was run twice, or to no end', () => {
    const [without] = summarise({ ...request, results })
    assert.deepEqual([without.noiseContender, without.noise], [null, []])
    // As benches of earlier versions have it, whose baseline was run twice also where it took no part.
    const closing = { contender: 'opentracker', outcome: 'not-applicable' as const, figures: null }
    const twins = [0, 1, 2].flatMap(block => [0, 1].map(twin => cellOf({ ...closing, block, twin })))
    const ours = results.filter(({ contender }) => contender === 'aquatic')
    const [old] = summarise({ ...request, results: [...ours, ...twins] })
    assert.deepEqual([old.noiseContender, old.noise], [null, []])
  })
})
