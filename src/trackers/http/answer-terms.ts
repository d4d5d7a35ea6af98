// Between the handler of connections and what it has requests answered by: the HTTP tracker's answers, or the pages of
// a listener that serves WebTorrent alone.

import type { IpAddress } from '../../protocol/http/ip-text.js'

/** What a request comes with beside its target. Reused. */
export class AnswerTerms {
  /** A `ConnectionWord` for the answer. */
  connection = 0
  /** HEAD: the same answer without its body, and nobody is registered. */
  headOnly = false
  nowSeconds = 0
  /** Set by `answer`, which then has written nothing: everything is asked for, see `FullScrapes`. */
  isFullScrape = false
}

/** Each method writes at `at` and returns the end; `out` has room for `answerBytesMax` at least. */
export interface RequestAnswers {
  /** The longest answer, in bytes. */
  readonly answerBytesMax: number
  /**
   * Answers the request whose target is input[start, end).
   * @param client whose request it is; family 0 where nobody knows, which only those are answered for that do not
   *   need it (`needsAddress`)
   */
  answer(
    input: Uint8Array,
    start: number,
    end: number,
    client: IpAddress,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number
  /** Whether a target is one that needs to know its client. */
  needsAddress(input: Uint8Array, start: number, end: number): boolean
  /** An error of HTTP itself. @param family of the client, for the counters */
  httpError(status: number, family: number, terms: AnswerTerms, out: Uint8Array, at: number): number
  /** A refusal that clients read. @param retryInMinutes minutes, or a `RetryIn` (BEP 31) */
  fail(
    text: Uint8Array,
    retryInMinutes: number,
    family: number,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number
}
