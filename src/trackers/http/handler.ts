// A connection's way from bytes to answers (a state machine, longer than other files): finds whole requests (split at
// any byte, or several at once), has each answered, and keeps the time limits. A connection that asks to become a
// WebSocket is handed over, where somebody takes it. What engine moves the bytes the handler does not know.

import assert from 'node:assert/strict'
import type { StreamProtocol, StreamServer } from '../../net/stream.js'
import { acceptsGzip } from '../../protocol/http/accept-encoding.js'
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
import { addressFailure } from './address-failures.js'
import { AnswerTerms, type RequestAnswers } from './answer-terms.js'
import { AddressStatus, type ClientAddress } from './client-address.js'
import { HttpCounter, IPV6_COUNTERS } from './counters.js'
import type { FullScrapes } from './full-scrapes.js'
import type { HttpRules } from './rules.js'
import { type UpgradeParts, UpgradeRequests, type Upgrades, useSource } from './upgrades.js'

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
  /** What became of the connection: an `Owner`. */
  owner: 4,
} as const

/** Who gets what comes over a connection. */
const Owner = {
  requests: 0,
  /** While everything is answered, what else comes is passed over. */
  fullScrape: 1,
  /** The `Upgrades`, to its end. */
  upgraded: 2,
} as const

/** Words of each connection; those of `Upgrades` follow. */
export const PROTOCOL_WORDS = 5

const ACCEPT_ENCODING = 'Accept-Encoding'

/** Measures how long requests take, where somebody wants to know. */
export interface Stopwatch {
  start(): void
  /** @param requests that were answered since the start */
  record(requests: number): void
}

export interface HttpHandlerParts {
  readonly server: StreamServer
  readonly rules: HttpRules
  readonly answers: RequestAnswers
  readonly client: ClientAddress
  readonly filter: TorrentFilter | null
  /** One worker's block, indexed by `HttpCounter`. */
  readonly counters: Float64Array
  readonly startedAtSeconds: number
  readonly stopwatch: Stopwatch | null
  readonly fullScrapes: FullScrapes | null
  /** Null where no upgrade is served: then a request for one is a request like others. */
  readonly upgrade: UpgradeParts | null
  /** `StreamLimits.protocolWordCount` of the server. */
  readonly wordsPerConnection: number
  /** What other threads wake the server for. */
  readonly onWoken: (() => void) | null
}

export class HttpHandler implements StreamProtocol {
  readonly #server: StreamServer
  readonly #rules: HttpRules
  readonly #answers: RequestAnswers
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
  readonly #upgrades: Upgrades | null
  readonly #upgradeRequests: UpgradeRequests | null
  readonly #wordsPerConnection: number
  readonly #onWoken: (() => void) | null
  /** Its number among the headers that the decoder looks for. */
  readonly #acceptEncoding: number

  constructor(parts: HttpHandlerParts) {
    const { server, rules, answers, client, counters, fullScrapes, upgrade } = parts
    this.#stopwatch = parts.stopwatch
    this.#fullScrapes = fullScrapes
    this.#upgrades = upgrade?.upgrades ?? null
    this.#server = server
    this.#rules = rules
    this.#answers = answers
    this.#client = client
    this.#filter = parts.filter
    this.#counters = counters
    this.#startedAtSeconds = parts.startedAtSeconds
    this.#wordsPerConnection = parts.wordsPerConnection
    this.#onWoken = parts.onWoken
    const most = rules.maxRequestBytes
    this.#acceptEncoding = client.wantedHeaders.length
    const ownHeaders = [...client.wantedHeaders, ...(fullScrapes === null ? [] : [ACCEPT_ENCODING])]
    const wantedHeaders = [...ownHeaders, ...(upgrade?.wantedHeaders ?? [])]
    this.#upgradeRequests =
      upgrade && new UpgradeRequests(server, upgrade.upgrades, ownHeaders.length, client, answers, counters)
    this.#decoder = new RequestHeadDecoder(wantedHeaders, {
      maxHeadBytes: most,
      maxTargetBytes: most,
      maxBodyBytes: most,
    })
    this.#head = this.#decoder.createHead()
    this.#answerBytesMax = answers.answerBytesMax
  }

  open(connection: number): void {
    this.#startTiming(connection)
  }

  receive(connection: number, input: Uint8Array, start: number, end: number): number {
    const owner = this.#word(connection, Word.owner)
    if (owner !== Owner.requests) {
      const isUpgraded = owner === Owner.upgraded && this.#upgrades !== null
      return isUpgraded ? this.#upgrades.receive(connection, input, start, end) : end - start
    }
    this.#counters[HttpCounter.reads]++
    const at = this.#skipProxyHeader(connection, input, start, end)
    // It is incomplete, or the connection is closed.
    if (at < 0) return 0
    this.#stopwatch?.start()
    this.#filter?.begin()
    const consumedTo = this.#answerAll(connection, input, at, end)
    this.#filter?.end()
    return consumedTo - start
  }

  overflow(connection: number, input: Uint8Array, start: number, end: number): void {
    const upgrades = this.#upgradesOf(connection)
    if (upgrades !== null) {
      upgrades.overflow(connection, input, start, end)
      return
    }
    // The decoder's own limit is lower: what gets here is no request but a PROXY header without an end.
    this.#counters[HttpCounter.droppedProxyProtocol]++
    this.#server.close(connection)
  }

  expired(connection: number, phase: number): void {
    const upgrades = this.#upgradesOf(connection)
    if (upgrades !== null) {
      upgrades.expired(connection, phase)
      return
    }
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

  ended(connection: number, keptBytes: number): void {
    // What it asked for has been answered, or is being; half a request never gets whole.
    const owner = this.#word(connection, Word.owner)
    if (owner === Owner.requests) this.#server.finish(connection)
    else if (owner === Owner.upgraded) this.#upgrades?.ended(connection, keptBytes)
  }

  drained(connection: number): void {
    if (this.#fullScrapes?.advance(connection) ?? true) this.#server.finish(connection)
    else this.#server.whenDrained(connection)
  }

  closed(connection: number, cause: number): void {
    // Everything else known about a connection is in the server's words, which it clears.
    if (this.#fullScrapes !== null) this.#fullScrapes.forget(connection)
    if (this.#upgrades !== null) this.#upgradesOf(connection)?.closed(connection, cause)
  }

  woken(): void {
    this.#onWoken?.()
  }

  /** Who has taken the connection over; null as long as it is read here. */
  #upgradesOf(connection: number): Upgrades | null {
    return this.#word(connection, Word.owner) === Owner.upgraded ? this.#upgrades : null
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
    if (status === ProxyStatus.ok) {
      useSource(this.#server, connection, header.source)
      this.#server.ports[connection] = header.wirePort
    }
    return start + header.consumedBytes
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
      if (status === HeadStatus.complete && this.#head.connectionUpgrade && this.#asksForUpgrade(input)) {
        if (answered > 0) this.#stopwatch?.record(answered)
        return this.#upgrade(connection, input, at, end, outEnd)
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

  /**
   * Answers the request in `#head`, which asks for an upgrade, behind the answers in output[0, outEnd). Once it is
   * accepted, what follows is not read here any more.
   * @returns how far the input is used up
   */
  #upgrade(connection: number, input: Uint8Array, at: number, end: number, outEnd: number): number {
    const requests = this.#upgradeRequests
    const upgrades = this.#upgrades
    assert(requests !== null && upgrades !== null)
    const { output } = this.#server
    const { headEnd } = this.#head
    const answerEnd = requests.answer(connection, input, this.#head, output, outEnd)
    this.#countBytes(connection, headEnd - at, answerEnd - outEnd)
    const isAllSent = this.#server.write(connection, output, 0, answerEnd)
    if (!requests.isAccepted) {
      this.#server.finish(connection)
      return headEnd
    }
    this.#setWord(connection, Word.owner, Owner.upgraded)
    upgrades.begin(connection)
    // What was sent before the answer was seen is shown again when that is on its way.
    if (!isAllSent || headEnd === end) return headEnd
    return headEnd + upgrades.receive(connection, input, headEnd, end)
  }

  #asksForUpgrade(input: Uint8Array): boolean {
    return this.#upgradeRequests?.has(input, this.#head) ?? false
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
    this.#setWord(connection, Word.owner, Owner.fullScrape)
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
    const { counter, text } = addressFailure(status)
    this.#counters[counter]++
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
    return this.#server.protocolWords[connection * this.#wordsPerConnection + word]
  }

  #setWord(connection: number, word: number, value: number): void {
    this.#server.protocolWords[connection * this.#wordsPerConnection + word] = value
  }
}
