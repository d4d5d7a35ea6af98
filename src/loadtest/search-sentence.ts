// What a search came to, in words.

import { rateText } from './plan-text.js'
import type { ObjectiveResult, Verdict } from './result.js'

export type SearchEnd =
  /** The bounds are near enough. */
  | 'found'
  /** The load generator can't do more: the tracker may. */
  | 'generator'
  /** The tracker keeps its objectives at no rate. */
  | 'no-rate'
  /** The tracker answers no more, or never did. */
  | 'silent'
  | 'trials'
  | 'interrupted'
  /** A trial could not be run. */
  | 'failed'

export interface SearchFacts {
  readonly end: SearchEnd
  readonly ratePerSecond: number | null
  readonly upperRatePerSecond: number | null
  /** What passed a short trial; null where nothing did. */
  readonly promisingRatePerSecond: number | null
  readonly leastRate: number
  readonly trials: number
  /** Of the last trial. */
  readonly objectives: readonly ObjectiveResult[]
  readonly error: unknown
}

/** Only a search that the generator or a silent tracker ended is void. */
export function verdictOf(end: SearchEnd): Verdict {
  if (end === 'generator') return 'generator-bound'
  return end === 'silent' ? 'no-answers' : 'valid'
}

export function searchSentence(facts: SearchFacts): string {
  const { ratePerSecond, upperRatePerSecond } = facts
  if (facts.end === 'found') {
    const above = upperRatePerSecond === null ? '' : `, and no longer at ${rateText(upperRatePerSecond)}/s`
    return `The tracker keeps its objectives at ${rateText(ratePerSecond ?? 0)}/s${above}.`
  }
  return `${why(facts)}${known(facts)}`
}

function why({ end, trials, leastRate, objectives, error }: SearchFacts): string {
  switch (end) {
    case 'generator':
      return 'The load test itself can do no more: use more workers, or another machine.'
    case 'no-rate': {
      const missed = objectives.filter(({ isMet }) => !isMet).map(({ text }) => text)
      return `The tracker keeps its objectives at no rate down to ${rateText(leastRate)}/s${missed.length > 0 ? `: there it misses ${missed.join(' and ')}` : ''}.`
    }
    case 'silent':
      return trials <= 1 ? 'The tracker does not answer.' : 'The tracker answers no more.'
    case 'trials':
      return `The search was given up after ${trials} trials, as its results contradict each other or the rate is far from what was expected.`
    case 'failed':
      return `A trial could not be run: ${error instanceof Error ? error.message : String(error)}`
    default:
      return 'The search was interrupted.'
  }
}

function known({ end, ratePerSecond, promisingRatePerSecond }: SearchFacts): string {
  if (ratePerSecond !== null)
    return ` At least ${rateText(ratePerSecond)}/s is kept, as trials of full length confirmed.`
  if (end === 'no-rate' || promisingRatePerSecond === null) return ''
  return ` A short trial passed at ${rateText(promisingRatePerSecond)}/s; nothing is confirmed.`
}
