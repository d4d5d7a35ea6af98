// Runs a planned load test, or the trials of a search, with whoever shows it; and says what the process exits with.

import { ExitCode } from '../errors.js'
import type { LiveLoad } from '../loadtest/live.js'
import type { LoadPlan } from '../loadtest/plan.js'
import type { LoadTestConfig } from '../loadtest/plan-of-config.js'
import type { LoadTestResult } from '../loadtest/result.js'
import type { SearchOptions } from '../loadtest/search.js'
import type { Reporter } from '../tui/reporter.js'
import type { StopRequest } from './serving.js'

/** In lines, trials of a search that are shorter than this have one when they are over, and no others. */
const TOLD_TRIAL_SECONDS = 10

/** A test that is about to run. */
export interface Prepared {
  readonly test: LoadTestConfig
  readonly plan: LoadPlan
  readonly reporter: Reporter
  readonly stop: StopRequest
}

/** What came of it. */
export interface Finished {
  readonly result: LoadTestResult
  readonly exitCode: number
  /** What ended a search early. */
  readonly error?: unknown
}

/** Runs the test, or the trials of its search, and shows it meanwhile. */
export async function runPrepared(prepared: Prepared): Promise<Finished> {
  const { test, plan, reporter, stop } = prepared
  const [{ runLoadTest }, { LoadScreen }, objectives] = await Promise.all([
    import('../loadtest/run.js'),
    import('./screens/load-screen.js'),
    import('../loadtest/objectives.js'),
  ])
  const { load } = test.config
  const demanded = objectives.objectivesOf(load.objectives, test.protocol)
  const screen = new LoadScreen()
  const isTold = ({ phases }: LoadPlan): boolean =>
    !load.search || reporter.kind === 'screen' || phases.measureSeconds >= TOLD_TRIAL_SECONDS
  const run = (trial: LoadPlan, note?: string): Promise<LoadTestResult> =>
    runLoadTest(trial, {
      signal: stop.signal,
      ...(isTold(trial) ? { onLive: (live: LiveLoad) => reporter.show(screen.of(live)) } : {}),
      judge: result => objectives.judgeObjectives(demanded, result),
      judgeLive: live => objectives.judgeLiveObjectives(demanded, live),
      ...(note === undefined ? {} : { note }),
    })
  if (load.search) return searchFor(prepared, run, demanded.length > 0)
  const result = await run(plan)
  return { result, exitCode: exitCodeOf(result, stop) }
}

function exitCodeOf(result: LoadTestResult, stop: StopRequest): number {
  if (result.isInterrupted) return stop.exitCode()
  if (result.verdict === 'generator-bound') return ExitCode.invalid
  if (result.verdict === 'no-answers') return ExitCode.failure
  return result.objectives.every(({ isMet }) => isMet) ? ExitCode.ok : ExitCode.objectiveMissed
}

async function searchFor(
  { test, plan, reporter, stop }: Prepared,
  run: (trial: LoadPlan, note: string) => Promise<LoadTestResult>,
  hasObjectives: boolean,
): Promise<Finished> {
  const [{ searchRate, estimateSeconds }, { trialPlan }, { searchTrialLine }] = await Promise.all([
    import('../loadtest/search.js'),
    import('../loadtest/plan-of-config.js'),
    import('./screens/search-line.js'),
  ])
  const { search } = test.config
  let isFilled = false
  const { warmUpSeconds, measureSeconds } = plan.phases
  const say = (line: string): void => {
    if (reporter.kind !== 'silent') reporter.print(`${line}\n`)
  }
  const options: SearchOptions = {
    trialSeconds: measureSeconds,
    shortTrialSeconds: search.shortTrial,
    width: search.width,
    trialsMax: search.maxTrials,
    mostRate: search.maxRate,
    overheadSeconds: warmUpSeconds + 1,
    signal: stop.signal,
    ...(hasObjectives ? { judge: ({ objectives }) => objectives } : {}),
    onTrial: progress => say(searchTrialLine(progress)),
  }
  const minutes = Math.ceil(estimateSeconds(options) / 60)
  say(`searching for the highest rate; this takes about ${minutes} min`)
  const outcome = await searchRate(options, async (rate, seconds, note) => {
    const trial = trialPlan(plan, rate, seconds)
    // What the first trial has filled stays filled.
    const phases = isFilled ? { ...trial.phases, fillSeconds: 0 } : trial.phases
    isFilled = true
    return run({ ...trial, phases }, note)
  })
  if (outcome.result === null) throw outcome.error ?? new Error(outcome.sentence)
  const { result } = outcome
  const isFailed = outcome.end === 'failed' || outcome.end === 'trials'
  const exitCode = isFailed ? ExitCode.failure : exitCodeOf(result, stop)
  return { result, exitCode, ...(outcome.end === 'failed' ? { error: outcome.error } : {}) }
}
