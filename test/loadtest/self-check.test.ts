// What the load test says about the machine it ran on, and when it takes its own figures back.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Outcome } from '../../src/loadtest/kinds.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import type { KindFigures, SelfCheck, SeriesPoint } from '../../src/loadtest/result.js'
import { plannedIn, SelfWatch } from '../../src/loadtest/self-check.js'
import { doubtsOf } from '../../src/loadtest/self-check-doubts.js'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory, Gauge, Period } from '../../src/loadtest/tally.js'
import { judgeVerdict, lagLimitMs } from '../../src/loadtest/verdict.js'
import { threadId } from '../../src/net/thread-name.js'
import { announcesOf, latencyOf, openPacing, planOf, selfCheckOf } from './plans.js'

const open = (changes: Partial<LoadPlan> = {}): LoadPlan =>
  planOf({ pacing: openPacing(1000, 10), ...changes })

function doubts(
  changes: Partial<SelfCheck>,
  plan = open(),
  {
    clockSource = 'tsc',
    idleShare = 0.5,
    kinds = [announcesOf()] as KindFigures[],
    series = [] as SeriesPoint[],
    measuredSeconds = 10,
  } = {},
): string[] {
  const selfCheck = selfCheckOf(changes)
  return doubtsOf({ plan, kinds, series, measuredSeconds, selfCheck, clockSource, idleShare })
}

describe('doubts about figures', () => {
  it('are none on a quiet machine', () => {
    assert.deepEqual(doubts({}), [])
    const unknown = { kernelReceiveDrops: null, kernelSendDrops: null, socketDrops: null, stealShare: null }
    assert.deepEqual(doubts({ ...unknown, receiveBufferBytesGranted: null, workerProcessorShares: [] }), [])
  })

  it("tell the load test's own lost datagrams from those of others", () => {
    assert.match(
      doubts({ socketDrops: 7, kernelReceiveDrops: 7 }).join(),
      /^7 datagrams were .* not by the tracker.*rmem_max/,
    )
    const both = doubts({ socketDrops: 7, kernelReceiveDrops: 8 })
    assert.equal(both.length, 2)
    assert.match(both[1], /^1 datagram was lost in receive buffers of other programs/)
    // Own drops are counted from the start of the test, the kernel's in the measurement alone.
    assert.equal(doubts({ socketDrops: 7, kernelReceiveDrops: 0 }).length, 1)
    assert.match(
      doubts({ socketDrops: null, kernelReceiveDrops: 3 }).join(),
      /^3 datagrams .* of the load test or of a tracker/,
    )
    assert.match(doubts({ kernelSendDrops: 2 }).join(), /^2 datagrams .*wmem_max/)
    assert.deepEqual(doubts({ kernelReceiveDrops: 9, socketDrops: null }, open({ protocol: 'http' })), [])
  })

  it('name the buffer that was granted and the setting that grants more', () => {
    assert.match(
      doubts({ receiveBufferBytesGranted: 212_992 }).join(),
      /212992 .* 1000000 .*rmem_max=1000000/,
    )
    assert.deepEqual(doubts({ receiveBufferBytesGranted: 1_000_000 }), [])
  })

  it('are raised by other guests, slow clocks and threads without reserve', () => {
    assert.match(doubts({ stealShare: 0.03 }).join(), /took 3.0 %/)
    assert.deepEqual(doubts({ stealShare: 0.02 }), [])
    assert.match(doubts({}, open(), { clockSource: 'hpet' }).join(), /hpet/)
    assert.match(doubts({ workerProcessorShares: [0.2, 0.95] }).join(), /95 % of a processor and has nothing/)
    assert.match(
      doubts({ workerProcessorShares: [0.95] }, planOf()).join(),
      /the tracker may be able to do more/,
    )
    assert.deepEqual(doubts({ workerProcessorShares: [0.9] }), [])
    assert.match(doubts({ workerWaitShares: [0, 0.15] }).join(), /waited 15 % of the time for a processor/)
    assert.deepEqual(doubts({ workerWaitShares: [0.1] }), [])
  })

  it('say when a tracker on this machine competes for its processors', () => {
    assert.match(
      doubts({}, open(), { idleShare: 0.04 }).join(),
      /from each other \(4.0 % of this machine's was free/,
    )
    assert.deepEqual(doubts({}, open(), { idleShare: 0.05 }), [])
    const { target } = planOf()
    const remote = open({ target: { ...target, address: '192.0.2.1' } })
    assert.deepEqual(doubts({}, remote, { idleShare: 0 }), [])
  })

  it('say when the lateness is a good part of the latency', () => {
    const kinds = [announcesOf({ response: latencyOf({ p99Us: 3_000 }) })]
    assert.match(doubts({ lagP99Us: 1_600 }, open(), { kinds }).join(), /1.6 ms/)
    assert.deepEqual(doubts({ lagP99Us: 1_400 }, open(), { kinds }), [])
    assert.deepEqual(doubts({ lagP99Us: 900 }), [])
    const nothing = [announcesOf({ response: latencyOf({ count: 0, p99Us: 0 }) })]
    assert.deepEqual(doubts({ lagP99Us: 9_000 }, open(), { kinds: nothing }), [])
  })

  it('name a kind that is never answered, where others are', () => {
    const none = { ...announcesOf().outcomes, answered: 0, refused: 7 }
    const connects = announcesOf({ kind: 'connect' })
    const announces = announcesOf({ outcomes: none })
    const mixed = open({ mix: { connect: 1, announce: 1, scrape: 0 } })
    const said = doubts({}, mixed, { kinds: [connects, announces] })
    assert.deepEqual(said, ['None of 7 announce requests was answered.'])
    assert.deepEqual(doubts({}, open(), { kinds: [announces] }), [])
    // Over HTTP a connection is nothing that was asked.
    assert.deepEqual(doubts({}, open({ protocol: 'http' }), { kinds: [connects, announces] }), [])
  })

  it('say that the tracker fell silent before the end', () => {
    const seriesOf = (...points: [answered: number, failed: number][]): SeriesPoint[] =>
      points.map(([answered, failed], second) => ({ second, answered, failed, p50Us: null, p99Us: null }))
    const said = (series: SeriesPoint[], measuredSeconds = series.length): string =>
      doubts({}, open(), { series, measuredSeconds }).join()
    assert.match(
      said(seriesOf([9, 0], [4, 5], [0, 9], [0, 9])),
      /^Nothing .* in the last 2 s .* was answered/,
    )
    // In a closed loop nothing more is asked.
    assert.match(said(seriesOf([9, 0], [4, 5], [0, 0])), /in the last 1 s/)
    assert.equal(said(seriesOf([9, 0], [4, 5], [0, 9]), 2.5), '')
    assert.equal(said(seriesOf([9, 0], [9, 0], [0, 0])), '')
    assert.equal(said(seriesOf([0, 9], [1, 8])), '')
    assert.equal(said(seriesOf([0, 9], [0, 9])), '')
  })

  it('explain requests that waited for a connection', () => {
    const http = open({ protocol: 'http' })
    assert.match(doubts({ rateRatio: 0.9 }, http).join(), /^10.0 % of the requests .* in the response times/)
    assert.deepEqual(doubts({ rateRatio: 0.99 }, http), [])
    assert.match(doubts({ rateRatio: 0.9 }).join(), /no connection id/)
  })
})

describe('the verdict', () => {
  const judge = (plan: LoadPlan, check: Partial<SelfCheck>, kinds = [announcesOf()], measuredSeconds = 10) =>
    judgeVerdict({ plan, kinds, selfCheck: selfCheckOf(check), measuredSeconds })

  it('is valid where the generator kept up', () => {
    assert.deepEqual(judge(open(), {}), { verdict: 'valid', reasons: [] })
    assert.deepEqual(judge(planOf(), { lagP99Us: null, rateRatio: null }), { verdict: 'valid', reasons: [] })
  })

  it('is generator-bound from 1000 requests or 1 % behind on', () => {
    const late = judge(open(), { lagP99Us: 100_500 })
    assert.equal(late.verdict, 'generator-bound')
    assert.match(late.reasons.join(), /more than 101 ms late \(the limit at this rate is 100 ms\)/)
    assert.equal(judge(open(), { lagP99Us: 100_000 }).verdict, 'valid')
    const unsent = (count: number) => [
      announcesOf({ outcomes: { ...announcesOf().outcomes, answered: 10_000 - count, unsent: count } }),
    ]
    const few = judge(open(), {}, unsent(101))
    assert.equal(few.verdict, 'generator-bound')
    assert.match(few.reasons.join(), /could not send 1.1 %/)
    assert.equal(judge(open(), {}, unsent(100)).verdict, 'valid')
  })

  it('takes connections for no answers where requests go over them', () => {
    const connects = announcesOf({ kind: 'connect' })
    const lost = announcesOf({ outcomes: { ...announcesOf().outcomes, answered: 0, broken: 5 } })
    const { verdict, reasons } = judge(open({ protocol: 'http' }), {}, [connects, lost])
    assert.deepEqual([verdict, ...reasons], ['no-answers', 'None of 5 requests was answered.'])
    const mixed = open({ mix: { connect: 1, announce: 1, scrape: 0 } })
    assert.equal(judge(mixed, {}, [connects, lost]).verdict, 'valid')
    // Connection ids that nobody planned to ask for are none either.
    assert.equal(judge(open(), {}, [connects, lost]).verdict, 'no-answers')
  })

  it('does not blame the generator for what waits for a connection', () => {
    assert.equal(judge(open({ protocol: 'http' }), { rateRatio: 0.5 }).verdict, 'valid')
    assert.equal(judge(open(), { rateRatio: 0.5 }).verdict, 'valid')
    assert.equal(judge(open({ protocol: 'ws' }), { lagP99Us: 1e6 }).verdict, 'generator-bound')
  })

  it('blames it for connections that a worker without a processor does not free', () => {
    const http = open({ protocol: 'http' })
    const waiting = (p99Us: number) => [
      announcesOf({ response: latencyOf({ p99Us }), service: latencyOf({ p99Us: 5_000 }) }),
    ]
    const found = judge(http, { workerWaitShares: [0, 0.6] }, waiting(780_000))
    assert.equal(found.verdict, 'generator-bound')
    assert.match(found.reasons.join(), /waited 60.0 % of the time .* requests waited 775 ms/)
    assert.equal(judge(http, { workerWaitShares: [0.2] }, waiting(780_000)).verdict, 'valid')
    // A tracker that gives no connections any more is no affair of the load test.
    const [lost] = waiting(780_000).map(kind => ({
      ...kind,
      response: latencyOf({ timeouts: 11, p99Us: 780_000 }),
    }))
    assert.equal(judge(http, { workerWaitShares: [0.6] }, [lost]).verdict, 'valid')
    assert.equal(judge(http, { workerWaitShares: [0.6] }, waiting(105_000)).verdict, 'valid')
  })

  it('has a limit of lateness that follows the rate', () => {
    assert.deepEqual([10, 50_000, 200_000, 1e6, 1e9].map(lagLimitMs), [100, 20, 5, 1, 1])
  })

  it('says what no answers are due to', () => {
    const silent = announcesOf({ outcomes: { ...announcesOf().outcomes, answered: 0, timedOut: 3 } })
    assert.deepEqual(judge(open(), {}, [silent]), {
      verdict: 'no-answers',
      reasons: ['None of 3 requests was answered.'],
    })
    const idle = announcesOf({ outcomes: { ...announcesOf().outcomes, answered: 0 } })
    assert.match(judge(open(), {}, [idle]).reasons.join(), /Nothing was asked/)
    assert.match(judge(open(), {}, [idle], 0).reasons.join(), /Nothing was measured/)
  })
})

describe('the watch over a measurement', () => {
  /** One worker, which is this thread. */
  function watched(plan: LoadPlan): { tallies: Tallies; watch: SelfWatch } {
    const tallies = new Tallies(createTallyMemory(1, 10), 1)
    tallies.workers[0].gauges[Gauge.threadId] = threadId()
    return { tallies, watch: new SelfWatch(plan, tallies) }
  }

  function secondsSince(before: NodeJS.CpuUsage): number {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  }

  function burnSeconds(seconds: number): void {
    const before = process.cpuUsage()
    while (secondsSince(before) <= seconds);
  }

  it('counts the processor time of worker threads and of the process', {
    skip: process.platform !== 'linux',
  }, () => {
    // A machine that stands still may charge that to whoever runs: what was used is read around what is watched.
    const outer = { usage: process.cpuUsage(), atMs: performance.now() }
    const { watch } = watched(planOf())
    const inner = { usage: process.cpuUsage(), atMs: performance.now() }
    burnSeconds(0.2)
    const least = secondsSince(inner.usage)
    const leastWall = (performance.now() - inner.atMs) / 1000
    watch.end()
    const most = secondsSince(outer.usage)
    const mostWall = (performance.now() - outer.atMs) / 1000
    // What comes after the end does not count.
    burnSeconds(0.2)
    const check = watch.finish([{ remarks: [], receiveBufferBytesGranted: null, socketDrops: null }], 1)
    const { processorSeconds } = check
    assert.ok(processorSeconds >= least && processorSeconds <= most, `${processorSeconds} s`)
    const [share] = check.workerProcessorShares
    // The process has other threads, and the kernel counts threads in hundredths.
    const slack = 0.07
    assert.ok(share * mostWall > least - slack, `${share} of at most ${mostWall} s`)
    assert.ok(share * leastWall < most + slack, `${share} of at least ${leastWall} s`)
    assert.ok(check.stealShare !== null && check.stealShare >= 0 && check.stealShare < 1)
    assert.ok(watch.idleShare !== null && watch.idleShare >= 0 && watch.idleShare < 1)
    assert.ok(check.kernelReceiveDrops !== null && check.kernelReceiveDrops >= 0)
    assert.deepEqual([check.lagP99Us, check.rateRatio, check.socketDrops], [null, null, null])
  })

  it('adds up what the workers say', () => {
    const { watch } = watched(planOf())
    watch.end()
    const check = watch.finish(
      [
        { remarks: [], receiveBufferBytesGranted: 4096, socketDrops: 3 },
        { remarks: [], receiveBufferBytesGranted: 2048, socketDrops: 4 },
      ],
      1,
    )
    assert.deepEqual([check.receiveBufferBytesGranted, check.socketDrops], [2048, 7])
  })

  it('has sent what is neither owed at the end nor given up', () => {
    const { tallies, watch } = watched(open())
    const [tally] = tallies.workers
    tally.addOutcome(Period.measured, 1, Outcome.unsent, 200)
    tally.gauges[Gauge.behind] = 300
    watch.end()
    tally.gauges[Gauge.behind] = 0
    const ends = [{ remarks: [], receiveBufferBytesGranted: null, socketDrops: null }]
    assert.equal(watch.finish(ends, 10).rateRatio, 0.95)
    assert.equal(watch.finish(ends, 5).rateRatio, 0.9)
  })

  it('knows how many requests the stages come to', () => {
    const stages = [
      { seconds: 2, from: 0, to: 100 },
      { seconds: Number.POSITIVE_INFINITY, from: 100, to: 100 },
    ]
    const plan = open({ pacing: { mode: 'open', spacing: 'poisson', stages } })
    const phases = { ...plan.phases, warmUpSeconds: 1 }
    assert.equal(plannedIn({ ...plan, phases }, 3), 275)
    assert.equal(plannedIn(planOf(), 3), 0)
  })
})
