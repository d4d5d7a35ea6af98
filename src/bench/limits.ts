// Who was the limit of a measurement: the contender, the load generator, or neither. What the generator limits is no
// figure of the contender, but a bound of it.

import type { LatencyPoint, Saturation } from './cell-result.js'

/** Above this share of its processors the load generator may have been what was measured. */
const GENERATOR_SHARE_MAX = 0.95
/** Below this share of its processors a contender was not saturated. */
const SATURATED_SHARE_MIN = 0.9
/** Below this share of their processors neither contender nor load was the limit. */
const IDLE_SHARE_MAX = 0.5
/** A generator that is late by more than this part of a latency is a part of it. */
const LATE_SHARE_MAX = 0.25
/** One answer in a hundred waits with a worker that waits; half of them is enough to move that percentile. */
const WAIT_SHARE_MAX = 0.005
/** A worker that waits so much is in the median too. */
const WAIT_SHARE_OF_MEDIAN_MAX = 0.1
/** From here on the 99th percentile is among the lost requests, and so the time limit. */
const LOSS_SHARE_MAX = 0.01

/** `generator`: it was busy and the contender was not. `unclear`: neither was all the time. `nobody`: neither was. */
export type RateLimit = 'contender' | 'generator' | 'unclear' | 'nobody'

export function rateLimitOf({ processorsUsed, generatorShare }: Saturation): RateLimit {
  if (processorsUsed !== null && processorsUsed >= SATURATED_SHARE_MIN) return 'contender'
  if (generatorShare > GENERATOR_SHARE_MAX) return 'generator'
  // Nobody sees how busy a tracker is that runs elsewhere.
  if (processorsUsed === null) return 'contender'
  return generatorShare < IDLE_SHARE_MAX && processorsUsed < IDLE_SHARE_MAX ? 'nobody' : 'unclear'
}

/** Whether its percentiles are of answers, and of the rate that was asked for. */
export function isTelling({ isValid, lossShare }: LatencyPoint): boolean {
  return isValid && lossShare < LOSS_SHARE_MAX
}

/** Whether the generator's own waiting is in the median. */
export function isGeneratorMostlyLate({ waitShare }: LatencyPoint): boolean {
  return (waitShare ?? 0) > WAIT_SHARE_OF_MEDIAN_MAX
}

/** Whether the generator's own waiting is in the 99th percentile, so that the contender's is smaller. */
export function isGeneratorLate({
  lagP99Us,
  waitShare,
  p99Us,
}: Pick<LatencyPoint, 'lagP99Us' | 'waitShare' | 'p99Us'>): boolean {
  return (lagP99Us ?? 0) > p99Us * LATE_SHARE_MAX || (waitShare ?? 0) > WAIT_SHARE_MAX
}
