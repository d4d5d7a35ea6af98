// The search for the highest rate, on simulated trackers whose answer is known.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Random } from '../../src/loadtest/random.js'
import type { LoadTestResult, ObjectiveResult, TrialResult } from '../../src/loadtest/result.js'
import {
  estimateSeconds,
  type RunTrial,
  type SearchOptions,
  type SearchOutcome,
  searchRate,
} from '../../src/loadtest/search.js'
import { announcesOf, latencyOf, resultOf } from './plans.js'

const REQUESTS = 1_000_000
const options: SearchOptions = { trialSeconds: 60 }

/** What a trial finds: how fast it was answered, what was lost, and how late. */
interface Found {
  readonly answersPerSecond: number
  readonly lossShare?: number
  readonly p99Us?: number
  readonly verdict?: LoadTestResult['verdict']
}

function trialOf({ answersPerSecond, lossShare = 0, p99Us = 100, verdict = 'valid' }: Found): LoadTestResult {
  const { outcomes } = announcesOf()
  const answered = verdict === 'no-answers' ? 0 : Math.round(REQUESTS * (1 - lossShare))
  const kind = announcesOf({
    outcomes: { ...outcomes, answered, timedOut: REQUESTS - answered },
    response: latencyOf({ p99Us }),
    answersPerSecond,
    lossShare,
  })
  return resultOf({ kinds: [kind], verdict })
}

/** Answers up to its capacity and loses the rest. */
function tracker(
  capacity: number,
  change: (rate: number, seconds: number) => Partial<Found> = () => ({}),
): RunTrial {
  return async (rate, seconds) => {
    const asked = rate ?? capacity
    const answersPerSecond = Math.min(asked, capacity)
    return trialOf({ answersPerSecond, lossShare: 1 - answersPerSecond / asked, ...change(asked, seconds) })
  }
}

/** Like a queue: latency goes to infinity where the rate comes to the capacity. */
const queueP99Us = (rate: number, capacity: number): number =>
  rate < capacity ? 100 / (1 - rate / capacity) : 1e6

const p99Below =
  (limitUs: number) =>
  ({ kinds: [{ response }] }: LoadTestResult): ObjectiveResult[] => [
    { text: 'p99', isMet: response !== null && response.p99Us < limitUs, measured: null },
  ]

const trialsOf = ({ result }: SearchOutcome): readonly TrialResult[] => result?.search?.trials ?? []

/** Found, and confirmed from both sides by two trials of full length each. */
function assertFound(outcome: SearchOutcome, expected: number, tolerance = 0.021): void {
  const { end, ratePerSecond, upperRatePerSecond } = outcome
  assert.equal(end, 'found', outcome.sentence)
  assert.ok(ratePerSecond !== null && upperRatePerSecond !== null)
  assert.ok(
    ratePerSecond >= expected / (1 + tolerance) && ratePerSecond <= expected * (1 + tolerance),
    `${ratePerSecond} for ${expected}`,
  )
  assert.ok(upperRatePerSecond / ratePerSecond <= 1.021, `${ratePerSecond} to ${upperRatePerSecond}`)
  const confirming = (rate: number, isPassed: boolean): number =>
    trialsOf(outcome).filter(
      trial => trial.isConfirmation && trial.ratePerSecond === rate && trial.isPassed === isPassed,
    ).length
  assert.equal(confirming(ratePerSecond, true), 2)
  assert.equal(confirming(upperRatePerSecond, false), 2)
}

describe('the search for the highest rate', () => {
  it('finds a capacity within 2 %, at any magnitude and wherever it starts', async () => {
    const capacity = fc
      .tuple(fc.nat(7), fc.double({ min: 2, max: 20, noNaN: true }))
      .map(([e, m]) => m * 10 ** e)
    // What a closed loop does with a window that is too small, or against a tracker that is slow only then.
    const closed = fc.double({ min: 0.01, max: 1.5, noNaN: true })
    await fc.assert(
      fc.asyncProperty(capacity, closed, async (most, factor) => {
        const open = tracker(most)
        const outcome = await searchRate(options, (rate, seconds, note) =>
          rate === null
            ? Promise.resolve(trialOf({ answersPerSecond: most * factor }))
            : open(rate, seconds, note),
        )
        assertFound(outcome, most)
        // 0.1 % may be lost.
        assert.ok(outcome.ratePerSecond !== null && outcome.ratePerSecond <= most * 1.0011)
        assert.ok(trialsOf(outcome).length <= 25, `${trialsOf(outcome).length} trials`)
      }),
    )
  })

  it('finds where a latency becomes too long', async () => {
    const capacity = 80_000
    const queue = tracker(capacity, rate => ({ p99Us: queueP99Us(rate, capacity) }))
    // 100 µs / (1 - load) is 1 ms at a load of 0.9.
    assertFound(await searchRate({ ...options, judge: p99Below(1_000) }, queue), 72_000)
    // Without objectives: 100 ms or half of the time limit, and 0.1 % lost.
    assertFound(await searchRate(options, queue), 79_900)
  })

  it('is not misled by trials that vary', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed)
      const outcome = await searchRate(options, (rate, seconds, note) =>
        tracker(50_000 * (0.99 + 0.02 * random.unit()))(rate, seconds, note),
      )
      assertFound(outcome, 50_000, 0.035)
    }
  })

  it('is not misled by every tenth trial that fails for no reason', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed)
      const flaky = tracker(50_000, () => (random.unit() < 0.1 ? { lossShare: 0.01 } : {}))
      // Two of three unlucky trials are 3 %: then the rate is the next one below.
      const outcome = await searchRate(options, flaky)
      assertFound(outcome, 50_000, 0.15)
    }
  })

  it('corrects what short trials promise, and what they deny', async () => {
    // A queue fills slowly: two seconds show nothing of it.
    const patient = tracker(10_000, (rate, seconds) =>
      seconds < 60 && rate < 13_000 ? { lossShare: 0 } : {},
    )
    assertFound(await searchRate(options, patient), 10_000)
    // Cold caches fail first.
    const cold = tracker(10_000, (rate, seconds) => (seconds < 60 && rate > 7_000 ? { lossShare: 0.5 } : {}))
    assertFound(await searchRate(options, cold), 10_000)
  })

  it('gives the trial that confirmed the rate as its result, and every trial in it', async () => {
    const run: (number | null)[] = []
    const told: TrialResult[] = []
    const notes: string[] = []
    const outcome = await searchRate(
      { ...options, onTrial: ({ trial }) => told.push(trial) },
      (rate, seconds, note) => {
        run.push(rate)
        notes.push(note)
        return tracker(1000)(rate, seconds, note)
      },
    )
    const { result } = outcome
    assert.ok(result?.search)
    assert.deepEqual(result.search.trials, told)
    assert.equal(told.length, run.length)
    assert.deepEqual(
      told.slice(1).map(trial => trial.ratePerSecond),
      run.slice(1),
    )
    assert.deepEqual([run[0], told[0].ratePerSecond, told[0].isPassed], [null, 1000, false])
    assert.equal(result.search.ratePerSecond, outcome.ratePerSecond)
    assert.deepEqual([result.verdict, result.warnings, result.isInterrupted], ['valid', [], false])
    assert.deepEqual(
      result.objectives.map(({ text, isMet }) => [text, isMet]),
      [
        ['loss<0.1%', true],
        ['p99<100ms', true],
      ],
    )
    assert.equal(notes[0], 'trial 1: at full speed')
    assert.match(notes[4], /^trial 5: [\d.]+k?\/s; at least [\d.]+k?\/s; less than [\d.]+k?\/s$/)
    assert.match(notes.at(-1) ?? '', /to confirm/)
    assert.match(outcome.sentence, /^The tracker keeps its objectives at .*\/s, and no longer at .*\/s\.$/)
  })

  it('does the same twice', async () => {
    const rates = async (): Promise<number[]> => {
      const random = new Random(5)
      const outcome = await searchRate(
        options,
        tracker(777, () => (random.unit() < 0.2 ? { lossShare: 1 } : {})),
      )
      return trialsOf(outcome).map(({ ratePerSecond }) => ratePerSecond)
    }
    assert.deepEqual(await rates(), await rates())
  })
})

describe('a search that finds no capacity', () => {
  it('says what the generator could do, where the tracker can do more', async () => {
    const outcome = await searchRate(
      options,
      tracker(90_000, rate => (rate > 40_000 ? { verdict: 'generator-bound' } : {})),
    )
    assert.deepEqual([outcome.end, outcome.result?.verdict], ['generator', 'generator-bound'])
    assert.ok(outcome.ratePerSecond !== null && Math.abs(outcome.ratePerSecond / 40_000 - 1) < 0.021)
    assert.match(outcome.sentence, /^The load test itself can do no more.* At least (39|40)/)
    assert.equal(outcome.result?.warnings[0], outcome.sentence)
  })

  it("does not take the generator's lateness for the tracker's", async () => {
    // From 5000/s on requests are sent so late that the p99 is missed; at 7000/s there are losses.
    const late =
      (most: number): RunTrial =>
      async (rate, seconds, note) => {
        const result = await tracker(most, asked => (asked > 5000 ? { p99Us: 200_000 } : {}))(
          rate,
          seconds,
          note,
        )
        const lagP99Us = (rate ?? 0) > 5000 ? 150_000 : 10
        return { ...result, selfCheck: { ...result.selfCheck, lagP99Us } }
      }
    assert.equal((await searchRate(options, late(7000))).end, 'generator')
    assertFound(await searchRate(options, late(4900)), 4900)
  })

  it('does not take what the generator failed at in one of three trials for the tracker', async () => {
    let trial = 0
    const outcome = await searchRate(options, async (rate, seconds, note) => {
      if (rate === null || rate <= 1000 || seconds < 60) return tracker(1000)(rate, seconds, note)
      return trialOf(
        [
          { answersPerSecond: rate },
          { answersPerSecond: 1, lossShare: 0.5 },
          { answersPerSecond: 1, verdict: 'generator-bound' as const },
        ][trial++ % 3],
      )
    })
    assert.equal(outcome.end, 'generator')
  })

  it('says that objectives are kept at no rate', async () => {
    const outcome = await searchRate(
      options,
      tracker(1e6, () => ({ p99Us: 2e6 })),
    )
    const { end, ratePerSecond, result, sentence } = outcome
    assert.deepEqual([end, ratePerSecond, result?.verdict], ['no-rate', null, 'valid'])
    assert.match(sentence, /at no rate down to 1\/s: there it misses p99<100ms\.$/)
    assert.ok(trialsOf(outcome).length <= 10)
    assert.equal(trialsOf(outcome).at(-1)?.ratePerSecond, 1)
  })

  it('says that nobody answers, after one trial', async () => {
    const outcome = await searchRate(
      options,
      tracker(1000, () => ({ verdict: 'no-answers' })),
    )
    assert.deepEqual([outcome.end, outcome.result?.verdict], ['silent', 'no-answers'])
    assert.equal(outcome.sentence, 'The tracker does not answer.')
    assert.equal(trialsOf(outcome).length, 1)
  })

  it('keeps what is known when the tracker dies', async () => {
    for (const last of [3, 7, 9]) {
      let trials = 0
      const outcome = await searchRate(
        options,
        tracker(1000, () => (++trials > last ? { verdict: 'no-answers', lossShare: 1 } : {})),
      )
      assert.equal(outcome.end, 'silent')
      assert.match(outcome.sentence, /^The tracker answers no more\. (A short trial passed at|At least)/)
      // The one in which it died, and one to see whether it lives.
      assert.equal(trialsOf(outcome).length, last + 2)
      assert.equal(outcome.ratePerSecond !== null, last === 9)
    }
  })

  it('tells a tracker that answers nothing under too much load from a dead one', async () => {
    const collapsing = tracker(1000, rate => (rate > 1100 ? { verdict: 'no-answers', lossShare: 1 } : {}))
    assertFound(await searchRate(options, collapsing), 1000)
  })

  it('ends with what is known when it is interrupted', async () => {
    for (const last of [0, 4, 9]) {
      const abort = new AbortController()
      let trials = 0
      const outcome = await searchRate({ ...options, signal: abort.signal }, async (rate, seconds, note) => {
        const result = await tracker(1000)(rate, seconds, note)
        if (trials++ < last) return result
        abort.abort()
        return { ...result, isInterrupted: true }
      })
      assert.equal(outcome.end, 'interrupted')
      assert.equal(outcome.result?.isInterrupted, true)
      assert.equal(trialsOf(outcome).length, last)
      assert.equal(trials, last + 1)
    }
    const before = await searchRate({ ...options, signal: AbortSignal.abort() }, tracker(1000))
    assert.deepEqual([before.end, before.result], ['interrupted', null])
  })

  it('gives up after so many trials', async () => {
    const random = new Random(1)
    const contradictory = tracker(1000, () => ({ lossShare: random.unit() < 0.5 ? 0 : 1 }))
    for (const trialsMax of [1, 2, 8]) {
      const outcome = await searchRate({ ...options, trialsMax }, contradictory)
      assert.equal(outcome.end, 'trials')
      assert.equal(trialsOf(outcome).length, trialsMax)
    }
    const endless = await searchRate(
      options,
      tracker(Number.MAX_VALUE, () => ({ answersPerSecond: 1000 })),
    )
    assert.deepEqual([endless.end, endless.ratePerSecond, endless.upperRatePerSecond], ['found', 1e9, null])
  })

  it('keeps what is known when a trial can not be run, and rejects when the first one can not', async () => {
    let trials = 0
    const failing: RunTrial = (rate, seconds, note) =>
      ++trials > 5 ? Promise.reject(new Error('no descriptors')) : tracker(1000)(rate, seconds, note)
    const outcome = await searchRate(options, failing)
    assert.deepEqual([outcome.end, (outcome.error as Error).message], ['failed', 'no descriptors'])
    assert.match(outcome.sentence, /^A trial could not be run: no descriptors /)
    assert.equal(trialsOf(outcome).length, 5)
    await assert.rejects(searchRate(options, failing), /no descriptors/)
  })
})

describe('the estimate of a search', () => {
  it('is near what a quiet tracker takes, and comes to nothing at the end', async () => {
    for (const trialSeconds of [1, 10, 60]) {
      const each: SearchOptions = { trialSeconds, overheadSeconds: 3 }
      let seconds = 0
      const rest: number[] = []
      await searchRate(
        { ...each, onTrial: ({ remainingSeconds }) => rest.push(remainingSeconds) },
        (rate, length, note) => {
          seconds += length + 3
          return tracker(31_000)(rate, length, note)
        },
      )
      const estimate = estimateSeconds(each)
      assert.ok(Math.abs(estimate / seconds - 1) < 0.35, `${estimate} s for ${seconds} s`)
      assert.equal(rest.at(-1), 0)
    }
  })
})
