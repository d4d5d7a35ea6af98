import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planSoak } from '../../../benchmarks/soak/plan.js'
import type { LivesCounts, Sample, Slice, SoakRecord } from '../../../benchmarks/soak/record.js'
import {
  complaintsOf,
  judge,
  judgeCounters,
  judgeLatency,
  judgeMemory,
  overall,
} from '../../../benchmarks/soak/verdict.js'
import { createRandom } from '../../../benchmarks/support/statistics.js'

const mib = 2 ** 20
const baseBytes = 150 * mib

/** A sample each ten seconds, with noise of `noiseBytes` up and down. */
function series(
  minutes: number,
  valueAt: (minute: number) => number,
  noiseBytes = 1.5 * mib,
): { second: number; value: number }[] {
  const random = createRandom(11)
  return Array.from({ length: minutes * 6 }, (_, index) => ({
    second: index * 10,
    value: valueAt(index / 6) + (random() - 0.5) * 2 * noiseBytes,
  }))
}

describe('memory', () => {
  test('noise alone is flat, in a short run and in a long one', () => {
    for (const minutes of [8, 50, 120]) {
      assert.equal(
        judgeMemory(
          'memory',
          series(minutes, () => baseBytes),
        ).state,
        'holds',
        `${minutes} min`,
      )
    }
  })

  test('peaks of a few samples are no leak', () => {
    const points = series(50, () => baseBytes).map((point, index) =>
      index % 10 === 0 ? { ...point, value: point.value + 100 * mib } : point,
    )
    assert.equal(judgeMemory('memory', points).state, 'holds')
  })

  test('a leak of 1 MiB a minute is found, in a short run and in a long one', () => {
    for (const minutes of [6, 50]) {
      const judged = judgeMemory(
        'memory',
        series(minutes, minute => baseBytes + minute * mib),
      )
      assert.equal(judged.state, 'broken', `${minutes} min: ${judged.found}`)
    }
  })

  test('a slow leak of 15 MiB an hour is found in an hour', () => {
    const judged = judgeMemory(
      'memory',
      series(50, minute => baseBytes + (minute * 15 * mib) / 60),
    )
    assert.equal(judged.state, 'broken', judged.found)
  })

  test('a step is found, and memory that is given back is none', () => {
    const step = (bytes: number): string =>
      judgeMemory(
        'memory',
        series(50, minute => baseBytes + (minute < 25 ? 0 : bytes)),
      ).state
    assert.equal(step(20 * mib), 'broken')
    assert.equal(step(-20 * mib), 'holds')
  })

  test('a tooth of the garbage collector is no slope of the heap', () => {
    const tooth = series(6, minute => 14 * mib + ((minute % 8) + 1) * mib, 0)
    assert.equal(judgeMemory('heap', tooth).state, 'broken')
    assert.equal(judgeMemory('heap', tooth, 8 * mib).state, 'holds')
  })

  test('growth at the limit holds, and beyond it does not', () => {
    const grown = (bytes: number): string =>
      // 3 % of 400 MiB. A quarter of the time low, the rest high: most pairs have no slope.
      judgeMemory(
        'memory',
        series(10, minute => 400 * mib + (minute < 2.5 ? 0 : bytes), 0),
      ).state
    assert.equal(grown(12 * mib), 'holds')
    assert.equal(grown(12 * mib + 1), 'broken')
  })

  test('a series too short says so', () => {
    const judged = judgeMemory(
      'memory',
      series(3, minute => baseBytes + minute * 50 * mib),
    )
    assert.equal(judged.state, 'undecided')
    assert.match(judged.found, /too short: 18 samples after the settling time, 20 are needed/)
  })
})

const plan = planSoak(600, 1)

function sampleAt(second: number, phase: Sample['phase'], more: Partial<Sample> = {}): Sample {
  const isLoaded = phase === 'load'
  return {
    second,
    phase,
    loadAverage: 1,
    rssKib: 200_000,
    privateKib: 150_000,
    descriptors: isLoaded ? 450 : 44,
    threads: 15,
    processorSeconds: second / 5,
    heapUsedBytes: 16 * mib,
    externalBytes: 3 * mib,
    torrents: isLoaded ? 5000 : 0,
    peers: isLoaded ? 50_000 : 0,
    swarmUsedBytes: isLoaded ? 2 * mib : 0,
    swarmTouchedBytes: 2 * mib,
    connections: isLoaded ? 400 : 0,
    announces: phase === 'after' ? { udp: 2010, http: 4010, ws: 2010 } : { udp: 0, http: 0, ws: 0 },
    kernelDrops: 0,
    restarts: 0,
    errors: { 'http.connections_reset': 3 },
    cleaningRounds: 1,
    longestCleaningStepMs: 1,
    ...more,
  }
}

/** Slices of 30 s: 20 of each stream, 100 announces in each. */
function slicesOf(more: (second: number) => Partial<Slice> = () => ({})): Slice[] {
  return plan.streams.flatMap(({ name }) =>
    Array.from({ length: 20 }, (_, index) => ({
      stream: name,
      second: index * 30,
      endSecond: index * 30 + 30,
      measuredSeconds: 28,
      verdict: 'valid',
      planned: 110,
      answered: 110,
      announcesAnswered: 100,
      failed: {},
      surplusAnswers: 0,
      verified: 1,
      wrong: 0,
      remarks: [],
      latency: { p50Us: 300, p99Us: 3000, maxUs: 9000 },
      ...more(index * 30),
    })),
  )
}

const lived: LivesCounts = { started: 5, ended: 5, announces: 10, answered: 10, failed: 0, wrong: 0 }

function recordOf(more: Partial<SoakRecord> = {}): SoakRecord {
  const loaded = Array.from({ length: 60 }, (_, index) => sampleAt(index * 10, 'load'))
  return {
    command: 'npm run soak',
    version: '0.1.0',
    environment: [],
    processors: 2,
    plan,
    samples: [sampleAt(-1, 'idle'), ...loaded, sampleAt(600, 'after')],
    slices: slicesOf(),
    ending: {
      broken: null,
      failedSlices: [],
      lives: {
        udp: lived,
        http: { ...lived, abandoned: 2 },
        ws: { ...lived, offersReceived: 1, answersReceived: 1 },
        remarks: [],
      },
      exitCode: 'ended with exit code 0',
      stopMs: 120,
      leftBehind: [],
      logged: [],
    },
    ...more,
  }
}

/** The names of the criteria that are broken. */
function brokenIn(record: SoakRecord): string[] {
  return judge(record)
    .filter(({ state }) => state === 'broken')
    .map(({ name }) => name)
}

function withSamples(change: (sample: Sample) => Partial<Sample>): SoakRecord {
  const record = recordOf()
  return { ...record, samples: record.samples.map(sample => ({ ...sample, ...change(sample) })) }
}

describe('a whole run', () => {
  test('holds where everything stays as it was', () => {
    const criteria = judge(recordOf())
    assert.deepEqual(complaintsOf(criteria), [])
    assert.equal(overall(criteria), 'holds')
  })

  test('descriptors that grow, and threads, are found', () => {
    const growing = withSamples(({ phase, second }) =>
      phase === 'load' ? { descriptors: 450 + Math.floor(second / 10) } : {},
    )
    assert.deepEqual(brokenIn(growing), ['descriptors'])
    assert.deepEqual(brokenIn(withSamples(({ second }) => ({ threads: second > 300 ? 16 : 15 }))), [
      'threads',
      'after the load',
    ])
  })

  test('what is left after the load is found', () => {
    for (const left of [{ peers: 1 }, { torrents: 1 }, { connections: 1 }, { descriptors: 47 }]) {
      const record = withSamples(({ phase }) => (phase === 'after' ? left : {}))
      assert.deepEqual(brokenIn(record), ['after the load'], JSON.stringify(left))
    }
    assert.deepEqual(brokenIn(withSamples(({ phase }) => (phase === 'after' ? { descriptors: 46 } : {}))), [])
  })

  test('losses are judged without what was never sent', () => {
    const few = slicesOf(() => ({ planned: 2000, answered: 1998, failed: { timedOut: 2 } }))
    assert.deepEqual(brokenIn(recordOf({ slices: few })), [])
    const many = slicesOf(() => ({ planned: 2000, answered: 1997, failed: { timedOut: 3 } }))
    const streams = ['udp', 'http', 'http-close', 'ws']
    assert.deepEqual(
      brokenIn(recordOf({ slices: many })),
      streams.map(stream => `${stream} losses`),
    )
    const unsent = slicesOf(() => ({ planned: 2000, answered: 1960, failed: { unsent: 40 } }))
    assert.deepEqual(brokenIn(recordOf({ slices: unsent })), [])
  })

  test('counters have to agree, but for what was lost', () => {
    assert.equal(judgeCounters(recordOf(), 'udp').state, 'holds')
    const tracker = (udp: number, slices = slicesOf()): string => {
      const announces = { udp, http: 4010, ws: 2010 }
      const samples = [sampleAt(-1, 'idle'), sampleAt(600, 'after', { announces })]
      return judgeCounters(recordOf({ samples, slices }), 'udp').state
    }
    assert.equal(tracker(2009), 'broken')
    assert.equal(tracker(2011), 'broken')
    const lossy = slicesOf(() => ({ answered: 109, failed: { timedOut: 1 } }))
    assert.equal(tracker(2030, lossy), 'holds')
    assert.equal(tracker(2031, lossy), 'broken')
  })

  test('wrong answers, unexpected errors, restarts and warnings are found', () => {
    assert.deepEqual(brokenIn(recordOf({ slices: slicesOf(() => ({ wrong: 1 })) })), ['answers'])
    assert.deepEqual(brokenIn(withSamples(() => ({ errors: { 'udp.sends_skipped': 1 } }))), ['errors'])
    assert.deepEqual(brokenIn(withSamples(() => ({ restarts: 1 }))), ['tracker'])
    const ending = recordOf().ending!
    assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, failedSlices: ['x'] } })), [])
    assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, failedSlices: ['x', 'x'] } })), [
      'load generators',
    ])
    assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, logged: ['warn: x'] } })), ['tracker'])
    assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, broken: 'it ended' } })), ['tracker'])
  })

  test('losses on a machine with other work are not judged', () => {
    const many = slicesOf(() => ({ planned: 2000, answered: 1000, failed: { timedOut: 1000 } }))
    const busy = { ...withSamples(() => ({ loadAverage: 20 })), slices: many }
    const criteria = judge(busy)
    assert.deepEqual(brokenIn(busy), [])
    assert.equal(overall(criteria), 'undecided')
    assert.match(complaintsOf(criteria)[0]!, /udp losses could not be judged: .*load average 10\.0 for each/)
  })

  test('losses beside other work that lasted for some slices are told, and the rest is judged', () => {
    const slices = slicesOf(second =>
      second === 60
        ? { planned: 2000, answered: 1000, failed: { timedOut: 1000 } }
        : { planned: 2000, answered: 2000 },
    )
    const isBusyAt = (from: number) => ({
      ...withSamples(({ second }) => (second > from && second <= from + 20 ? { loadAverage: 20 } : {})),
      slices,
    })
    assert.deepEqual(brokenIn(isBusyAt(60)), [])
    const losses = judge(isBusyAt(60)).find(({ name }) => name === 'udp losses')!
    assert.match(
      losses.found,
      /^0\.0* % of 38000; not judged: 1 slices at .*, 1000 of 2000 \(1000 timedOut\)$/,
    )
    assert.ok(brokenIn(isBusyAt(200)).includes('udp losses'))
  })

  test('short-lived clients without answers are found, and none at all', () => {
    const ending = recordOf().ending!
    const failing = { ...ending.lives!, udp: { ...lived, answered: 9, failed: 1 } }
    assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, lives: failing } })), ['short-lived clients'])
    assert.deepEqual(
      brokenIn(recordOf({ ending: { ...ending, lives: null } })).includes('short-lived clients'),
      true,
    )
  })

  test('a slow or unclean end is found', () => {
    const ending = recordOf().ending!
    const bad = [{ stopMs: 1001 }, { exitCode: 'was ended by SIGKILL' }, { leftBehind: ['UDP port: in use'] }]
    for (const change of bad)
      assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, ...change } })), ['stop'])
    assert.deepEqual(brokenIn(recordOf({ ending: { ...ending, stopMs: 1000 } })), [])
  })

  test('a run without its load is none', () => {
    const short = slicesOf(() => ({ measuredSeconds: 15 }))
    assert.equal(brokenIn(recordOf({ slices: short })).length, 4)
  })

  test('an interrupted run is undecided, and says why', () => {
    const record = recordOf()
    const criteria = judge({ ...record, samples: record.samples.slice(0, -1), ending: undefined })
    assert.equal(overall(criteria), 'undecided')
    assert.ok(complaintsOf(criteria).includes('stop could not be judged: interrupted.'))
  })

  test('each complaint is one sentence with the limit', () => {
    const complaints = complaintsOf(judge(withSamples(() => ({ restarts: 2 }))))
    assert.deepEqual(complaints, [
      'tracker: 2 workers were restarted; the limit is: runs to the end, restarts no worker, warns of nothing.',
    ])
  })
})

describe('latencies', () => {
  const state = (p50Us: (second: number) => number, kind: 'p50Us' | 'p99Us' = 'p50Us'): string => {
    const slices = slicesOf(second => ({
      latency: { p50Us: p50Us(second), p99Us: p50Us(second), maxUs: 9000 },
    }))
    return judgeLatency(recordOf({ slices }), 'http', kind).state
  }

  test('that double are found, at the limit they are not', () => {
    assert.equal(
      state(second => 1000 + second * 6),
      'broken',
    )
    assert.equal(
      state(second => (second < 400 ? 1000 : 1500)),
      'holds',
    )
    assert.equal(
      state(second => (second < 400 ? 1000 : 1501)),
      'broken',
    )
  })

  test('a busy machine is no fault of the tracker, but nothing is shown either', () => {
    const slices = slicesOf(second => ({ latency: { p50Us: 1000 + second * 6, p99Us: 3000, maxUs: 9000 } }))
    const at = (loadAverage: number): string =>
      judgeLatency({ ...withSamples(() => ({ loadAverage })), slices }, 'http', 'p50Us').state
    assert.equal(at(6), 'broken')
    assert.equal(at(6.1), 'undecided')
  })

  test('a few slow slices at the end are those of the machine', () => {
    assert.equal(
      state(second => (second > 540 ? 90_000 : 300)),
      'holds',
    )
  })

  test('p99 has room for a busy machine', () => {
    assert.equal(
      state(second => (second < 400 ? 3000 : 13_000), 'p99Us'),
      'holds',
    )
    assert.equal(
      state(second => (second < 400 ? 6000 : 19_000), 'p99Us'),
      'broken',
    )
  })

  test('too few slices say so', () => {
    const slices = slicesOf().filter(({ second }) => second < 300)
    const judged = judgeLatency(recordOf({ slices }), 'udp', 'p50Us')
    assert.equal(judged.state, 'undecided')
    assert.match(judged.found, /too short: 2 slices/)
  })
})
