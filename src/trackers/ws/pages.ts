// What a listener that serves WebTorrent alone answers to plain HTTP: a page that says what it is, or a redirect, and
// health checks. Everything else belongs to a WebSocket.

import { latin1Bytes } from '../../protocol/http/ascii.js'
import type { IpAddress } from '../../protocol/http/ip-text.js'
import { encodeHttpError, encodePage } from '../../protocol/http/plain-response.js'
import { ResponseHead } from '../../protocol/http/response-head.js'
import { decodeTarget, RequestTarget, Route } from '../../protocol/http/target.js'
import type { AnswerTerms, RequestAnswers } from '../http/answer-terms.js'
import { HttpCounter, IPV6_COUNTERS } from '../http/counters.js'
import type { WsPageRules } from './rules.js'

const PLAIN_HEAD = new ResponseHead('200 OK', 'text/plain')
const ROOT_PAGE = latin1Bytes('aquatic WebTorrent tracker. Clients connect to it with a WebSocket.\n')
const REDIRECT_PAGE = latin1Bytes('This is a WebTorrent tracker.\n')
const HEALTH_PAGE = latin1Bytes('OK')
const ROBOTS_PAGE = latin1Bytes('User-agent: *\nDisallow: /\n')
const ANSWER_BYTES_BESIDE_REDIRECT = 1024

export class WsPages implements RequestAnswers {
  readonly answerBytesMax: number
  readonly #hasHealthCheck: boolean
  readonly #counters: Float64Array
  readonly #target = new RequestTarget()
  readonly #rootHead: ResponseHead
  readonly #rootPage: Uint8Array

  /** @param counters one worker's block, indexed by `HttpCounter` */
  constructor({ redirect, hasHealthCheck }: WsPageRules, counters: Float64Array) {
    this.#hasHealthCheck = hasHealthCheck
    this.#counters = counters
    this.#rootHead =
      redirect === '' ? PLAIN_HEAD : new ResponseHead('302 Found', 'text/plain', `Location: ${redirect}\r\n`)
    this.#rootPage = redirect === '' ? ROOT_PAGE : REDIRECT_PAGE
    this.answerBytesMax = ANSWER_BYTES_BESIDE_REDIRECT + redirect.length
  }

  answer(
    input: Uint8Array,
    start: number,
    end: number,
    client: IpAddress,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    const route = decodeTarget(input, start, end, this.#target)
    if (route === Route.root) return this.#page(this.#rootHead, this.#rootPage, client, terms, out, at)
    if (route === Route.robots) return this.#page(PLAIN_HEAD, ROBOTS_PAGE, client, terms, out, at)
    if (route === Route.health && this.#hasHealthCheck) {
      return this.#page(PLAIN_HEAD, HEALTH_PAGE, client, terms, out, at)
    }
    const isForWebSockets = route === Route.announce || route === Route.scrape
    this.#counters[isForWebSockets ? HttpCounter.httpErrorsBadRequest : HttpCounter.httpErrorsNotFound]++
    return this.httpError(isForWebSockets ? 426 : 404, client.family, terms, out, at)
  }

  needsAddress(): boolean {
    return false
  }

  httpError(status: number, family: number, terms: AnswerTerms, out: Uint8Array, at: number): number {
    this.#counters[HttpCounter.responsesHttpError + familyCounters(family)]++
    return encodeHttpError(out, at, out.length, status, terms.connection, terms.headOnly)
  }

  /** Nothing here fails as a tracker's answer does. */
  fail(
    _text: Uint8Array,
    _retryInMinutes: number,
    family: number,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    return this.httpError(400, family, terms, out, at)
  }

  #page(
    head: ResponseHead,
    body: Uint8Array,
    { family }: IpAddress,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    this.#counters[HttpCounter.requestsOther + familyCounters(family)]++
    this.#counters[HttpCounter.responsesPage + familyCounters(family)]++
    return encodePage(out, at, out.length, head, body, terms.connection, terms.headOnly)
  }
}

function familyCounters(family: number): number {
  return family === 6 ? IPV6_COUNTERS : 0
}
