// What makes the figures doubtful, most of it done by this machine: one sentence each, with what to do.

import { plannedKindsOf } from './kinds.js'
import type { LoadPlan } from './plan.js'
import type { KindFigures, SelfCheck, SeriesPoint } from './result.js'
import { isOnThisMachine } from './target.js'

export interface DoubtFacts {
  readonly plan: LoadPlan
  readonly kinds: readonly KindFigures[]
  readonly series: readonly SeriesPoint[]
  readonly measuredSeconds: number
  readonly selfCheck: SelfCheck
  /** What the clock is read from; null where unknown. */
  readonly clockSource: string | null
  /** Of the machine's processors, 0 to 1; null where unknown. */
  readonly idleShare: number | null
}

/** Shorter silences at the end of a measurement are not spoken of. */
const SILENCE_SECONDS_MIN = 1
const STEAL_SHARE_MAX = 0.02
const THREAD_SHARE_MAX = 0.9
const WAIT_SHARE_MAX = 0.1
const IDLE_SHARE_MIN = 0.05
/** Sent in the measurement, of what was planned in it. */
const RATE_RATIO_MIN = 0.99
/** Below this, lateness is that of timers. */
const LAG_MIN_US = 1_000
/** Clocks that are read without a system call (arch/…/vdso). */
const FAST_CLOCK_SOURCES = [
  'tsc',
  'kvm-clock',
  'hyperv_clocksource_tsc_page',
  'arch_sys_counter',
  'riscv_clocksource',
]

/** Sentences for the warnings of a result. */
export function doubtsOf(facts: DoubtFacts): string[] {
  return [
    ...unansweredKinds(facts),
    ...silenceAtTheEnd(facts),
    ...lostDatagrams(facts),
    ...smallBuffer(facts),
    ...waitedInVain(facts),
    ...lateRequests(facts),
    ...busyThreads(facts),
    ...waitsForProcessors(facts),
    ...sharedProcessors(facts),
    ...stolenTime(facts),
    ...slowClock(facts),
  ]
}

/** What is never answered is easily overlooked beside what is. Where nothing is, the verdict says so. */
function* unansweredKinds({ plan, kinds }: DoubtFacts): Generator<string> {
  const asked = kinds.filter(({ kind }) => plannedKindsOf(plan).includes(kind))
  if (asked.every(({ outcomes }) => outcomes.answered === 0)) return
  for (const { kind, outcomes } of asked) {
    const requests = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
    if (requests > 0 && outcomes.answered === 0) yield `None of ${requests} ${kind} requests was answered.`
  }
}

/** A tracker that ended half-way has good figures until then. */
function* silenceAtTheEnd({ series, measuredSeconds }: DoubtFacts): Generator<string> {
  const last = series.findLastIndex(({ answered }) => answered > 0)
  if (last < 0 || last === series.length - 1) return
  const seconds = measuredSeconds - series[last + 1].second
  const failed = series.slice(last).reduce((sum, point) => sum + point.failed, 0)
  if (seconds < SILENCE_SECONDS_MIN || failed === 0) return
  yield `Nothing that was asked in the last ${seconds.toFixed(0)} s of the measurement was answered: the tracker has ended, or answers no more.`
}

/** The sockets' own counters know whose datagrams were lost; those of the kernel are the whole machine's. */
function* lostDatagrams({ plan, selfCheck }: DoubtFacts): Generator<string> {
  if (plan.protocol !== 'udp') return
  const { kernelReceiveDrops, kernelSendDrops, socketDrops } = selfCheck
  const own = socketDrops ?? 0
  if (own > 0) {
    yield `${datagrams(own)} lost in the receive buffers of the load test, not by the tracker: raise net.core.rmem_max (sysctl -w net.core.rmem_max=${2 * plan.receiveBufferBytes}) and the load test's receive buffer, or use more workers.`
  }
  const others = (kernelReceiveDrops ?? 0) - own
  if (others > 0) {
    yield socketDrops === null
      ? `${datagrams(others)} lost in receive buffers of this machine, in those of the load test or of a tracker that runs here too: raise net.core.rmem_max and the buffers of both.`
      : `${datagrams(others)} lost in receive buffers of other programs on this machine: a tracker that runs here did not read them in time. Raise net.core.rmem_max and the tracker's receive buffer, or give it more workers.`
  }
  if ((kernelSendDrops ?? 0) > 0) {
    yield `${datagrams(kernelSendDrops ?? 0)} refused for want of room in send buffers of this machine: the load test sends its own again, answers of a tracker that runs here are lost. Raise net.core.wmem_max and the tracker's send buffer.`
  }
}

function* smallBuffer({ plan, selfCheck }: DoubtFacts): Generator<string> {
  const { receiveBufferBytesGranted: granted } = selfCheck
  const { receiveBufferBytes: asked } = plan
  if (granted === null || granted >= asked) return
  yield `Receive buffers are ${granted} bytes, not the ${asked} that were asked for, so that bursts of answers may be lost: sysctl -w net.core.rmem_max=${asked}.`
}

function* waitedInVain({ plan, kinds, selfCheck }: DoubtFacts): Generator<string> {
  const { rateRatio } = selfCheck
  if (rateRatio === null || rateRatio >= RATE_RATIO_MIN) return
  // The verdict has its own words for what the load test itself did not get to.
  if (kinds.some(({ outcomes }) => outcomes.unsent > outcomes.timedOut)) return
  yield plan.protocol === 'udp'
    ? `${percent(1 - rateRatio)} of the requests were not sent in the measurement, as the tracker gave no connection id for them: they count as lost.`
    : `${percent(1 - rateRatio)} of the requests were not sent in the measurement, as every connection waited for an answer or had to be opened again: this is in the response times. More connections can have more requests under way.`
}

/** Whether half of the response time's p99 or more is the load test's own lateness. */
export function isMostlyLag({ kinds, selfCheck }: Pick<DoubtFacts, 'kinds' | 'selfCheck'>): boolean {
  const { lagP99Us } = selfCheck
  if (lagP99Us === null || lagP99Us <= LAG_MIN_US) return false
  const p99Us = kinds.flatMap(({ response }) =>
    response === null || response.count === 0 ? [] : [response.p99Us],
  )
  return p99Us.length > 0 && lagP99Us > Math.max(...p99Us) / 2
}

/** Less than makes the test void, but a good part of what is reported. */
function* lateRequests(facts: DoubtFacts): Generator<string> {
  if (!isMostlyLag(facts)) return
  const lagMs = (facts.selfCheck.lagP99Us ?? 0) / 1000
  yield `Half of the response time's p99 or more is the load test's own lateness (p99 ${lagMs.toFixed(1)} ms): read the service time, use more workers, or give the load test processors of its own.`
}

function* busyThreads({ plan, selfCheck }: DoubtFacts): Generator<string> {
  const most = Math.max(0, ...selfCheck.workerProcessorShares)
  if (most <= THREAD_SHARE_MAX) return
  yield plan.pacing.mode === 'open'
    ? `A worker of the load test used ${percent(most)} of a processor and has nothing in reserve: use more workers.`
    : `A worker of the load test used ${percent(most)} of a processor: the tracker may be able to do more. Use more workers, and processors of their own.`
}

/** Answers lie unread meanwhile, and the tracker seems slow. */
function* waitsForProcessors({ selfCheck }: DoubtFacts): Generator<string> {
  const most = Math.max(0, ...selfCheck.workerWaitShares)
  if (most <= WAIT_SHARE_MAX) return
  yield `A worker of the load test waited ${percent(most)} of the time for a processor, and its answers with it: latencies are longer than the tracker's. Use fewer workers, or give them processors of their own.`
}

function* sharedProcessors({ plan, idleShare }: DoubtFacts): Generator<string> {
  if (idleShare === null || idleShare >= IDLE_SHARE_MIN || !isOnThisMachine(plan.target.address)) return
  yield `The tracker and the load test took processor time from each other (${percent(idleShare)} of this machine's was free): give each processors of its own (taskset), or use two machines.`
}

function* stolenTime({ selfCheck }: DoubtFacts): Generator<string> {
  const { stealShare } = selfCheck
  if (stealShare === null || stealShare <= STEAL_SHARE_MAX) return
  yield `The host took ${percent(stealShare)} of this machine's processor time for others: repeat the test when it is quiet, or on a machine of its own.`
}

function* slowClock({ clockSource }: DoubtFacts): Generator<string> {
  if (clockSource === null || FAST_CLOCK_SOURCES.includes(clockSource)) return
  yield `This machine reads its clock from ${clockSource}, with a system call each time, which slows the load test and the tracker: boot with clocksource=tsc where the processor allows it.`
}

function datagrams(count: number): string {
  return count === 1 ? '1 datagram was' : `${count} datagrams were`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}
