// One line for each trial of a search.

import { rateText } from '../../loadtest/plan-text.js'
import type { SearchProgress } from '../../loadtest/search.js'

/** `trial 7: 48k/s passed (p99 1.2 ms, loss 0 %), full length; at least 48k/s, less than 52k/s; about 2 min left` */
export function searchTrialLine({ trial, trials, lower, upper, remainingSeconds }: SearchProgress): string {
  const {
    isClosedLoop,
    ratePerSecond,
    answersPerSecond,
    p99Us,
    lossShare,
    isPassed,
    isConfirmation,
    verdict,
  } = trial
  const passedOrFailed = isPassed ? 'passed' : 'failed'
  const judgement = verdict !== 'valid' ? verdict : isClosedLoop ? 'done' : passedOrFailed
  const figures = `${rateText(answersPerSecond)}/s answered, p99 ${(p99Us / 1000).toFixed(2)} ms, loss ${(lossShare * 100).toFixed(2)} %`
  const known = [
    ...(lower === null ? [] : [`at least ${rateText(lower)}/s`]),
    ...(upper === null ? [] : [`less than ${rateText(upper)}/s`]),
  ]
  const left = `about ${Math.ceil(remainingSeconds)} s left`
  const length = isConfirmation ? ', full length' : ''
  return [
    `trial ${trials}: ${isClosedLoop ? 'closed loop' : `${rateText(ratePerSecond)}/s`} ${judgement}${length} (${figures})`,
    ...known,
    left,
  ].join('; ')
}
