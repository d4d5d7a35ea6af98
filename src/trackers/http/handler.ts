// A connection's way from bytes to answers: finds whole requests (split at any byte, or several at once), has each
// answered, and keeps the time limits. What engine moves the bytes it does not know.

import type { StreamProtocol, StreamServer } from '../../net/stream.js'
import { acceptsGzip } from '../../protocol/http/accept-encoding.js'
import { latin1Bytes } from '../../protocol/http/ascii.js'
import { RetryIn } from '../../protocol/http/failure-response.js'
import { decodeProxyHeader, ProxyHeader, ProxyStatus } from '../../protocol/http/proxy-protocol.js'
import {
  HeadError,
  HeadStatus,
  type HttpRequestHead,
  Method,
  RequestHeadDecoder,
} from '../../protocol/http/request-head.js'
import { ConnectionWord, connectionWord } from '../../protocol/http/response-head.js'
import type { TorrentFilter } from '../torrent-filter.js'
import { AnswerTerms, answerBytesMax, type HttpAnswers } from './answers.js'
import { AddressStatus, type ClientAddress } from './client-address.js'
import { HttpCounter, IPV6_COUNTERS } from './counters.js'
import type { FullScrapes } from './full-scrapes.js'
import type { HttpRules } from './rules.js'

/** What a connection is waited for; the phase of its deadline. */
const Phase = { request: 1, idle: 2, fullScrape: 3 } as const

/** Words of each connection in `StreamServer.protocolWords`. */
const Word = {
  /** Bytes of an incomplete head that need not be looked at again. */
  scannedBytes: 0,
  /** Bytes of a body that are still to be passed over. */
  bodyBytes: 1,
  /** 1 once the PROXY protocol header is behind. */
  proxyHeaderSeen: 2,
  /** 1 while the deadline is that of a request. */
  isTimed: 3,
  /** 1 while everything is answered: what else comes is passed over. */
  isFullScrape: 4,
} as const

export const PROTOCOL_WORDS = 5

const ACCEPT_ENCODING = 'Accept-Encoding'

const HEADER_MISSING_TEXT = latin1Bytes('The reverse proxy did not say who you are')
const HEADER_INVALID_TEXT = latin1Bytes('The reverse proxy named no address')
const NO_ADDRESS_TEXT = latin1Bytes('Your address is not known to the tracker')

/** Measures how long requests take, where somebody wants to know. */
export interface Stopwatch {
  start(): void
  /** @param requests that were answered since the start */
  record(requests: number): void
}

/** Bytes that a worker's output buffer needs: many short answers at once, or the longest one. */
export function outputBytesFor(rules: HttpRules): number {
  return 65_536 + answerBytesMax(rules)
}

export class HttpHandler implements StreamProtocol {
  readonly #server: StreamServer
  readonly #rules: HttpRules
  readonly #answers: HttpAnswers
  readonly #client: ClientAddress
  readonly #filter: TorrentFilter | null
  readonly #counters: Float64Array
  readonly #startedAtSeconds: number
  readonly #stopwatch: Stopwatch | null
  readonly #decoder: RequestHeadDecoder
  readonly #head: HttpRequestHead
  readonly #proxyHeader = new ProxyHeader()
  readonly #terms = new AnswerTerms()
  readonly #answerBytesMax: number
  readonly #fullScrapes: FullScrapes | null
  /** Its number among the headers that the decoder looks for. */
  readonly #acceptEncoding: number

  /** @param counters one worker's block, indexed by `HttpCounter` */
  constructor(
    server: StreamServer,
    rules: HttpRules,
    answers: HttpAnswers,
    client: ClientAddress,
    filter: TorrentFilter | null,
    counters: Float64Array,
    startedAtSeconds: number,
    stopwatch: Stopwatch | null,
    fullScrapes: FullScrapes | null,
  ) {
    this.#stopwatch = stopwatch
    this.#fullScrapes = fullScrapes
    this.#server = server
    this.#rules = rules
    this.#answers = answers
    this.#client = client
    this.#filter = filter
    this.#counters = counters
    this.#startedAtSeconds = startedAtSeconds
    const most = rules.maxRequestBytes
    this.#acceptEncoding = client.wantedHeaders.length
    const wantedHeaders = [...client.wantedHeaders, ...(fullScrapes === null ? [] : [ACCEPT_ENCODING])]
    this.#decoder = new RequestHeadDecoder(wantedHeaders, {
      maxHeadBytes: most,
      maxTargetBytes: most,
      maxBodyBytes: most,
    })
    this.#head = this.#decoder.createHead()
    this.#answerBytesMax = answerBytesMax(rules)
  }

  open(connection: number): void {
    this.#startTiming(connection)
  }

  receive(connection: number, input: Uint8Array, start: number, end: number): number {
    this.#counters[HttpCounter.reads]++
    if (this.#word(connection, Word.isFullScrape) !== 0) return end - start
    const at = this.#skipProxyHeader(connection, input, start, end)
    // It is incomplete, or the connection is closed.
    if (at < 0) return 0
    this.#stopwatch?.start()
    this.#filter?.begin()
    const consumedTo = this.#answerAll(connection, input, at, end)
    this.#filter?.end()
    return consumedTo - start
  }

  overflow(connection: number): void {
    // The decoder's own limit is lower: what gets here is no request but a PROXY header without an end.
    this.#counters[HttpCounter.droppedProxyProtocol]++
    this.#server.close(connection)
  }

  expired(connection: number, phase: number): void {
    if (phase === Phase.fullScrape) {
      this.#renewFullScrape(connection)
      return
    }
    if (phase !== Phase.request) {
      this.#server.close(connection)
    } else if (this.#word(connection, Word.scannedBytes) > 0) {
      this.#counters[HttpCounter.httpErrorsTimeout]++
      this.#refuse(connection, 408)
    } else {
      // A request whose body does not come has been answered already.
      const isInBody = this.#word(connection, Word.bodyBytes) > 0
      this.#counters[isInBody ? HttpCounter.httpErrorsTimeout : HttpCounter.droppedSilent]++
      this.#server.close(connection)
    }
  }

  ended(connection: number): void {
    // What it asked for has been answered, or is being; half a request never gets whole.
    if (this.#word(connection, Word.isFullScrape) === 0) this.#server.finish(connection)
  }

  drained(connection: number): void {
    if (this.#fullScrapes?.advance(connection) ?? true) this.#server.finish(connection)
    else this.#server.whenDrained(connection)
  }

  closed(connection: number): void {
    // Everything else known about a connection is in the server's words, which it clears.
    this.#fullScrapes?.forget(connection)
  }

  /** Passes over a PROXY header, if there is to be one. @returns where requests begin, -1 if not yet or never */
  #skipProxyHeader(connection: number, input: Uint8Array, start: number, end: number): number {
    if (!this.#rules.proxies.proxyProtocol || this.#word(connection, Word.proxyHeaderSeen) !== 0) return start
    const header = this.#proxyHeader
    const isTrusted = this.#client.isTrusted(this.#server, connection)
    const status = isTrusted ? decodeProxyHeader(input, start, end, header) : ProxyStatus.bad
    if (status === ProxyStatus.incomplete) return -1
    if (status === ProxyStatus.bad) {
      this.#counters[HttpCounter.droppedProxyProtocol]++
      this.#server.close(connection)
      return -1
    }
    this.#setWord(connection, Word.proxyHeaderSeen, 1)
    if (status === ProxyStatus.ok) this.#useSource(connection, header)
    return start + header.consumedBytes
  }

  #useSource(connection: number, { source, wirePort }: ProxyHeader): void {
    const { families, addresses, ports } = this.#server
    families[connection] = source.family
    ports[connection] = wirePort
    for (let word = 0; word < 4; word++) addresses[connection * 4 + word] = source.words[word]
  }

  /** Answers every whole request in input[at, end). @returns how far the input is used up */
  #answerAll(connection: number, input: Uint8Array, at: number, end: number): number {
    const server = this.#server
    const { output } = server
    let outEnd = 0
    let answered = 0
    const wasInBody = this.#word(connection, Word.bodyBytes) > 0
    for (;;) {
      at = this.#skipBody(connection, at, end)
      if (at === end) break
      const status = this.#decode(connection, input, at, end)
      if (status === HeadStatus.incomplete) break
      if (outEnd + this.#answerBytesMax > output.length) {
        // A client that asks faster than it reads is answered as it reads: the rest is shown again when this is sent.
        if (!server.write(connection, output, 0, outEnd)) return this.#putOff(connection, at, answered)
        outEnd = 0
      }
      const before = outEnd
      outEnd = this.#answerOne(connection, input, status, output, outEnd)
      this.#countBytes(
        connection,
        status === HeadStatus.complete ? this.#head.headEnd - at : end - at,
        outEnd - before,
      )
      answered++
      if (this.#terms.connection === ConnectionWord.close) {
        this.#stopwatch?.record(answered)
        server.write(connection, output, 0, outEnd)
        if (this.#startFullScrape(connection)) return end
        server.finish(connection)
        return status === HeadStatus.complete ? this.#head.headEnd : end
      }
      at = this.#head.headEnd
      this.#setWord(connection, Word.bodyBytes, this.#head.bodyBytes)
    }
    if (answered > 0) this.#stopwatch?.record(answered)
    if (outEnd > 0) server.write(connection, output, 0, outEnd)
    const isInBody = this.#word(connection, Word.bodyBytes) > 0
    this.#setTimeLimit(connection, at === end && !isInBody, answered > 0 || (wasInBody && !isInBody))
    return at
  }

  /** Only the server's limit for writing counts until the rest of the input is shown again. @returns `at` */
  #putOff(connection: number, at: number, answered: number): number {
    this.#stopwatch?.record(answered)
    this.#setWord(connection, Word.scannedBytes, 0)
    this.#server.setDeadline(connection, Phase.request, 0)
    return at
  }

  #skipBody(connection: number, at: number, end: number): number {
    const bodyBytes = this.#word(connection, Word.bodyBytes)
    if (bodyBytes === 0) return at
    const skipped = Math.min(bodyBytes, end - at)
    this.#setWord(connection, Word.bodyBytes, bodyBytes - skipped)
    return at + skipped
  }

  #decode(connection: number, input: Uint8Array, at: number, end: number): number {
    const head = this.#head
    const status = this.#decoder.decode(input, at, end, this.#word(connection, Word.scannedBytes), head)
    // An incomplete head of one or two bytes has none that need not be looked at again.
    const scannedBytes = status === HeadStatus.incomplete ? Math.max(1, head.scannedBytes) : 0
    this.#setWord(connection, Word.scannedBytes, scannedBytes)
    return status
  }

  #answerOne(connection: number, input: Uint8Array, status: number, out: Uint8Array, at: number): number {
    const head = this.#head
    const terms = this.#terms
    if (status !== HeadStatus.complete) {
      this.#countHeadError(status)
      terms.connection = ConnectionWord.close
      terms.headOnly = false
      return this.#answers.httpError(status, this.#server.families[connection], terms, out, at)
    }
    terms.connection = connectionWord(head, this.#rules.keepAlive)
    terms.headOnly = head.method === Method.head
    terms.nowSeconds = Math.floor(this.#server.nowSeconds) - this.#startedAtSeconds
    const addressStatus = this.#client.find(this.#server, connection, input, head)
    const { address } = this.#client
    if (addressStatus !== AddressStatus.known) {
      address.family = 0
      if (this.#answers.needsAddress(input, head.targetStart, head.targetEnd)) {
        return this.#failAddress(addressStatus, out, at)
      }
    }
    const outEnd = this.#answers.answer(input, head.targetStart, head.targetEnd, address, terms, out, at)
    if (!terms.isFullScrape || this.#fullScrapes === null) return outEnd
    const isGzip = acceptsGzip(this.#acceptedEncodings(input))
    return this.#fullScrapes.begin(connection, address, isGzip, this.#answers, terms, out, at)
  }

  #acceptedEncodings(input: Uint8Array): string {
    const { lastInstances, previousInstances, valueStarts, valueEnds } = this.#head
    const values: string[] = []
    for (let at = lastInstances[this.#acceptEncoding]; at >= 0; at = previousInstances[at]) {
      values.push(Buffer.from(input.subarray(valueStarts[at], valueEnds[at])).toString('latin1'))
    }
    return values.join(',')
  }

  /** @returns true if the answer whose head was written goes on */
  #startFullScrape(connection: number): boolean {
    if (this.#fullScrapes === null || !this.#fullScrapes.has(connection)) return false
    this.#setWord(connection, Word.isFullScrape, 1)
    this.#server.setDeadline(connection, Phase.fullScrape, this.#rules.fullScrapeIntervalSeconds / 2)
    this.#server.whenDrained(connection)
    return true
  }

  #renewFullScrape(connection: number): void {
    const nowSeconds = Math.floor(this.#server.nowSeconds) - this.#startedAtSeconds
    if (this.#fullScrapes?.renew(connection, nowSeconds)) {
      this.#server.setDeadline(connection, Phase.fullScrape, this.#rules.fullScrapeIntervalSeconds / 2)
    } else this.#server.close(connection)
  }

  #failAddress(status: number, out: Uint8Array, at: number): number {
    const counters = this.#counters
    let text = NO_ADDRESS_TEXT
    if (status === AddressStatus.headerMissing) {
      counters[HttpCounter.failuresProxyHeaderMissing]++
      text = HEADER_MISSING_TEXT
    } else if (status === AddressStatus.headerInvalid) {
      counters[HttpCounter.failuresProxyHeaderInvalid]++
      text = HEADER_INVALID_TEXT
    } else {
      counters[HttpCounter.failuresNoAddress]++
    }
    return this.#answers.fail(text, RetryIn.unsaid, 0, this.#terms, out, at)
  }

  #countHeadError(status: number): void {
    const counters = this.#counters
    if (status === HeadError.methodNotAllowed) counters[HttpCounter.httpErrorsMethod]++
    else if (
      status === HeadError.contentTooLarge ||
      status === HeadError.targetTooLong ||
      status === HeadError.headersTooLarge
    ) {
      counters[HttpCounter.httpErrorsTooLarge]++
    } else counters[HttpCounter.httpErrorsBadRequest]++
  }

  #countBytes(connection: number, received: number, sent: number): void {
    const family = this.#server.families[connection] === 6 ? IPV6_COUNTERS : 0
    this.#counters[HttpCounter.bytesReceived + family] += received
    this.#counters[HttpCounter.bytesSent + family] += sent
  }

  /** A request's time counts from its first byte to the end of its body, however slowly the others come. */
  #setTimeLimit(connection: number, isBetweenRequests: boolean, hasEndedOne: boolean): void {
    if (isBetweenRequests && hasEndedOne) {
      this.#server.setDeadline(connection, Phase.idle, this.#rules.idleSeconds)
      this.#setWord(connection, Word.isTimed, 0)
    } else if (hasEndedOne || this.#word(connection, Word.isTimed) === 0) {
      this.#startTiming(connection)
    }
  }

  #startTiming(connection: number): void {
    this.#server.setDeadline(connection, Phase.request, this.#rules.requestSeconds)
    this.#setWord(connection, Word.isTimed, 1)
  }

  #refuse(connection: number, status: number): void {
    const { output, families } = this.#server
    this.#terms.connection = ConnectionWord.close
    this.#terms.headOnly = false
    const end = this.#answers.httpError(status, families[connection], this.#terms, output, 0)
    this.#server.write(connection, output, 0, end)
    this.#server.finish(connection)
  }

  #word(connection: number, word: number): number {
    return this.#server.protocolWords[connection * PROTOCOL_WORDS + word]
  }

  #setWord(connection: number, word: number, value: number): void {
    this.#server.protocolWords[connection * PROTOCOL_WORDS + word] = value
  }
}
