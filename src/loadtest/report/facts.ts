// What a report says beside the table of kinds, each as a label and a text: used by the table and the HTML page.

import type { OutcomeName } from '../kinds.js'
import type { KindFigures, LoadTestResult, ObjectiveResult } from '../result.js'
import { isValid } from './headline.js'
import { byteRateText, durationText, msNumber, shareText, threeDigits, wholeNumber } from './number-text.js'

export interface Fact {
  readonly label: string
  readonly text: string
}

/** Classes of requests that were not answered, in words. */
const failureWords: Readonly<Record<Exclude<OutcomeName, 'answered'>, string>> = {
  refused: 'refused',
  malformed: 'malformed',
  wrongType: 'of another kind',
  timedOut: 'timed out',
  broken: 'broken connections',
  unsent: 'not sent',
}

/** `1,320 timed out, 12 refused`; empty where all was answered. */
export function failuresText({ outcomes }: KindFigures): string {
  return Object.entries(failureWords)
    .map(([name, words]) => [outcomes[name as OutcomeName], words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${wholeNumber(count)} ${words}`)
    .join(', ')
}

/** One for each kind that has failures. */
export function failureFacts({ kinds }: LoadTestResult): Fact[] {
  return kinds.map(kind => ({ label: kind.kind, text: failuresText(kind) })).filter(({ text }) => text !== '')
}

/** Of the answers and the connections they came over; where the result is void, what came instead of answers. */
export function answerFacts(result: LoadTestResult): Fact[] {
  const { counts, kinds, measuredSeconds, plan, verdict } = result
  const strays = `${wholeNumber(counts.late)} late, ${wholeNumber(counts.duplicate)} duplicate, ${wholeNumber(counts.unknown)} unknown`
  const hasStrays = counts.late + counts.duplicate + counts.unknown > 0
  if (verdict === 'no-answers') return hasStrays ? [{ label: 'answers', text: strays }] : []
  if (!isValid(result)) return []
  const announces = kinds.find(({ kind }) => kind === 'announce')?.outcomes.answered ?? 0
  // WebTorrent's answers carry offers, not peers.
  const peers =
    announces === 0 || plan.protocol === 'ws'
      ? ''
      : `, ${threeDigits(counts.peersReceived / announces)} peers per announce`
  const perSecond = (bytes: number): string => byteRateText(measuredSeconds > 0 ? bytes / measuredSeconds : 0)
  const facts: Fact[] = [
    {
      label: 'answers',
      text: `${strays}${peers}`,
    },
    {
      label: 'traffic',
      text: `${perSecond(counts.bytesSent)} sent, ${perSecond(counts.bytesReceived)} received`,
    },
  ]
  if (counts.verified > 0) facts.push({ label: 'verified', text: verifiedText(counts) })
  if (plan.protocol !== 'udp') {
    const { connectionsOpened: opened, connectionsFailed: failed, connectionsLost: lost } = counts
    const text = `${wholeNumber(opened)} opened, ${wholeNumber(failed)} failed, ${wholeNumber(lost)} lost`
    facts.push({ label: 'connections', text })
  }
  return facts
}

function verifiedText({ verified, verifiedWrong: wrong }: LoadTestResult['counts']): string {
  return `${wholeNumber(verified)} answers, ${wrong === 0 ? 'none' : wholeNumber(wrong)} wrong`
}

/** Of the machine that made the load: said of void results too. */
export function machineFacts({ selfCheck, counts, plan }: LoadTestResult): Fact[] {
  const facts: Fact[] = []
  const { lagP99Us, lagMaxUs, rateRatio, workerProcessorShares, stealShare } = selfCheck
  if (lagP99Us !== null || rateRatio !== null) {
    const lag = `sent late: p99 ${unknown(lagP99Us, durationText)}, at most ${unknown(lagMaxUs, durationText)}`
    facts.push({ label: 'schedule', text: `${lag}; ${unknown(rateRatio, shareText)} of what was planned` })
  }
  if (plan.protocol === 'udp')
    facts.push({ label: 'lost here', text: dropsText(selfCheck, counts.sendsRetried) })
  const steal = stealShare === null || stealShare <= 0 ? '' : `; ${shareText(stealShare)} taken by the host`
  const shares = workerProcessorShares.map(share => `${Math.round(share * 100)} %`).join(', ')
  facts.push({ label: 'workers', text: shares === '' ? 'unknown' : `processor ${shares}${steal}` })
  return facts
}

function dropsText(
  { kernelReceiveDrops, kernelSendDrops, socketDrops }: LoadTestResult['selfCheck'],
  retried: number,
): string {
  const count = (value: number | null): string => unknown(value, wholeNumber)
  const repeated = retried === 0 ? '' : `; ${wholeNumber(retried)} sends repeated`
  return (
    `kernel ${count(kernelReceiveDrops)} received, ${count(kernelSendDrops)} sent; ` +
    `own sockets ${count(socketDrops)}${repeated}`
  )
}

function unknown(value: number | null, text: (value: number) => string): string {
  return value === null ? 'unknown' : text(value)
}

/** What was measured, in words; the units are those of src/config/objective.ts. */
export function measuredText({ text, measured }: ObjectiveResult): string {
  if (measured === null) return 'nothing to measure'
  if (/\bloss\b/.test(text)) return shareText(measured)
  if (/\b(p\d|max|mean)/.test(text)) return `${msNumber(measured)} ms`
  return wholeNumber(measured)
}
