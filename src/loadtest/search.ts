// Finds the highest rate at which a tracker keeps its objectives: bisection with short trials, then trials of full
// length that alone count (a small MLRsearch, RFC 9971). It knows trials only by their results: nothing of sockets.
//
//   closed loop, short ─► about what it can do ─► open loop, short: bracket, bisect ─► open loop, full length:
//   confirm the lower bound, then the next rate above it (each by two of three), and move on where one was wrong

import { rateText } from './plan-text.js'
import type { LoadTestResult, ObjectiveResult, TrialResult } from './result.js'
import { RateBounds } from './search-bounds.js'
import { defaultObjectives, isLossy, trialFigures } from './search-objectives.js'
import { type SearchEnd, searchSentence, verdictOf } from './search-sentence.js'
import { isMostlyLag } from './self-check-doubts.js'

export interface SearchOptions {
  /** Length of the measurement of trials that count. */
  readonly trialSeconds: number
  /** Of those that only show where to look. */
  readonly shortTrialSeconds?: number
  /** The search ends when the upper bound is at most this much above the lower one; 0.02 is 2 %. */
  readonly width?: number
  /** Never more trials than this. */
  readonly trialsMax?: number
  /** Rates that are tried lie between these, per second. */
  readonly leastRate?: number
  readonly mostRate?: number
  /** What a rate has to keep; `loss<0.1%` and `p99<100ms` (or half the time limit) without. */
  readonly judge?: (result: LoadTestResult) => readonly ObjectiveResult[]
  /** Ends the search with what is known; the trial under way has to be ended by whoever runs it. */
  readonly signal?: AbortSignal
  /** After each trial. */
  readonly onTrial?: (progress: SearchProgress) => void
  /** Connect, fill, warm-up and drain of each trial, for estimates. */
  readonly overheadSeconds?: number
}

/**
 * One load test of so many seconds.
 * @param ratePerSecond of an open loop; null: a closed one, at full speed
 * @param note for the screen: which trial, and what is known so far
 */
export type RunTrial = (
  ratePerSecond: number | null,
  seconds: number,
  note: string,
) => Promise<LoadTestResult>

export interface SearchProgress {
  readonly trial: TrialResult
  readonly trials: number
  /** Highest rate that passed and lowest that did not, of full length once there are such trials; null: none yet. */
  readonly lower: number | null
  readonly upper: number | null
  readonly remainingSeconds: number
}

export interface SearchOutcome {
  readonly end: SearchEnd
  /** What was found, or why nothing was, in one sentence. */
  readonly sentence: string
  /** Highest rate that was confirmed; null where none was. */
  readonly ratePerSecond: number | null
  /** Lowest rate that was confirmed not to pass; null where none was. */
  readonly upperRatePerSecond: number | null
  /** The trial that confirmed the rate, else the last one, with the whole search in it; null where none ended. */
  readonly result: LoadTestResult | null
  /** What ended a search that `failed`. */
  readonly error: unknown
}

const defaults: Required<
  Pick<
    SearchOptions,
    'shortTrialSeconds' | 'width' | 'trialsMax' | 'leastRate' | 'mostRate' | 'overheadSeconds'
  >
> = { shortTrialSeconds: 2, width: 0.02, trialsMax: 60, leastRate: 1, mostRate: 1e9, overheadSeconds: 1 }
/** From what a closed loop could do to the next rate up or down. */
const FIRST_STEP = 1.25
/** A rate passes with so many trials of full length, and fails with as many. */
const TRIALS_TO_DECIDE = 2
const TRIALS_EACH_MAX = 3

type Judgement = 'passed' | 'tracker' | 'generator'

/** Searches; rejects where not even the first trial could be run. */
export function searchRate(options: SearchOptions, runTrial: RunTrial): Promise<SearchOutcome> {
  return new RateSearch(options, runTrial).run()
}

/** Seconds that a search of a quiet tracker takes, about. */
export function estimateSeconds(options: SearchOptions): number {
  return new RateSearch(options, () => Promise.reject()).remainingSeconds
}

/** Ends a search from within; what is known is in the search. */
class SearchEnded extends Error {
  readonly end: SearchEnd

  constructor(end: SearchEnd, cause?: unknown) {
    super(end, { cause })
    this.end = end
  }
}

class RateSearch {
  readonly #options: typeof defaults & SearchOptions
  readonly #runTrial: RunTrial
  readonly #short: RateBounds
  readonly #full: RateBounds
  readonly #trials: TrialResult[] = []
  #told = 0
  /** Whether trials of full length have begun. */
  #isConfirming = false
  #last: LoadTestResult | null = null
  /** The trial that confirmed the lower bound. */
  #confirmed: LoadTestResult | null = null

  constructor(options: SearchOptions, runTrial: RunTrial) {
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    this.#options = { ...defaults, ...options, ...Object.fromEntries(given) }
    this.#runTrial = runTrial
    this.#short = new RateBounds(this.#options, FIRST_STEP)
    this.#full = new RateBounds(this.#options, 1 + this.#options.width)
  }

  async run(): Promise<SearchOutcome> {
    try {
      const start = await this.#saturate()
      await this.#narrow(this.#short, start, rate => this.#glance(rate))
      this.#isConfirming = true
      if (this.#short.lower !== null) {
        await this.#narrow(this.#full, this.#short.lower, rate => this.#confirm(rate))
      }
      return this.#outcome(this.#naturalEnd(), undefined)
    } catch (error) {
      if (!(error instanceof SearchEnded)) throw error
      return this.#outcome(error.end, error.cause)
    }
  }

  /** What the rest takes if every rate is decided by two trials, about. */
  get remainingSeconds(): number {
    const { trialSeconds, overheadSeconds } = this.#options
    const saturating = this.#trials.length === 0 ? 1 : 0
    const short = this.#isConfirming ? 0 : saturating + this.#short.rest
    const full = this.#full.rest * TRIALS_TO_DECIDE
    return short * (this.#shortSeconds + overheadSeconds) + full * (trialSeconds + overheadSeconds)
  }

  get #shortSeconds(): number {
    return Math.min(this.#options.shortTrialSeconds, this.#options.trialSeconds)
  }

  get #bounds(): RateBounds {
    return this.#isConfirming ? this.#full : this.#short
  }

  /** What a closed loop can do: only where to start, as its window may be too small, or its latencies too long. */
  async #saturate(): Promise<number> {
    const result = await this.#trial(null)
    if (result.verdict === 'no-answers') throw new SearchEnded('silent')
    this.#tell()
    return trialFigures(result).answersPerSecond
  }

  /** Tries rates until nothing is left to find out. */
  async #narrow(
    bounds: RateBounds,
    start: number,
    judge: (rate: number) => Promise<Judgement>,
  ): Promise<void> {
    for (let rate = bounds.next(start); rate !== null; rate = bounds.next(start)) {
      const judgement = await judge(rate)
      if (judgement === 'passed') bounds.passed(rate)
      else bounds.failed(rate, judgement)
      this.#tell()
    }
  }

  /** By one short trial. */
  async #glance(rate: number): Promise<Judgement> {
    return this.#judge(await this.#trial(rate))
  }

  /** By two of three trials of full length. What the generator could not do is nothing the tracker failed at. */
  async #confirm(rate: number): Promise<Judgement> {
    const counts = { passed: 0, tracker: 0, generator: 0 }
    for (let trial = 0; trial < TRIALS_EACH_MAX; trial++) {
      const result = await this.#trial(rate)
      const judgement = await this.#judge(result)
      if (++counts[judgement] === TRIALS_TO_DECIDE) {
        if (judgement === 'passed') this.#confirmed = result
        return judgement
      }
      this.#tell()
    }
    // One of each: as far as anybody knows, the tracker might have passed.
    return 'generator'
  }

  async #judge(result: LoadTestResult): Promise<Judgement> {
    if (result.verdict === 'generator-bound') return 'generator'
    if (result.verdict === 'no-answers') await this.#expectLife()
    if (this.#isPassed(result)) return 'passed'
    // Too late, but not for the tracker's sake: only what it lost is its own.
    return isMostlyLag(result) && !isLossy(result) ? 'generator' : 'tracker'
  }

  /** Nothing was answered: by a tracker with too much to do, or by none. */
  async #expectLife(): Promise<void> {
    const probe = await this.#trial(null)
    if (probe.verdict === 'no-answers') throw new SearchEnded('silent')
  }

  #isPassed(result: LoadTestResult): boolean {
    return result.verdict === 'valid' && this.#judgeObjectives(result).every(({ isMet }) => isMet)
  }

  #judgeObjectives(result: LoadTestResult): readonly ObjectiveResult[] {
    return (this.#options.judge ?? defaultObjectives)(result)
  }

  /** Runs one, in an open loop at a rate or in a closed one, and writes it down. */
  async #trial(rate: number | null): Promise<LoadTestResult> {
    const { signal, trialsMax, trialSeconds } = this.#options
    if (signal?.aborted) throw new SearchEnded('interrupted')
    if (this.#trials.length >= trialsMax) throw new SearchEnded('trials')
    const isConfirmation = this.#isConfirming && rate !== null
    const seconds = isConfirmation ? trialSeconds : this.#shortSeconds
    let result: LoadTestResult
    try {
      result = await this.#runTrial(rate, seconds, this.#note(rate, isConfirmation))
    } catch (error) {
      if (signal?.aborted) throw new SearchEnded('interrupted')
      if (this.#last === null) throw error
      throw new SearchEnded('failed', error)
    }
    // One that was cut short says nothing about its rate.
    if (result.isInterrupted || signal?.aborted) {
      this.#last ??= result
      throw new SearchEnded('interrupted')
    }
    this.#last = result
    this.#record(result, rate, isConfirmation)
    return result
  }

  #record(result: LoadTestResult, rate: number | null, isConfirmation: boolean): void {
    const { answersPerSecond, lossShare, p99Us } = trialFigures(result)
    const trial: TrialResult = {
      isClosedLoop: rate === null,
      ratePerSecond: rate ?? answersPerSecond,
      answersPerSecond,
      lossShare,
      p99Us: p99Us ?? 0,
      isPassed: rate !== null && this.#isPassed(result),
      isConfirmation,
      verdict: result.verdict,
    }
    this.#trials.push(trial)
  }

  /** Tells of trials that have been run since the last time, when it is known what follows from them. */
  #tell(): void {
    const { onTrial } = this.#options
    const { lower, upper } = this.#bounds
    const { remainingSeconds } = this
    while (this.#told < this.#trials.length) {
      const trial = this.#trials[this.#told++]
      onTrial?.({ trial, trials: this.#told, lower, upper, remainingSeconds })
    }
  }

  /** `trial 7: 48k/s, to confirm; between 45k/s and 52k/s`. */
  #note(rate: number | null, isConfirmation: boolean): string {
    const what =
      rate === null ? 'at full speed' : `${rateText(rate)}/s${isConfirmation ? ', to confirm' : ''}`
    const { lower, upper } = this.#isConfirming && this.#full.upper === null ? this.#short : this.#bounds
    const known = [
      lower === null ? [] : [`at least ${rateText(lower)}/s`],
      upper === null ? [] : [`less than ${rateText(upper)}/s`],
    ].flat()
    return [`trial ${this.#trials.length + 1}: ${what}`, ...known].join('; ')
  }

  #naturalEnd(): SearchEnd {
    const { lower, upper, upperLimit } = this.#bounds
    if (upper !== null && upperLimit === 'generator') return 'generator'
    if (this.#short.lower === null && this.#short.upperLimit === 'generator') return 'generator'
    return lower === null ? 'no-rate' : 'found'
  }

  #outcome(end: SearchEnd, error: unknown): SearchOutcome {
    this.#tell()
    const ratePerSecond = this.#full.lower
    const upperRatePerSecond = this.#full.upper
    const sentence = searchSentence({
      end,
      ratePerSecond,
      upperRatePerSecond,
      promisingRatePerSecond: this.#short.lower,
      leastRate: this.#options.leastRate,
      trials: this.#trials.length,
      objectives: this.#last === null ? [] : this.#judgeObjectives(this.#last),
      error,
    })
    const base = this.#confirmed ?? this.#last
    const result: LoadTestResult | null = base && {
      ...base,
      isInterrupted: end === 'interrupted',
      verdict: verdictOf(end),
      warnings: end === 'found' ? base.warnings : [sentence, ...base.warnings],
      objectives: this.#judgeObjectives(base),
      search: { ratePerSecond, trials: this.#trials },
    }
    return { end, sentence, ratePerSecond, upperRatePerSecond, result, error }
  }
}
