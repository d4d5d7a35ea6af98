// What became of a request, by the answer to it: the outcome, and words for what was wrong.

import type { HttpResponse } from '../../protocol/http/response-decoder.js'
import { AnswerKind, readTrackerAnswer, TrackerAnswer } from '../../protocol/http/tracker-answer.js'
import type { Remarks } from '../generator.js'
import { LoadKind, loadKindNames, Outcome } from '../kinds.js'

/** What is asked over a connection. */
export type HttpKind = LoadKind.announce | LoadKind.scrape

/** Of a text in an answer, that much is shown. */
const SHOWN_BYTES_MAX = 100

export class HttpAnswers {
  /** What the last answer of HTTP status 200 said. */
  readonly answer = new TrackerAnswer()
  readonly #remarks: Remarks

  constructor(remarks: Remarks) {
    this.#remarks = remarks
  }

  /** @returns an `Outcome`; whatever is not `answered` is remarked on */
  judge(kind: HttpKind, response: HttpResponse, input: Uint8Array): Outcome {
    if (response.statusCode !== 200) return this.#refusedByStatus(kind, response.statusCode)
    const { bodyStart, bodyEnd } = response
    const { answer } = this
    const found = readTrackerAnswer(input, bodyStart, bodyEnd, answer)
    if (found === (kind === LoadKind.announce ? AnswerKind.announce : AnswerKind.scrape)) {
      return Outcome.answered
    }
    if (found === AnswerKind.failure) {
      const reason = shownText(input, answer.failureStart, answer.failureEnd)
      this.#remark(kind, `refused: ${reason}`)
      return Outcome.refused
    }
    if (found === AnswerKind.announce || found === AnswerKind.scrape) {
      const other = found === AnswerKind.announce ? 'an announce' : 'a scrape'
      this.#remark(kind, `answered as ${other}`)
      return Outcome.wrongType
    }
    this.#remark(kind, `malformed: ${malformation(response, input, found)}`)
    return Outcome.malformed
  }

  #refusedByStatus(kind: HttpKind, statusCode: number): Outcome {
    const isRedirect = statusCode >= 300 && statusCode < 400
    this.#remark(kind, `refused: HTTP ${statusCode}${isRedirect ? ', a redirect (not followed)' : ''}`)
    return Outcome.refused
  }

  #remark(kind: HttpKind, text: string): void {
    this.#remarks.add(`${loadKindNames[kind]} ${text}`)
  }
}

function malformation(response: HttpResponse, input: Uint8Array, found: number): string {
  if (response.isEncoded) return 'compressed, though that was not asked for'
  if (found === AnswerKind.other) return 'a dictionary without peers or files'
  const { bodyStart, bodyEnd } = response
  if (bodyStart === bodyEnd) return 'an empty body'
  return `not bencoded: ${shownText(input, bodyStart, Math.min(bodyEnd, bodyStart + 32))}`
}

/** Bytes of an answer as text; what is no UTF-8 as U+FFFD. (Controls are taken out by `Remarks`.) */
export function shownText(input: Uint8Array, start: number, end: number): string {
  const shown = input.subarray(start, Math.min(end, start + SHOWN_BYTES_MAX))
  return new TextDecoder().decode(shown)
}
