// What an open loop over connections gives up unsent.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LoadKind, Outcome } from '../../src/loadtest/kinds.js'
import { OwedRequests } from '../../src/loadtest/owed-requests.js'
import { Period } from '../../src/loadtest/tally.js'
import { contextOf } from './generator-context.js'
import { openPacing, planOf } from './plans.js'

/** A request in each millisecond of ten seconds, three announces to a scrape; measured from 150 ms on. */
function owing() {
  const context = contextOf(
    planOf({ pacing: openPacing(1000, 10), mix: { connect: 0, announce: 3, scrape: 1 } }),
  )
  const owed = new OwedRequests(context)
  const lost = (period: Period, kind: LoadKind): number =>
    context.accounts.tally.outcome(period, kind, Outcome.timedOut)
  return { context, owed, lost, begin: () => context.control.setTimes(5_000, 5_150, 15_000) }
}

describe('requests of an open loop that found no connection', () => {
  it('are nothing before the load has times', () => {
    const { context, owed, lost } = owing()
    owed.giveUpBefore(1e9, Outcome.timedOut)
    assert.equal(owed.isSome, false)
    assert.equal(context.schedule?.nextMs, 0)
    assert.equal(lost(Period.other, LoadKind.announce), 0)
  })

  it('are lost in the period and the second of their plan, in the proportions of the mix', () => {
    const { context, owed, lost, begin } = owing()
    begin()
    owed.giveUpBefore(6_400, Outcome.timedOut)
    assert.equal(context.schedule?.nextMs, 1_400)
    assert.equal(lost(Period.other, LoadKind.announce) + lost(Period.other, LoadKind.scrape), 150)
    assert.equal(lost(Period.measured, LoadKind.announce) + lost(Period.measured, LoadKind.scrape), 1_250)
    // Halves are rounded by lot, once in each step.
    assert.ok(Math.abs(lost(Period.measured, LoadKind.announce) - 937.5) < 5)
    const { series } = context.accounts.tally
    const values = series.length / 10
    const inSecond = (second: number): number =>
      series.subarray(second * values, (second + 1) * values).reduce((sum, value) => sum + value, 0)
    assert.deepEqual([inSecond(0), inSecond(1), inSecond(2)], [1_000, 250, 0])
  })

  it('are some until the end of the measurement, and then all given up', () => {
    const { owed, lost, begin } = owing()
    begin()
    assert.equal(owed.isSome, true)
    owed.giveUpBefore(15_000, Outcome.timedOut)
    assert.equal(owed.isSome, false)
    assert.equal(lost(Period.measured, LoadKind.announce) + lost(Period.measured, LoadKind.scrape), 9_850)
  })
})
