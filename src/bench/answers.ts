// What the document of a load test says of a contender: its rate, its cost, and whether its answers were right.

import { requestKindsOf } from '../loadtest/kinds.js'
import type { LoadTestDocument } from '../loadtest/report/document.js'
import type { Saturation } from './cell-result.js'
import type { ProcessorWatch } from './processor-watch.js'

/** @param watch null for a tracker that we did not start: its processor time is not known */
export function saturationOf(
  document: LoadTestDocument,
  watch: Pick<ProcessorWatch, 'between'> | null,
  loadProcessors: number,
): Saturation {
  const { measuredSeconds, counts, selfCheck, startedAt, plan } = document
  // Over HTTP and WebTorrent a connection is no response, but what responses come over.
  const kinds = document.kinds.filter(({ kind }) => requestKindsOf[plan.protocol].includes(kind))
  const fromMs = Date.parse(startedAt)
  const time = watch?.between(fromMs, fromMs + measuredSeconds * 1000) ?? null
  const answered = kinds.reduce((sum, { outcomes }) => sum + outcomes.answered, 0)
  const asked = kinds.reduce((sum, { outcomes }) => sum + Object.values(outcomes).reduce(add, 0), 0)
  const announces = kinds.find(({ kind }) => kind === 'announce')?.outcomes.answered ?? 0
  return {
    responsesPerSecond: answered / measuredSeconds,
    userUs: time === null ? null : (time.userMs * 1000) / answered,
    systemUs: time === null ? null : (time.systemMs * 1000) / answered,
    processorsUsed: time === null ? null : (time.userMs + time.systemMs) / 1000 / measuredSeconds,
    lossShare: asked === 0 ? 0 : 1 - answered / asked,
    peersPerAnnounce: announces === 0 ? 0 : counts.peersReceived / announces,
    bytesPerResponse: counts.bytesReceived / answered,
    generatorShare: selfCheck.processorSeconds / measuredSeconds / loadProcessors,
    stealShare: selfCheck.stealShare,
  }
}

/** How many answers were wrong, and a sentence about them, null where there are none. */
export interface WrongAnswers {
  readonly count: number
  readonly reason: string | null
  /** Part of the answers looked at that have more peers than were asked for, and no fault beside that. */
  readonly excessShare: number
}

/** `numwant` is a wish (BEP 15, BEP 23): who sends more pays for it in bytes and time, and clients lose nothing. */
const EXCESS = /^announce answer wrong: more than the \d+ peers that were asked for$/

/**
 * Answers that were looked at and found wrong, and those, looked at or not, that are no answers of the protocol.
 * @param known remarks that are the contender's known way, and no fault here
 *
 * Remarks are of the whole run and counts of the measurement, so that a sum of remarks may be the larger.
 */
export function wrongAnswersIn(
  { counts, remarks, kinds }: Pick<LoadTestDocument, 'counts' | 'remarks' | 'kinds'>,
  known: readonly string[] = [],
): WrongAnswers {
  const garbled = kinds.reduce((sum, { outcomes }) => sum + outcomes.malformed + outcomes.wrongType, 0)
  if (garbled > 0) {
    return { count: garbled, reason: `${garbled} answers were none of the protocol`, excessShare: 0 }
  }
  const { verified, verifiedWrong } = counts
  const all = remarks.filter(([text]) => text.includes(' wrong: '))
  const excess = all.filter(([text]) => EXCESS.test(text))
  const excessShare = verified === 0 ? 0 : Math.min(sumOf(excess), verifiedWrong) / verified
  const others = all.filter(([text]) => !known.includes(text) && !EXCESS.test(text))
  const count = Math.min(all.length === 0 ? verifiedWrong : sumOf(others), verifiedWrong)
  if (count === 0) return { count, reason: null, excessShare }
  const fault = others[0] === undefined ? '' : ` (${others[0][0]})`
  const reason = `${count} of ${verified} answers that were looked at were wrong${fault}`
  return { count, reason, excessShare }
}

function sumOf(remarks: LoadTestDocument['remarks']): number {
  return remarks.reduce((sum, [, count]) => sum + count, 0)
}

/** Above this many new connections for each answer none is kept; one that is kept takes thousands. */
const NEW_CONNECTIONS_MAX = 0.5

/** A sentence for a tracker that closes kept connections after each answer, so that it can't be asked over them. */
export function unkeptConnections({
  counts,
  kinds,
}: Pick<LoadTestDocument, 'counts' | 'kinds'>): string | null {
  const answered = kinds.find(({ kind }) => kind === 'announce')?.outcomes.answered ?? 0
  if (answered === 0 || counts.connectionsOpened / answered <= NEW_CONNECTIONS_MAX) return null
  return `it closes each connection after its answer, ${counts.connectionsOpened} of them for ${answered} answers: see what it costs with one connection for each announce`
}

/** Why nothing was answered, with what the contender said where it said something. */
export function silenceText({ warnings, remarks }: Pick<LoadTestDocument, 'warnings' | 'remarks'>): string {
  const said = remarks[0] === undefined ? '' : ` (${remarks[0][0]})`
  return `${(warnings[0] ?? 'nothing was answered').replace(/\.$/, '')}${said}`
}

/** Whether the load test could not announce all peers in the time it had. */
export function isFilled({ warnings }: Pick<LoadTestDocument, 'warnings'>): boolean {
  return !warnings.some(warning => warning.startsWith('The swarm was not filled'))
}

function add(left: number, right: number): number {
  return left + right
}
