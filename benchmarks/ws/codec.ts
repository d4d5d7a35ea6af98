// Nanoseconds for the JSON of the WebTorrent tracker: decoding announces with and without offers, and encoding what is
// sent for them, beside JSON.parse and JSON.stringify, with the garbage collections that happened meanwhile, which are
// to be none. Run: node dist/benchmarks/ws/codec.js [SECONDS]

import { PerformanceObserver, performance } from 'node:perf_hooks'
import { WebTorrentDecoder } from '../../src/protocol/webtorrent/decoder.js'
import { MessageStatus, WebTorrentRequest } from '../../src/protocol/webtorrent/request.js'
import {
  beginScrapeResponse,
  encodeAnnounceResponse,
  encodeOffer,
  endScrapeResponse,
  writeScrapeFile,
} from '../../src/protocol/webtorrent/responses.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, runProgram } from '../support/program.js'

/** Bytes of messages handled between two looks at the clock: most such batches see no other program. */
const BATCH_BYTES = 1_000_000
/** What an announce without offers is to stay below, and each relayed byte, decoding and encoding each. */
const DECODE_TARGET_NS = 600
const RELAY_TARGET_NS_PER_BYTE = 1

const OBSERVER_DELAY_MS = 200
const OFFERS = 10

/** A data channel's offer, as Chromium makes it after gathering. */
const candidates = Array.from(
  { length: 7 },
  (_, index) =>
    `a=candidate:${918_357_214 + index * 7919} 1 udp ${2_113_937_151 - index} 192.168.178.${index + 20} ` +
    `${50_000 + index} typ host generation 0 network-cost 999\r\n`,
)
const sdp = [
  'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n',
  'a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n',
  ...candidates,
  'a=ice-ufrag:Zx9F\r\na=ice-pwd:3n0sYxk2o2kq7wq0M5yP5cTt\r\na=ice-options:trickle\r\n',
  'a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:',
  'DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n',
  'a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n',
].join('')

/** Bytes as hashes have them: half of them take two bytes of UTF-8, some an escape. */
const hashOf = (seed: number): string =>
  Array.from({ length: 20 }, (_, index) => String.fromCharCode((seed * 151 + index * 83 + 7) & 0xff)).join('')

const beginning = { action: 'announce', info_hash: hashOf(1), peer_id: '-WW0102-a1b2c3d4e5f6' }
const offers = Array.from({ length: OFFERS }, (_, index) => ({
  offer: { type: 'offer', sdp },
  offer_id: hashOf(index + 2),
}))
const messages = {
  plain: { ...beginning, numwant: 0, uploaded: 0, downloaded: 0, left: 1_048_576, event: 'update' },
  withOffers: {
    ...{ numwant: OFFERS, uploaded: 0, downloaded: 0, left: 1_048_576, event: 'started' },
    ...beginning,
    offers,
  },
  scrape: { action: 'scrape', info_hash: Array.from({ length: 50 }, (_, index) => hashOf(index)) },
}

const limits = { maxOffers: OFFERS, maxOfferBytes: 16_384, maxScrapeTorrents: 255, maxDepth: 32 }
const decoder = new WebTorrentDecoder(limits)
const request = new WebTorrentRequest(limits)
const out = new Uint8Array(65_536)

function decode(input: Uint8Array, status: number): void {
  if (decoder.decode(input, 0, input.length, request) !== status) {
    throw new Error('the message of the benchmark is refused')
  }
}

function encodeOffers(input: Uint8Array): void {
  for (let index = 0; index < request.offerCount; index++) {
    const { infoHash, peerId, offerStarts, offerEnds, offerIds } = request
    encodeOffer(out, 10, infoHash, peerId, input, offerStarts[index], offerEnds[index], offerIds, 20 * index)
  }
}

function encodeScrape(): void {
  let at = beginScrapeResponse(out, 10)
  for (let index = 0; index < request.scrapeCount; index++) {
    at = writeScrapeFile(out, at, request.scrapeHashes, 20 * index, 12, 345, 67)
  }
  endScrapeResponse(out, at)
}

interface Timing {
  readonly name: string
  readonly bytes: number
  readonly nanoseconds: number
}

/** The fastest batch: the others are those in which something else had the processor. */
function time(name: string, bytes: number, seconds: number, work: () => void): Timing {
  const calls = Math.ceil(BATCH_BYTES / bytes)
  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + seconds * 1000
  for (let started = performance.now(); started < end; ) {
    for (let call = 0; call < calls; call++) work()
    const now = performance.now()
    best = Math.min(best, now - started)
    started = now
  }
  return { name, bytes, nanoseconds: (best / calls) * 1e6 }
}

const inputs = {
  plain: Buffer.from(JSON.stringify(messages.plain)),
  withOffers: Buffer.from(JSON.stringify(messages.withOffers)),
  scrape: Buffer.from(JSON.stringify(messages.scrape)),
}

interface Timings {
  readonly plain: Timing
  readonly relay: readonly Timing[]
  readonly others: readonly Timing[]
}

function measure(seconds: number): Timings {
  const { plain, withOffers, scrape } = inputs
  const timePlain = time('decode, no offers', plain.length, seconds, () =>
    decode(plain, MessageStatus.announce),
  )
  const answer = time('encode its answer', 100, seconds, () =>
    encodeAnnounceResponse(out, 10, request.infoHash, 1234, 56, 120),
  )
  const size = withOffers.length
  const timeOffers = time(`decode, ${OFFERS} offers`, size, seconds, () =>
    decode(withOffers, MessageStatus.announce),
  )
  const relay = time(`encode these ${OFFERS} offers`, size, seconds, () => encodeOffers(withOffers))
  const timeScrape = time('decode a scrape of 50', scrape.length, seconds, () =>
    decode(scrape, MessageStatus.scrape),
  )
  const scrapeAnswer = time('encode its answer', 4000, seconds, () => encodeScrape())
  return { plain: timePlain, relay: [timeOffers, relay], others: [answer, timeScrape, scrapeAnswer] }
}

/** What plain code would cost. It makes garbage, so it comes last. */
function measureJson(seconds: number): Timing[] {
  const { plain, withOffers } = inputs
  const answer = { action: 'announce', info_hash: hashOf(1), complete: 1234, incomplete: 56, interval: 120 }
  let sum = 0
  const timings = [
    time('JSON.parse, no offers', plain.length, seconds, () => {
      sum += JSON.parse(plain.toString()).left
    }),
    time('JSON.stringify its answer', 100, seconds, () => {
      sum += out.length + Buffer.from(JSON.stringify(answer)).length
    }),
    time(`JSON.parse, ${OFFERS} offers`, withOffers.length, seconds, () => {
      sum += JSON.parse(withOffers.toString()).left
    }),
    time(`JSON.stringify these ${OFFERS} offers`, withOffers.length, seconds, () => {
      for (const { offer, offer_id } of offers) {
        sum += Buffer.from(JSON.stringify({ ...beginning, offer, offer_id })).length
      }
    }),
  ]
  if (sum === 0) throw new Error('nothing was parsed')
  return timings
}

/** Starts of collections, in milliseconds of this process. */
function watchCollections(): number[] {
  const starts: number[] = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) starts.push(entry.startTime)
  }).observe({ entryTypes: ['gc'] })
  return starts
}

await runProgram(async () => {
  const seconds = Number(process.argv[2] ?? 1)
  const collections = watchCollections()
  measure(seconds / 4)
  // The compiler's own garbage of the warm-up is not the codec's.
  const started = performance.now()
  const timings = measure(seconds)
  const ended = performance.now()
  const json = measureJson(seconds / 4)
  // The observer hears of collections in a later turn, in their order.
  await new Promise(resolve => setTimeout(resolve, OBSERVER_DELAY_MS))
  if (!collections.some(start => start >= ended)) return ExitCode.invalid
  const meanwhile = collections.filter(start => start >= started && start < ended).length
  const rows = [timings.plain, ...timings.relay, ...timings.others, ...json].map(
    ({ name, bytes, nanoseconds }) => [
      name,
      String(bytes),
      nanoseconds.toFixed(0),
      (nanoseconds / bytes).toFixed(2),
    ],
  )
  process.stdout.write(`${renderTable(['what', 'bytes', 'ns', 'ns/byte'], rows)}\n\n`)
  process.stdout.write(
    `${meanwhile} garbage collections in ${((ended - started) / 1000).toFixed(1)} s ` +
      "(those of JSON.parse's objects afterwards were seen)\n",
  )
  const isSlow =
    timings.plain.nanoseconds >= DECODE_TARGET_NS ||
    timings.relay.some(({ nanoseconds, bytes }) => nanoseconds / bytes >= RELAY_TARGET_NS_PER_BYTE)
  return meanwhile > 0 || isSlow ? ExitCode.targetMissed : ExitCode.ok
})
