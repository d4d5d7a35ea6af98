// The whole accounting on simulated time: known delays, known losses, a tracker that stalls; and where each request
// belongs.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Accounts } from '../../src/loadtest/accounts.js'
import { createRunControlMemory, RunControl } from '../../src/loadtest/control.js'
import { LoadKind, Outcome, WorkerCount, workerCountNames } from '../../src/loadtest/kinds.js'
import { percentileUs } from '../../src/loadtest/latency-buckets.js'
import { Random } from '../../src/loadtest/random.js'
import type { LatencyFigures } from '../../src/loadtest/result.js'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory, Latency, Period, SERIES_BINS_MAX } from '../../src/loadtest/tally.js'
import { type OpenLoad, runClosed, runOpen, TIMEOUT_MS } from './simulated-load.js'

const steady = (seconds: number, rate: number) => [{ seconds, from: rate, to: rate }]

/** Within 2 %, as it is promised. */
function assertNear(foundUs: number | null | undefined, expectedMs: number, what: string): void {
  const found = (foundUs ?? Number.NaN) / 1000
  assert.ok(Math.abs(found - expectedMs) <= expectedMs * 0.02, `${what}: ${found} ms for ${expectedMs} ms`)
}

function assertPercentiles(figures: LatencyFigures | null, expectedMs: (share: number) => number): void {
  assert.ok(figures !== null)
  for (const [share, foundUs] of [
    [0.5, figures.p50Us],
    [0.9, figures.p90Us],
    [0.99, figures.p99Us],
    [0.999, figures.p999Us],
    [1, figures.maxUs],
  ]) {
    assertNear(foundUs, expectedMs(share), `p${share * 100}`)
  }
}

/** The smallest value that at least this share of the values do not exceed. */
function exactly(values: readonly number[]): (share: number) => number {
  const sorted = values.toSorted((left, right) => left - right)
  return share => sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-6) - 1)]
}

/** Quantiles of delays in milliseconds. */
const distributions: Readonly<Record<string, (share: number) => number>> = {
  exponential: share => 0.05 - 2 * Math.log(1 - share),
  uniform: share => 0.1 + 5 * share,
  'two peaks': share => (share < 0.97 ? 0.08 + 0.02 * share : 40 + share),
  'heavy tail': share => Math.min(900, 0.1 * (1 - share) ** -0.9),
}

describe('an open loop against known delays and losses', () => {
  const rate = 20_000
  const requests = rate * 10
  const lossEvery = 200
  /** Of the k-th request: every part of the distribution comes as often as it should, in no order. */
  const shareOf = (request: number): number => (((request * 77_773) % requests) + 0.5) / requests

  for (const [name, quantile] of Object.entries(distributions)) {
    it(`has percentiles within 2 %, timeouts inside, and loss exact: ${name}`, () => {
      // Everything waits ten times as long in the warm-up, which must not be seen.
      let came = 0
      const answered = (atMs: number): number => {
        if (atMs >= 0 && atMs < 10_000) came++
        return atMs
      }
      const { figures, tallies } = runOpen({
        workers: 3,
        warmUpSeconds: 2,
        measureSeconds: 10,
        stages: steady(12, rate),
        spacing: 'even',
        connections: Number.POSITIVE_INFINITY,
        answerMs: (sentMs, plannedMs) => {
          const request = Math.round((plannedMs * rate) / 1000)
          if (request < 0) return answered(sentMs + 10 * quantile(0.5))
          return request % lossEvery === 7 ? null : answered(sentMs + quantile(shareOf(request)))
        },
      })
      const lost = requests / lossEvery
      assert.deepEqual([figures.outcomes.answered, figures.outcomes.timedOut], [requests - lost, lost])
      assert.equal(figures.lossShare, 1 / lossEvery)
      // One that comes at the very end may be rounded to either side of it.
      assert.ok(Math.abs(figures.answersPerSecond - came / 10) < 0.3)
      // Sent when planned: both latencies are the delay, and 0.5 % of the records are at the time limit.
      const expected = (share: number): number =>
        share <= 1 - 1 / lossEvery ? quantile(share / (1 - 1 / lossEvery)) : TIMEOUT_MS
      for (const latency of [figures.response, figures.service]) {
        assertPercentiles(latency, expected)
        assert.deepEqual([latency?.count, latency?.timeouts], [requests, lost])
      }
      const mean = meanOf(quantile) * (1 - 1 / lossEvery) + TIMEOUT_MS / lossEvery
      assertNear(figures.response?.meanUs, mean, 'mean')
      for (let bin = 0; bin < 10; bin++) {
        assert.deepEqual(tallies.seriesAt(bin), {
          answered: rate - rate / lossEvery,
          failed: rate / lossEvery,
        })
      }
      assert.equal(percentileUs(tallies.lag(), 1), 0)
    })
  }

  /** Over ranges of the same probability. */
  function meanOf(quantile: (share: number) => number): number {
    let sum = 0
    for (let part = 0; part < requests; part++) sum += quantile((part + 0.5) / requests)
    return sum / requests
  }

  it('counts lateness of the generator in the response time, not in the service time', () => {
    const service: number[] = []
    const response: number[] = []
    const random = new Random(2)
    const { figures, tallies } = runOpen({
      workers: 2,
      warmUpSeconds: 1,
      measureSeconds: 5,
      stages: steady(6, 7_919),
      spacing: 'poisson',
      connections: Number.POSITIVE_INFINITY,
      // It comes round every 5 ms.
      attendMs: dueMs => Math.ceil(dueMs / 5) * 5,
      answerMs: (sentMs, plannedMs) => {
        const delayMs = random.unit() < 0.002 ? null : 1 + random.unit()
        if (plannedMs >= 0 && plannedMs < 5000) {
          service.push(delayMs ?? TIMEOUT_MS)
          response.push(sentMs - plannedMs + (delayMs ?? TIMEOUT_MS))
        }
        return delayMs === null ? null : sentMs + delayMs
      },
    })
    assertPercentiles(figures.service, exactly(service))
    assertPercentiles(figures.response, exactly(response))
    assert.equal(figures.response?.count, response.length)
    // Lateness is even between 0 and 5 ms.
    assertNear(percentileUs(tallies.lag(), 0.99), 4.95, 'lag')
  })

  it('is right for any rate, worker count and delays', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('even' as const, 'poisson' as const),
        fc.integer(),
        (perSecond, workers, spacing, seed) => {
          const random = new Random(seed)
          const response: number[] = []
          const { figures } = runOpen({
            workers,
            warmUpSeconds: 0,
            measureSeconds: 2,
            stages: [...steady(0.5, perSecond), { seconds: 5, from: perSecond, to: 0 }],
            spacing,
            connections: Number.POSITIVE_INFINITY,
            answerMs: sentMs => {
              const delayMs = random.unit() < 0.01 ? null : 0.03 + 500 * random.unit() ** 8
              response.push(delayMs ?? TIMEOUT_MS)
              return delayMs === null ? null : sentMs + delayMs
            },
          })
          const lost = response.filter(delay => delay === TIMEOUT_MS).length
          assert.deepEqual(
            [figures.outcomes.answered + lost, figures.outcomes.timedOut],
            [response.length, lost],
          )
          if (response.length > 0) assertPercentiles(figures.response, exactly(response))
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('a tracker that stands still for a second', () => {
  const delayMs = 0.05
  /** Everything that comes in the second from 4 s on is answered when that is over. */
  const stalling = (sentMs: number): number =>
    sentMs >= 4000 && sentMs < 5000 ? 5000 + delayMs : sentMs + delayMs
  const open: OpenLoad = {
    workers: 1,
    warmUpSeconds: 1,
    measureSeconds: 10,
    stages: steady(11, 10_000),
    spacing: 'even',
    connections: 64,
    answerMs: stalling,
  }

  /**
   * What comes u seconds after the stall began waits 1 - u, and for those before it in the queue, which is worked off
   * with the capacity: 1 - u (1 - rate / capacity), until that is nothing. So a share of 0.1 / (1 - rate / capacity)
   * waits, evenly between 0 and 1 s, and all others not at all.
   */
  const waitMs = (capacity: number) => {
    const waiting = 0.1 / (1 - 10_000 / capacity)
    return (share: number): number => delayMs + Math.max(0, 1000 * (1 - (1 - share) / waiting))
  }

  it('is in the response time of an open loop as it was, although only 64 requests met it', () => {
    const { figures, tallies } = runOpen({ ...open, answerMs: stalling })
    assertPercentiles(figures.response, waitMs((64 * 1000) / delayMs))
    assert.equal(figures.outcomes.answered, 100_000)
    // The service time knows of 64 requests, which are less than a thousandth.
    assertNear(figures.service.p999Us, delayMs, 'service p99.9')
    assertNear(figures.service.maxUs, 1000, 'service max')
    // Waiting for a connection is no lateness of the generator.
    assert.equal(percentileUs(tallies.lag(), 1), 0)
  })

  it('is in both where requests do not wait for each other, as over UDP', () => {
    const { figures } = runOpen({ ...open, connections: Number.POSITIVE_INFINITY })
    assertPercentiles(figures.response, waitMs(Number.POSITIVE_INFINITY))
    assertPercentiles(figures.service, waitMs(Number.POSITIVE_INFINITY))
  })

  it('is hardly seen by a closed loop, which stops asking', () => {
    const { figures } = runClosed({ ...open, window: 64 })
    // 64 requests under way, 0.05 ms each, in the nine seconds that it does not stand still.
    assert.ok(
      Math.abs(figures.outcomes.answered - (64 * 9000) / delayMs) <= 128,
      `${figures.outcomes.answered}`,
    )
    assert.equal(figures.response, null)
    assertNear(figures.service.p999Us, delayMs, 'p99.9')
    assertNear(figures.service.maxUs, 1000, 'max')
  })
})

describe('a closed loop against known delays and losses', () => {
  it('has percentiles within 2 %, timeouts inside, and loss exact', () => {
    for (const quantile of Object.values(distributions)) {
      const random = new Random(4)
      const service: number[] = []
      const { figures } = runClosed({
        workers: 2,
        warmUpSeconds: 1,
        measureSeconds: 20,
        window: 8,
        answerMs: sentMs => {
          const delayMs = random.unit() < 0.003 ? null : quantile(random.unit())
          if (sentMs >= 0) service.push(delayMs ?? TIMEOUT_MS)
          return delayMs === null ? null : sentMs + delayMs
        },
      })
      const lost = service.filter(delay => delay === TIMEOUT_MS).length
      assertPercentiles(figures.service, exactly(service))
      assert.deepEqual([figures.service.count, figures.service.timeouts], [service.length, lost])
      assert.equal(figures.lossShare, lost / service.length)
    }
  })
})

describe('the accounts of a worker', () => {
  function accountsOf(measureSeconds = 3): { accounts: Accounts; tallies: Tallies; control: RunControl } {
    const tallies = new Tallies(createTallyMemory(1, measureSeconds), 1)
    const control = new RunControl(createRunControlMemory(1))
    control.setTimes(1000, 2000, 2000 + measureSeconds * 1000)
    return { accounts: new Accounts(tallies.workers[0], control, TIMEOUT_MS, true), tallies, control }
  }

  it('measure what was planned in the measurement, whenever it was sent or answered', () => {
    const { accounts, tallies } = accountsOf()
    for (const plannedMs of [0, 1999.99, 2000, 4999.99, 5000, 1e9]) {
      accounts.resolve(LoadKind.scrape, Outcome.answered, plannedMs, plannedMs + 700, plannedMs + 900)
    }
    assert.equal(tallies.outcomes(LoadKind.scrape, Period.measured).answered, 2)
    assert.equal(tallies.outcomes(LoadKind.scrape, Period.other).answered, 4)
    assert.deepEqual(
      [0, 1, 2].map(bin => tallies.seriesAt(bin).answered),
      [1, 0, 1],
    )
  })

  it('count everything elsewhere before the times are known', () => {
    const tallies = new Tallies(createTallyMemory(1, 1), 1)
    const control = new RunControl(createRunControlMemory(1))
    const accounts = new Accounts(tallies.workers[0], control, TIMEOUT_MS, false)
    accounts.resolve(LoadKind.connect, Outcome.answered, 0, 0, 1)
    accounts.resolve(LoadKind.connect, Outcome.answered, 1e9, 1e9, 1e9)
    assert.equal(tallies.outcomes(LoadKind.connect, Period.other).answered, 2)
  })

  it('follow an end that is set earlier', () => {
    const { accounts, control } = accountsOf()
    assert.equal(accounts.periodOf(4500), Period.measured)
    control.setTimes(1000, 2000, 4000)
    assert.equal(accounts.periodOf(4500), Period.other)
  })

  it('have each outcome once, and latencies of answers and timeouts alone', () => {
    const { accounts, tallies } = accountsOf()
    for (let outcome = 0; outcome < Outcome.count; outcome++) {
      accounts.resolve(LoadKind.announce, outcome, 2500, 2600, 2700)
    }
    assert.deepEqual(
      Object.values(tallies.outcomes(LoadKind.announce, Period.measured)),
      [1, 1, 1, 1, 1, 1, 1],
    )
    const records = (latency: number): [number, number | null][] => {
      const buckets = tallies.latencies(LoadKind.announce, latency, Period.measured)
      const count = buckets.reduce((sum, each) => sum + each, 0)
      return [[count, Math.floor((percentileUs(buckets, 0.5) ?? 0) / 1000)]]
    }
    assert.deepEqual(records(Latency.service), [[2, 100]])
    assert.deepEqual(records(Latency.response), [[2, 200]])
    assert.deepEqual(tallies.seriesAt(0), { answered: 1, failed: 6 })
    assertNear(
      percentileUs(tallies.latencies(LoadKind.announce, Latency.response, Period.measured), 1),
      TIMEOUT_MS + 100,
      'a timeout of what was sent 100 ms late',
    )
  })

  it('have what was never sent in the response time alone, however much it is', () => {
    const { accounts, tallies } = accountsOf()
    accounts.resolveUnsent(LoadKind.announce, Outcome.timedOut, 2500, 6e10)
    accounts.resolveUnsent(LoadKind.announce, Outcome.unsent, 2500, 5)
    const count = (latency: number): number =>
      tallies.latencies(LoadKind.announce, latency, Period.measured).reduce((sum, each) => sum + each, 0)
    assert.deepEqual([count(Latency.response), count(Latency.service)], [6e10, 0])
    const { timedOut, unsent } = tallies.outcomes(LoadKind.announce, Period.measured)
    assert.deepEqual([timedOut, unsent], [6e10, 5])
    assert.equal(tallies.seriesAt(0).failed, 6e10 + 5)
  })

  it('have the rest of a long test in the last bin of the time series', () => {
    const { accounts, tallies } = accountsOf(Number.POSITIVE_INFINITY)
    const { binSeconds, seriesBins } = tallies.memory
    assert.equal(seriesBins, SERIES_BINS_MAX)
    for (const second of [0, binSeconds, binSeconds * seriesBins - 1, binSeconds * seriesBins, 1e9]) {
      accounts.resolve(LoadKind.announce, Outcome.answered, 2000 + second * 1000, 0, 0)
    }
    assert.deepEqual(
      [0, 1, 2, seriesBins - 1].map(bin => tallies.seriesAt(bin).answered),
      [1, 1, 0, 3],
    )
  })

  it('count what belongs to no request by the moment', () => {
    const { accounts, tallies } = accountsOf()
    for (const nowMs of [1500, 2500, 6000]) accounts.count(WorkerCount.bytesSent, nowMs, 100)
    for (const which of [WorkerCount.late, WorkerCount.peersReceived]) {
      for (const atMs of [1500, 2500]) accounts.count(which, atMs)
    }
    assert.equal(tallies.count(WorkerCount.bytesSent, Period.measured), 100)
    assert.equal(tallies.count(WorkerCount.bytesSent), 300)
    assert.equal(tallies.count(WorkerCount.late), 2)
  })

  it('take the rate of answers from those that come in the measurement', () => {
    const { accounts, tallies } = accountsOf()
    const at = (plannedMs: number, nowMs: number, outcome = Outcome.answered): void =>
      accounts.resolve(LoadKind.announce, outcome, plannedMs, plannedMs, nowMs)
    at(1500, 2500)
    at(2500, 2600)
    at(2500, 6000)
    at(2500, 2600, Outcome.refused)
    assert.equal(tallies.arrivals(LoadKind.announce), 2)
    assert.equal(tallies.outcomes(LoadKind.announce, Period.measured).answered, 2)
  })

  it('count answers that come in the drain with the measurement', () => {
    const { accounts, tallies } = accountsOf()
    const names = ['late', 'duplicate', 'unknown', 'peersReceived', 'verified', 'bytesReceived'] as const
    const counts = names.map(name => workerCountNames.indexOf(name))
    for (const which of counts) {
      for (const atMs of [1500, 2500, 6000]) accounts.count(which, atMs)
    }
    const measured = counts.map(which => tallies.count(which, Period.measured))
    assert.deepEqual(measured, [2, 2, 2, 2, 2, 1])
    const early = new Tallies(createTallyMemory(1, 2), 1)
    const control = new RunControl(createRunControlMemory(1))
    new Accounts(early.workers[0], control, TIMEOUT_MS, true).count(WorkerCount.late, 9)
    assert.equal(early.count(WorkerCount.late, Period.measured), 0)
  })

  it('do not touch those of other workers', () => {
    const tallies = new Tallies(createTallyMemory(3, 2), 3)
    const control = new RunControl(createRunControlMemory(3))
    control.setTimes(0, 0, 2000)
    const accounts = new Accounts(tallies.workers[1], control, TIMEOUT_MS, true)
    for (let kind = 0; kind < LoadKind.count; kind++) {
      for (const plannedMs of [0, 1999, 3000]) {
        accounts.resolve(kind, Outcome.answered, plannedMs, plannedMs, plannedMs + 1e6)
      }
    }
    for (let which = 0; which < WorkerCount.count; which++) accounts.count(which, 1, 1)
    accounts.recordLag(1, 1e6)
    accounts.recordLag(3000, 0)
    for (const worker of [0, 2]) {
      const { outcomes, counts, gauges, series } = tallies.workers[worker]
      for (const values of [outcomes, counts, gauges, series]) assert.ok(values.every(value => value === 0))
      for (const period of [Period.other, Period.measured]) {
        assert.ok(tallies.workers[worker].lag(period).every(count => count === 0))
        for (let kind = 0; kind < LoadKind.count; kind++) {
          for (const latency of [Latency.response, Latency.service]) {
            assert.ok(tallies.workers[worker].latencies(period, kind, latency).every(count => count === 0))
          }
        }
      }
    }
  })
})
