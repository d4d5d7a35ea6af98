// Stages of a load: how long, and from which rate to which.

import { parseQuantity, rateSuffixes, timeSuffixes } from './quantity.js'
import type { TextForm } from './schema.js'

/** The rate moves from one to the other along a line. */
export interface StageText {
  readonly seconds: number
  /** Requests per second. */
  readonly from: number
  readonly to: number
}

/** More is nobody's rate, and a generator's plan is exact up to here. */
export const RATE_MAX = 1e9
/** A week. */
export const SECONDS_MAX = 604_800

/** `10s:0-50k` or `30s:50k`; undefined for anything else. */
export function parseStage(text: string): StageText | undefined {
  const [, time, first, second] = /^([^:]+):([^:-]+)(?:-([^:-]+))?$/.exec(text.trim()) ?? []
  if (time === undefined || first === undefined) return undefined
  const seconds = parseQuantity(time, timeSuffixes)
  const from = parseQuantity(first, rateSuffixes)
  const to = second === undefined ? from : parseQuantity(second, rateSuffixes)
  if (seconds === undefined || from === undefined || to === undefined) return undefined
  if (seconds <= 0 || seconds > SECONDS_MAX || Math.max(from, to) > RATE_MAX) return undefined
  return { seconds, from, to }
}

const time = '\\d[\\d_.]*(ms|s|m|h)?'
const rate = '\\d[\\d_.]*[kM]?'

export const stageForm: TextForm = {
  name: 'a time and a rate, or two with the rate moving from one to the other',
  examples: ['10s:0-50k', '30s:50k'],
  pattern: `^${time}:${rate}(-${rate})?$`,
  problemOf: text => {
    if (parseStage(text) !== undefined) return undefined
    return `Times are up to ${SECONDS_MAX} s and longer than 0, rates up to ${RATE_MAX} per second.`
  },
}
