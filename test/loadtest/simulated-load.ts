// A load test without threads, sockets and time: schedule and accounts as generators use them, against a tracker that
// is a function. What should come out can be computed.

import { Accounts } from '../../src/loadtest/accounts.js'
import { createRunControlMemory, RunControl } from '../../src/loadtest/control.js'
import { LoadKind, Outcome } from '../../src/loadtest/kinds.js'
import { kindFigures } from '../../src/loadtest/latency-figures.js'
import type { Stage } from '../../src/loadtest/plan.js'
import { Random } from '../../src/loadtest/random.js'
import type { KindFigures } from '../../src/loadtest/result.js'
import { Schedule } from '../../src/loadtest/schedule.js'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory, Latency, Period } from '../../src/loadtest/tally.js'

/** Like the monotonic clock of a machine that has been up for a while. */
export const START_MS = 123_456_789.25
export const TIMEOUT_MS = 2000

export interface SimulatedLoad {
  readonly workers: number
  readonly warmUpSeconds: number
  readonly measureSeconds: number
  /**
   * When the answer to what is sent at a moment comes; null: never. Times are milliseconds from the start of the
   * measurement, the warm-up is before 0.
   */
  readonly answerMs: (sentMs: number, plannedMs: number) => number | null
}

export interface OpenLoad extends SimulatedLoad {
  readonly stages: readonly Stage[]
  readonly spacing: 'even' | 'poisson'
  /** Connections of each worker with one request each; requests wait for a free one. Infinity: none waits. */
  readonly connections: number
  /** When the generator gets to what is due at a moment: later, or then. */
  readonly attendMs?: (dueMs: number) => number
}

interface Bench {
  readonly control: RunControl
  readonly tallies: Tallies
  readonly measureStartMs: number
  accountsOf(worker: number): Accounts
}

function benchOf({ workers, warmUpSeconds, measureSeconds }: SimulatedLoad, isOpenLoop: boolean): Bench {
  const memory = createTallyMemory(workers, measureSeconds)
  const control = new RunControl(createRunControlMemory(workers))
  const tallies = new Tallies(memory, workers)
  const measureStartMs = START_MS + warmUpSeconds * 1000
  control.setTimes(START_MS, measureStartMs, measureStartMs + measureSeconds * 1000)
  const accountsOf = (worker: number): Accounts =>
    new Accounts(tallies.workers[worker], control, TIMEOUT_MS, isOpenLoop)
  return { control, tallies, measureStartMs, accountsOf }
}

/** Runs to the end of the drain, in which everything is answered or times out. */
export function runOpen(load: OpenLoad): { figures: KindFigures; tallies: Tallies } {
  const bench = benchOf(load, true)
  const { stages, spacing, workers, connections, attendMs = dueMs => dueMs } = load
  for (let worker = 0; worker < workers; worker++) {
    const accounts = bench.accountsOf(worker)
    const schedule = new Schedule({ stages, spacing, workers, worker }, new Random(1, worker))
    const freeAtMs = new Float64Array(Number.isFinite(connections) ? connections : 0)
    for (; START_MS + schedule.nextMs < bench.control.measureEndMs; schedule.advance()) {
      const plannedMs = START_MS + schedule.nextMs
      const connection = indexOfLeast(freeAtMs)
      const couldMs = connection < 0 ? plannedMs : Math.max(plannedMs, freeAtMs[connection])
      const sentMs = attendMs(couldMs)
      accounts.recordLag(plannedMs, sentMs - couldMs)
      const endMs = ask(bench, load, accounts, plannedMs, sentMs)
      if (connection >= 0) freeAtMs[connection] = endMs
    }
  }
  return { figures: figuresOf(bench, load, true), tallies: bench.tallies }
}

/** `window` requests under way for each worker, all the time. */
export function runClosed(load: SimulatedLoad & { readonly window: number }): {
  figures: KindFigures
  tallies: Tallies
} {
  const bench = benchOf(load, false)
  for (let worker = 0; worker < load.workers; worker++) {
    const accounts = bench.accountsOf(worker)
    for (let slot = 0; slot < load.window; slot++) {
      for (let sentMs = START_MS; sentMs < bench.control.measureEndMs; ) {
        sentMs = ask(bench, load, accounts, sentMs, sentMs)
      }
    }
  }
  return { figures: figuresOf(bench, load, false), tallies: bench.tallies }
}

/** @returns when it is answered or given up */
function ask(
  bench: Bench,
  load: SimulatedLoad,
  accounts: Accounts,
  plannedMs: number,
  sentMs: number,
): number {
  const start = bench.measureStartMs
  const answerMs = load.answerMs(sentMs - start, plannedMs - start)
  if (answerMs === null || start + answerMs - sentMs >= TIMEOUT_MS) {
    // Generators look for what has timed out now and then.
    const noticedMs = sentMs + TIMEOUT_MS + 170
    accounts.resolve(LoadKind.announce, Outcome.timedOut, plannedMs, sentMs, noticedMs)
    return noticedMs
  }
  accounts.resolve(LoadKind.announce, Outcome.answered, plannedMs, sentMs, start + answerMs)
  return start + answerMs
}

function figuresOf({ tallies }: Bench, { measureSeconds }: SimulatedLoad, isOpen: boolean): KindFigures {
  return kindFigures({
    kind: 'announce',
    outcomes: tallies.outcomes(LoadKind.announce, Period.measured),
    arrivals: tallies.arrivals(LoadKind.announce),
    measuredSeconds: measureSeconds,
    response: isOpen ? tallies.latencies(LoadKind.announce, Latency.response, Period.measured) : null,
    service: tallies.latencies(LoadKind.announce, Latency.service, Period.measured),
  })
}

/** -1 for an empty array. */
function indexOfLeast(values: Float64Array): number {
  let least = values.length > 0 ? 0 : -1
  for (let index = 1; index < values.length; index++) if (values[index] < values[least]) least = index
  return least
}
