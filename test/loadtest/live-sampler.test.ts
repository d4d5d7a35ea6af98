// What a screen shows while a test runs, and the time series of the result, out of the workers' shared memory.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Accounts } from '../../src/loadtest/accounts.js'
import { createRunControlMemory, RunControl } from '../../src/loadtest/control.js'
import { LoadKind, Outcome, WorkerCount } from '../../src/loadtest/kinds.js'
import { type LiveFacts, LiveSampler } from '../../src/loadtest/live-sampler.js'
import { SeriesRecorder } from '../../src/loadtest/series-recorder.js'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory, Gauge, Latency, Tally } from '../../src/loadtest/tally.js'
import { planOf } from './plans.js'

const TIMEOUT_MS = 1000
const facts: LiveFacts = {
  phase: 'measure',
  phaseSeconds: 1,
  phaseLengthSeconds: 10,
  kernelDrops: 0,
  objectives: [],
  remarks: [],
  note: null,
}

/** Two workers of a closed loop that measures from 0 to 10 seconds. */
function scene() {
  const memory = createTallyMemory(2, 10)
  const control = new RunControl(createRunControlMemory(2))
  control.setTimes(0, 0, 10_000)
  const accounts = [0, 1].map(worker => new Accounts(new Tally(memory, worker), control, TIMEOUT_MS, false))
  return { accounts, tallies: new Tallies(memory, 2) }
}

/** `count` announces that were sent at a time and answered after `latencyMs`. */
function answer(accounts: Accounts, sentMs: number, latencyMs: number, count: number): void {
  for (let request = 0; request < count; request++) {
    accounts.resolve(LoadKind.announce, Outcome.answered, sentMs, sentMs, sentMs + latencyMs)
  }
}

describe('live figures', () => {
  it('are of the last second, of all workers', () => {
    const { accounts, tallies } = scene()
    const sampler = new LiveSampler(planOf({ workers: 2 }), tallies)
    answer(accounts[0], 0, 500, 1000)
    sampler.sample(0, facts)
    for (const [worker, account] of accounts.entries()) {
      answer(account, 100, 1 + worker, 300)
      account.count(WorkerCount.bytesSent, 100, 50_000)
      account.tally.gauges[Gauge.inFlight] = 7
    }
    const live = sampler.sample(1000, facts)
    const announces = live.kinds.find(({ kind }) => kind === 'announce')!
    assert.equal(live.answersPerSecond, 600)
    assert.equal(live.sentPerSecond, 614)
    assert.equal(live.inFlight, 14)
    assert.equal(live.bytesSentPerSecond, 100_000)
    assert.equal(announces.outcomes.answered, 1600)
    assert.ok(Math.abs(announces.p50Us! - 1000) < 10, `${announces.p50Us}`)
    assert.ok(Math.abs(announces.maxUs! - 2000) < 20, `${announces.maxUs}`)
    assert.equal(live.kinds.find(({ kind }) => kind === 'scrape')!.p50Us, null)
  })

  it('forget what is older than a second', () => {
    const { accounts, tallies } = scene()
    const sampler = new LiveSampler(planOf({ workers: 2 }), tallies)
    sampler.sample(0, facts)
    answer(accounts[0], 0, 1, 100)
    const rates = [250, 500, 750, 1000, 1250, 1500].map(
      timeMs => sampler.sample(timeMs, facts).answersPerSecond,
    )
    assert.deepEqual(rates.map(Math.round), [400, 200, 133, 100, 0, 0])
  })
})

describe('time series', () => {
  it('counts by the second of the plan, with latencies of the second of the answer', () => {
    const { accounts, tallies } = scene()
    const series = new SeriesRecorder(tallies, Latency.service, 0)
    answer(accounts[0], 100, 1, 10)
    series.tick(999)
    series.tick(1000)
    answer(accounts[1], 1500, 3, 20)
    accounts[0].resolve(LoadKind.announce, Outcome.refused, 1600, 1600, 1601)
    accounts[0].resolve(LoadKind.announce, Outcome.timedOut, 2999, 2999, 3999)
    series.tick(2001)
    const [first, second, third] = series.finish(3)
    assert.deepEqual([first.second, first.answered, first.failed], [0, 10, 0])
    assert.deepEqual([second.second, second.answered, second.failed], [1, 20, 1])
    assert.deepEqual([third.second, third.answered, third.failed], [2, 0, 1])
    assert.ok(Math.abs(first.p50Us! - 1000) < 10)
    assert.ok(Math.abs(second.p50Us! - 3000) < 30)
    assert.equal(third.p50Us, null)
  })

  it('ends with the measurement, also in the middle of a second', () => {
    const { accounts, tallies } = scene()
    const series = new SeriesRecorder(tallies, Latency.service, 0)
    answer(accounts[0], 1200, 1, 5)
    assert.deepEqual(
      series.finish(1.5).map(({ answered }) => answered),
      [0, 5],
    )
  })
})
