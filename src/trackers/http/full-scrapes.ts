// The answers to scrapes of everything: made in pieces at the pace of their readers, so that one takes constant memory
// and delays nobody. The length is not known before the end, which is therefore that of the connection; clients of
// trackers stumble over chunks.
//
// Torrents come in the order of the tables, not sorted as BEP 3 wants keys to be: sorting would take all of them at
// once.

import type { StreamServer } from '../../net/stream.js'
import { latin1Bytes } from '../../protocol/http/ascii.js'
import { IpAddress } from '../../protocol/http/ip-text.js'
import { writeBytes } from '../../protocol/http/response-bytes.js'
import { ConnectionWord } from '../../protocol/http/response-head.js'
import {
  SCRAPE_BEGIN,
  SCRAPE_END,
  SCRAPE_FILE_BYTES_MAX,
  writeScrapeFile,
} from '../../protocol/http/scrape-response.js'
import type { Swarm } from '../../swarm/swarm.js'
import { SwarmWalk, WALK_BATCH_TORRENTS, WalkBatch } from '../../swarm/walk.js'
import type { TorrentFilter } from '../torrent-filter.js'
import type { AnswerTerms, RequestAnswers } from './answer-terms.js'
import { HttpCounter, IPV6_COUNTERS } from './counters.js'
import type { FullScrapeTimes } from './full-scrape-times.js'
import { GzipPieces } from './gzip-pieces.js'

/** At a time in one worker: those who read slowly keep a place each. */
const FULL_SCRAPES_MAX = 4
/** After that a reader has had its time, however much is left: ten million torrents take 2 Mbit/s. */
export const FULL_SCRAPE_SECONDS_MAX = 3600
/** Uncompressed bytes of a piece: about 0.2 ms of work either way (benchmarks/http/full-scrape.ts). */
const PIECE_BYTES = 32_768
const GZIP_PIECE_BYTES = 16_384
/** Slices of the swarm read for a piece at most, however few torrents are in them. */
const SLICES_PER_PIECE = 128
const BATCH_BYTES_MAX = WALK_BATCH_TORRENTS * SCRAPE_FILE_BYTES_MAX
const BUSY_RETRY_MINUTES = 1

const EARLY_TEXT = latin1Bytes('You had a full scrape not long ago')
const BUSY_TEXT = latin1Bytes('Too many full scrapes at the moment')
const head = (lines: string): Uint8Array =>
  latin1Bytes(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${lines}Vary: Accept-Encoding\r\nConnection: close\r\n\r\n`,
  )
const PLAIN_HEAD = head('')
const GZIP_HEAD = head('Content-Encoding: gzip\r\n')

interface FullScrape {
  readonly walk: SwarmWalk
  readonly gzip: GzipPieces | null
  readonly client: IpAddress
  readonly familyCounters: number
  /** Since the start of the process. */
  readonly endSeconds: number
  hasBegun: boolean
}

export class FullScrapes {
  readonly #server: StreamServer
  readonly #swarm: Swarm
  readonly #filter: TorrentFilter | null
  readonly #times: FullScrapeTimes
  readonly #counters: Float64Array
  readonly #byConnection = new Map<number, FullScrape>()
  readonly #batch = new WalkBatch()

  /** @param counters one worker's block, indexed by `HttpCounter` */
  constructor(
    server: StreamServer,
    swarm: Swarm,
    filter: TorrentFilter | null,
    times: FullScrapeTimes,
    counters: Float64Array,
  ) {
    this.#server = server
    this.#swarm = swarm
    this.#filter = filter
    this.#times = times
    this.#counters = counters
  }

  /** Whether the connection's answer is under way. */
  has(connection: number): boolean {
    return this.#byConnection.has(connection)
  }

  /**
   * Writes the head of the answer, whose connection closes behind it (`terms` says so then), or a refusal. `advance`
   * writes the rest, unless only the head was asked for.
   * @returns the end of what was written; `out` has room for it
   */
  begin(
    connection: number,
    client: IpAddress,
    isGzip: boolean,
    answers: RequestAnswers,
    terms: AnswerTerms,
    out: Uint8Array,
    at: number,
  ): number {
    const counters = this.#counters
    if (this.#byConnection.size === FULL_SCRAPES_MAX) {
      counters[HttpCounter.fullScrapesBusy]++
      return answers.fail(BUSY_TEXT, BUSY_RETRY_MINUTES, client.family, terms, out, at)
    }
    const { headOnly, nowSeconds } = terms
    const waitSeconds = headOnly
      ? this.#times.peek(client, nowSeconds)
      : this.#times.claim(client, nowSeconds)
    if (waitSeconds > 0) {
      counters[HttpCounter.fullScrapesEarly]++
      return answers.fail(EARLY_TEXT, Math.ceil(waitSeconds / 60), client.family, terms, out, at)
    }
    const familyCounters = client.family === 6 ? IPV6_COUNTERS : 0
    counters[HttpCounter.responsesScrape + familyCounters]++
    terms.connection = ConnectionWord.close
    if (!headOnly) {
      counters[HttpCounter.fullScrapes]++
      this.#byConnection.set(connection, {
        walk: new SwarmWalk(this.#swarm),
        gzip: isGzip ? new GzipPieces() : null,
        client: copyOf(client),
        familyCounters,
        endSeconds: nowSeconds + FULL_SCRAPE_SECONDS_MAX,
        hasBegun: false,
      })
    }
    return writeBytes(out, at, isGzip ? GZIP_HEAD : PLAIN_HEAD)
  }

  /** Writes the next piece. @returns true when it was the last */
  advance(connection: number): boolean {
    const scrape = this.#byConnection.get(connection)
    if (scrape === undefined) return true
    const { output } = this.#server
    this.#filter?.begin()
    const end = this.#writePiece(scrape, output)
    this.#filter?.end()
    const isOver = scrape.walk.isOver
    if (scrape.gzip === null) this.#write(connection, scrape, output, end)
    else {
      if (end > 0) {
        const piece = scrape.gzip.compress(output.subarray(0, end))
        this.#write(connection, scrape, piece, piece.length)
      }
      if (isOver) {
        const trailer = scrape.gzip.end()
        this.#write(connection, scrape, trailer, trailer.length)
      }
    }
    return isOver
  }

  /** The reader still has its place: nobody of its address gets another. @returns false when its time is over */
  renew(connection: number, nowSeconds: number): boolean {
    const scrape = this.#byConnection.get(connection)
    if (scrape === undefined || nowSeconds >= scrape.endSeconds) return false
    this.#times.renew(scrape.client, nowSeconds)
    return true
  }

  /** The connection is gone. */
  forget(connection: number): void {
    this.#byConnection.delete(connection)
  }

  #write(connection: number, { familyCounters }: FullScrape, bytes: Uint8Array, end: number): void {
    this.#counters[HttpCounter.fullScrapeBytes] += end
    this.#counters[HttpCounter.bytesSent + familyCounters] += end
    this.#server.write(connection, bytes, 0, end)
  }

  /** Uncompressed, into `out`. @returns its end; a piece may be empty */
  #writePiece(scrape: FullScrape, out: Uint8Array): number {
    const { walk } = scrape
    const room = scrape.gzip === null ? PIECE_BYTES : GZIP_PIECE_BYTES
    let at = scrape.hasBegun ? 0 : writeBytes(out, 0, SCRAPE_BEGIN)
    scrape.hasBegun = true
    for (let slice = 0; slice < SLICES_PER_PIECE && at + BATCH_BYTES_MAX <= room; slice++) {
      if (walk.isOver) break
      walk.next(this.#batch)
      at = this.#writeBatch(out, at)
    }
    return walk.isOver ? writeBytes(out, at, SCRAPE_END) : at
  }

  #writeBatch(out: Uint8Array, at: number): number {
    const { count, words, bytes, seeders, downloads, leechers } = this.#batch
    for (let index = 0; index < count; index++) {
      const hash = index * 5
      const isServed = this.#filter?.allowsAt(words, hash) ?? true
      if (!isServed) continue
      at = writeScrapeFile(out, at, bytes, hash * 4, seeders[index], downloads[index], leechers[index])
    }
    return at
  }
}

function copyOf({ family, words }: IpAddress): IpAddress {
  const copy = new IpAddress()
  copy.family = family
  copy.words.set(words)
  return copy
}
