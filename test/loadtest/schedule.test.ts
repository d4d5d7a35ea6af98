// The schedule of an open loop against the integral of its rate.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Stage } from '../../src/loadtest/plan.js'
import { Random } from '../../src/loadtest/random.js'
import { Schedule } from '../../src/loadtest/schedule.js'

type Spacing = 'even' | 'poisson'

const steady = (seconds: number, rate: number): Stage => ({ seconds, from: rate, to: rate })

function scheduleOf(
  stages: readonly Stage[],
  { spacing = 'even' as Spacing, workers = 1, worker = 0, seed = 1 } = {},
): Schedule {
  return new Schedule({ stages, spacing, workers, worker }, new Random(seed, worker))
}

/** The planned instants, in milliseconds, of at most so many requests. */
function instantsOf(schedule: Schedule, most = Number.POSITIVE_INFINITY): number[] {
  const instants: number[] = []
  while (schedule.nextMs !== Number.POSITIVE_INFINITY && instants.length < most) {
    instants.push(schedule.nextMs)
    schedule.advance()
  }
  return instants
}

/** Requests before a time by the formula, stage by stage. */
function integral(stages: readonly Stage[], endSeconds = Number.POSITIVE_INFINITY): number {
  let sum = 0
  let start = 0
  for (const { seconds, from, to } of stages) {
    const into = Math.max(0, Math.min(seconds, endSeconds - start))
    const rate = seconds === 0 ? 0 : from + ((to - from) * into) / seconds
    sum += (into * (from + rate)) / 2
    start += seconds
  }
  return sum
}

function assertNear(found: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${what} ${found} for ${expected}`)
}

/** Stages with lengths and rates of 0 among them; at most some thousand requests. */
const rate = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 200 }),
  fc.double({ min: 0.1, max: 50, noNaN: true }),
)
const seconds = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 5 }),
  fc.double({ min: 0.01, max: 4, noNaN: true }),
)
const stage = fc.oneof(
  fc.record({ seconds, from: rate, to: rate }),
  fc.tuple(seconds, rate).map(([length, each]) => steady(length, each)),
)
const stages = fc.array(stage, { minLength: 1, maxLength: 5 })
const workers = fc.integer({ min: 1, max: 7 })

describe('the schedule of an open loop', () => {
  it('plans what the stages come to, over all workers, each request once', () => {
    fc.assert(
      fc.property(stages, workers, (plan, count) => {
        const each = Array.from({ length: count }, (_, worker) =>
          instantsOf(scheduleOf(plan, { workers: count, worker })),
        )
        const all = each.flat().sort((left, right) => left - right)
        const expected = integral(plan)
        assert.ok(Math.abs(all.length - expected) < 1 + 1e-9, `${all.length} for ${expected}`)
        assert.deepEqual(all, instantsOf(scheduleOf(plan)))
      }),
    )
  })

  it('plans the k-th request where the integral of the rate reaches k, in ascending order', () => {
    fc.assert(
      fc.property(stages, plan => {
        const instants = instantsOf(scheduleOf(plan))
        for (const [index, instant] of instants.entries()) {
          assertNear(integral(plan, instant / 1000), index, 1e-6, `request ${index} at ${instant} ms:`)
          if (index > 0) assert.ok(instant > instants[index - 1])
        }
      }),
    )
  })

  it('says beforehand how many it will plan before a time', () => {
    fc.assert(
      fc.property(
        stages,
        workers,
        fc.nat(6),
        fc.double({ min: 0, max: 15_000, noNaN: true }),
        fc.nat(50),
        (plan, count, worker, end, taken) => {
          const share = { workers: count, worker: worker % count }
          const instants = instantsOf(scheduleOf(plan, share))
          const schedule = scheduleOf(plan, share)
          for (let request = 0; request < taken; request++) schedule.advance()
          const left = instants.slice(taken)
          // At any time, and at one at which a request is planned exactly.
          for (const endMs of [end, ...left.slice(0, 3), ...left.slice(-2), Number.POSITIVE_INFINITY]) {
            assert.equal(schedule.plannedBefore(endMs), left.filter(instant => instant < endMs).length)
          }
          assert.deepEqual(instantsOf(schedule), left, 'asking changes nothing')
        },
      ),
    )
  })

  it('passes over what is planned before a time as if each had been taken', () => {
    fc.assert(
      fc.property(
        stages,
        workers,
        fc.array(fc.double({ min: 0, max: 6_000, noNaN: true })),
        (plan, count, steps) => {
          const share = { workers: count, worker: count - 1 }
          const instants = instantsOf(scheduleOf(plan, share))
          const schedule = scheduleOf(plan, share)
          let taken = 0
          for (const each of [...steps, instants[3] ?? 0].toSorted((left, right) => left - right)) {
            taken += schedule.skipBefore(each)
            assert.equal(taken, instants.filter(instant => instant < each).length)
            assert.equal(schedule.nextMs, instants[taken] ?? Number.POSITIVE_INFINITY)
          }
        },
      ),
    )
  })

  it('spaces evenly to the last digit, also between workers', () => {
    assert.deepEqual(instantsOf(scheduleOf([steady(1, 8)])), [0, 125, 250, 375, 500, 625, 750, 875])
    assert.deepEqual(instantsOf(scheduleOf([steady(1, 8)], { workers: 3, worker: 1 })), [125, 500, 875])
    // 0.07 × 100 is a little more than 7 in binary: that is no eighth request.
    assert.equal(instantsOf(scheduleOf([steady(100, 0.07)])).length, 7)
  })

  it('has ramps without steps: after t seconds of 0 to r in T seconds, r t² / 2T requests', () => {
    const up = instantsOf(scheduleOf([{ seconds: 10, from: 0, to: 100 }]))
    assert.equal(up.length, 500)
    for (const [index, instant] of up.entries()) assertNear(instant, Math.sqrt(index / 5) * 1000, 1e-9)
    const down = instantsOf(scheduleOf([{ seconds: 10, from: 100, to: 0 }]))
    assert.equal(down.length, 500)
    for (const [index, instant] of down.entries()) {
      assertNear(instant, (10 - Math.sqrt(100 - index / 5)) * 1000, 1e-9)
    }
  })

  it('passes over stretches of no length and of no rate', () => {
    const plan = [steady(0, 50), steady(2, 1), steady(3, 0), steady(0, 7), steady(2, 1), steady(9, 0)]
    assert.deepEqual(instantsOf(scheduleOf(plan)), [0, 1000, 5000, 6000])
    assert.deepEqual(instantsOf(scheduleOf([steady(3, 0)])), [])
    assert.deepEqual(instantsOf(scheduleOf([])), [])
  })

  it('goes on for ever with a last stage that has no end', () => {
    const plan = [steady(1, 2), { seconds: Number.POSITIVE_INFINITY, from: 4, to: 4 }]
    assert.deepEqual(instantsOf(scheduleOf(plan), 5), [0, 500, 1000, 1250, 1500])
    assert.equal(scheduleOf(plan).plannedBefore(1_000_000), 2 + 999 * 4)
    assert.equal(scheduleOf(plan).plannedBefore(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
  })

  it('ends with a last stage that has neither end nor rate', () => {
    assert.deepEqual(instantsOf(scheduleOf([steady(1, 2), steady(Number.POSITIVE_INFINITY, 0)])), [0, 500])
  })

  it('is exact to a nanosecond after a day at a billion a second', () => {
    const day = 86_400
    const schedule = scheduleOf([steady(day, 1e9)], { workers: 4, worker: 3 })
    assert.equal(schedule.plannedBefore(Number.POSITIVE_INFINITY), (day * 1e9) / 4)
    const late = scheduleOf([steady(day, 1e9), steady(1, 1e9)], { workers: 1e9 * day, worker: 5 })
    assert.equal(late.nextMs, 5e-6)
    late.advance()
    assertNear(late.nextMs, day * 1000 + 5e-6, 2e-8)
  })
})

describe('Poisson spacing', () => {
  const plan = [steady(200, 500)]
  /** Of 100 ms each: 2000 of them, with 50 requests on average. */
  const countsOf = (instants: readonly number[]): number[] => {
    const counts = new Array<number>(2000).fill(0)
    for (const instant of instants) counts[Math.floor(instant / 100)]++
    return counts
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = (values: readonly number[]): number => {
    const middle = mean(values)
    return mean(values.map(value => (value - middle) ** 2))
  }

  it('has counts whose mean and variance are the rate', () => {
    const counts = countsOf(instantsOf(scheduleOf(plan, { spacing: 'poisson' })))
    // Four standard errors: of a mean √(50 / 2000), of a variance about 50 √(2 / 2000).
    assertNear(mean(counts), 50, 0.63)
    assertNear(variance(counts), 50, 6.3)
  })

  it('has gaps with an exponential distribution', () => {
    const instants = instantsOf(scheduleOf(plan, { spacing: 'poisson' }))
    const gaps = instants.slice(1).map((instant, index) => instant - instants[index])
    assertNear(mean(gaps), 2, 0.025)
    for (const share of [0.5, 0.1, 0.01]) {
      const longer = gaps.filter(gap => gap > -2 * Math.log(share)).length / gaps.length
      assertNear(longer, share, 4 * Math.sqrt((share * (1 - share)) / gaps.length), `longer ones, ${share}:`)
    }
  })

  it('is one Poisson stream in the sum of the workers', () => {
    const all = [0, 1, 2, 3].flatMap(worker =>
      instantsOf(scheduleOf(plan, { spacing: 'poisson', workers: 4, worker })),
    )
    const counts = countsOf(all)
    assertNear(mean(counts), 50, 0.63)
    assertNear(variance(counts), 50, 6.3)
  })

  it('follows ramps, and says about how many there will be', () => {
    const ramp = [{ seconds: 100, from: 0, to: 1000 }]
    const instants = instantsOf(scheduleOf(ramp, { spacing: 'poisson' }))
    const firstHalf = instants.filter(instant => instant < 50_000).length
    assertNear(firstHalf, 12_500, 4 * Math.sqrt(12_500))
    assertNear(instants.length, 50_000, 4 * Math.sqrt(50_000))
    assertNear(scheduleOf(ramp, { spacing: 'poisson' }).plannedBefore(50_000), 12_500, 30)
  })

  it('has as many in a stretch that is passed over, and goes on behind it', () => {
    const counts: number[] = []
    for (let seed = 1; seed <= 300; seed++) {
      const schedule = scheduleOf(plan, { spacing: 'poisson', seed })
      counts.push(schedule.skipBefore(2_000))
      assert.ok(schedule.nextMs >= 2_000 && schedule.nextMs < 2_030, `${schedule.nextMs} ms`)
    }
    assertNear(mean(counts), 1000, 4 * Math.sqrt(1000 / 300))
    assertNear(variance(counts), 1000, 4 * 1000 * Math.sqrt(2 / 300))
  })

  it('is the same for the same seed, and differs between workers', () => {
    const of = (seed: number, worker: number): number[] =>
      instantsOf(scheduleOf([steady(1, 20)], { spacing: 'poisson', workers: 2, worker, seed }))
    assert.deepEqual(of(3, 0), of(3, 0))
    assert.notDeepEqual(of(3, 0), of(3, 1))
    assert.notDeepEqual(of(3, 0), of(4, 0))
  })
})
