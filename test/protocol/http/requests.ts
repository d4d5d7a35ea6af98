// Requests as real clients send them, and the codec's answers to them in plain values.

import { decodeAnnounceQuery, HttpAnnounceRequest } from '../../../src/protocol/http/announce-query.js'
import {
  defaultHeadLimits,
  type HeadLimits,
  type HttpRequestHead,
  RequestHeadDecoder,
} from '../../../src/protocol/http/request-head.js'
import { decodeScrapeQuery, HttpScrapeRequest } from '../../../src/protocol/http/scrape-query.js'
import { decodeTarget, RequestTarget, Route } from '../../../src/protocol/http/target.js'
import { swap16 } from '../../../src/protocol/packet-memory.js'

/** Info hash of the requests below. */
export const sampleHash = Buffer.from('124ba2a1b50b6f2bd8a0c3d4e5f60718293a4b5c', 'hex')
const escapedHash = '%12K%a2%a1%b5%0bo%2b%d8%a0%c3%d4%e5%f6%07%18%29%3aK%5c'

const upperCaseHash = escapedHash.replace(/%../g, escaped => escaped.toUpperCase()).replace('%2B', '+')

export const qBittorrentAnnounce = [
  `GET /announce?info_hash=${escapedHash}&peer_id=-qB4620-abcdefghijkl&port=6881&uploaded=0&downloaded=0` +
    '&left=1048576&corrupt=0&key=5E3A1B2C&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1' +
    '&redundant=0 HTTP/1.1',
  'Host: tracker.example.org:3000',
  'User-Agent: qBittorrent/4.6.2',
  'Accept-Encoding: gzip',
  'Connection: close',
  '',
  '',
].join('\r\n')

export const transmissionAnnounce = [
  `GET /announce?info_hash=${upperCaseHash}&peer_id=-TR4050-abcdefghijkl` +
    '&port=51413&uploaded=0&downloaded=0&left=0&numwant=80&key=1122AABB&compact=1&supportcrypto=1' +
    '&event=completed HTTP/1.1',
  'Host: tracker.example.org:3000',
  'User-Agent: Transmission/4.0.5',
  'Accept: */*',
  'Accept-Encoding: deflate, gzip, br, zstd',
  'X-Forwarded-For: 198.51.100.7',
  'X-Forwarded-For: 203.0.113.9, 192.0.2.44',
  '',
  '',
].join('\r\n')

export const openTrackerTest = `GET /announce?info_hash=${escapedHash}&port=1 HTTP/1.0\r\n\r\n`
export const scrapeOfTwo = `GET /scrape?info_hash=${escapedHash}&info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\nHost: x\n\n`
export const webSocketUpgrade = [
  'GET / HTTP/1.1',
  'Host: tracker.example.org',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Origin: https://example.org',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
  '',
].join('\r\n')

/** Complete heads: every cut of one is incomplete. */
export const completeHeads: readonly string[] = [
  qBittorrentAnnounce,
  transmissionAnnounce,
  openTrackerTest,
  scrapeOfTwo,
  webSocketUpgrade,
  '\r\n\r\nHEAD /announce ?port=1 HTTP/1.0\nContent-Length: 3\r\n\n',
]

export const wantedHeaders = [
  'X-Forwarded-For',
  'host',
  'Accept-Encoding',
  'Upgrade',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Origin',
  'Forwarded',
  'X-Real-IP',
] as const

export const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** What the codec finds in a head, as plain values. */
export interface PlainHead {
  status: number
  method?: number
  minorVersion?: number
  keepAlive?: boolean
  connectionUpgrade?: boolean
  target?: string
  headBytes?: number
  bodyBytes?: number
  /** Values of all instances of the wanted headers, by lower-case name. */
  headers?: Record<string, string[]>
}

export class HeadReader {
  readonly decoder: RequestHeadDecoder
  readonly head: HttpRequestHead

  constructor(limits: Partial<HeadLimits> = {}) {
    this.decoder = new RequestHeadDecoder(wantedHeaders, { ...defaultHeadLimits, ...limits })
    this.head = this.decoder.createHead()
  }

  /** Decodes bytes that lie in the middle of others, given in pieces that end at `cuts` and at the end. */
  read(bytes: Uint8Array, cuts: readonly number[] = []): PlainHead {
    const start = 7
    const input = new Uint8Array(bytes.length + 20).fill(0x0a)
    input.set(bytes, start)
    let scanned = 0
    for (const cut of cuts) {
      const status = this.decoder.decode(input, start, start + cut, scanned, this.head)
      if (status !== 0) return this.#plain(status, input, start)
      scanned = this.head.scannedBytes
    }
    const status = this.decoder.decode(input, start, start + bytes.length, scanned, this.head)
    return this.#plain(status, input, start)
  }

  #plain(status: number, input: Uint8Array, start: number): PlainHead {
    if (status !== 1) return { status }
    const { head } = this
    const text = (from: number, to: number): string => Buffer.from(input).toString('latin1', from, to)
    const headers: Record<string, string[]> = {}
    for (const [number, name] of wantedHeaders.entries()) {
      const values: string[] = []
      let instance = head.lastInstances[number]
      while (instance >= 0) {
        values.unshift(text(head.valueStarts[instance], head.valueEnds[instance]))
        instance = head.previousInstances[instance]
      }
      if (values.length > 0) headers[name.toLowerCase()] = values
    }
    return {
      status,
      method: head.method,
      minorVersion: head.minorVersion,
      keepAlive: head.keepAlive,
      connectionUpgrade: head.connectionUpgrade,
      target: text(head.targetStart, head.targetEnd),
      headBytes: head.headEnd - start,
      bodyBytes: head.bodyBytes,
      headers,
    }
  }
}

export interface PlainTarget {
  route: string
  key: string
  query: string
}

export function readTarget(targetText: string): PlainTarget {
  const input = latin1(`xyz${targetText}?/&`)
  const target = new RequestTarget()
  decodeTarget(input, 3, 3 + targetText.length, target)
  const text = (from: number, to: number): string => Buffer.from(input).toString('latin1', from, to)
  const route = Object.entries(Route).find(([, number]) => number === target.route)![0]
  return { route, key: text(target.keyStart, target.keyEnd), query: text(target.queryStart, target.queryEnd) }
}

export interface PlainAnnounce {
  status: number
  infoHash?: string
  peerId?: string
  port?: number
  leftIsZero?: boolean
  event?: number
  numwant?: number
  compact?: boolean
  noPeerId?: boolean
}

const bytesOfWords = (...words: number[]): string =>
  Buffer.from(Int32Array.from(words).buffer).toString('latin1')

const announce = new HttpAnnounceRequest()

/** The query lies between bytes that would go on with it. Identifiers come as latin1 text, an absent peer id as ''. */
export function readAnnounceQuery(query: string): PlainAnnounce {
  const input = latin1(`&%${query}23&left=0`)
  const status = decodeAnnounceQuery(input, 2, 2 + query.length, announce)
  if (status !== 0) return { status }
  const { infoHash0, infoHash1, infoHash2, infoHash3, infoHash4 } = announce
  const { peerId0, peerId1, peerId2, peerId3, peerId4 } = announce
  return {
    status,
    infoHash: bytesOfWords(infoHash0, infoHash1, infoHash2, infoHash3, infoHash4),
    peerId: announce.hasPeerId ? bytesOfWords(peerId0, peerId1, peerId2, peerId3, peerId4) : '',
    port: swap16(announce.wirePort),
    leftIsZero: announce.leftIsZero,
    event: announce.event,
    numwant: announce.numwant,
    compact: announce.compact,
    noPeerId: announce.noPeerId,
  }
}

export interface PlainScrape {
  status: number
  hashes?: string[]
  total?: number
  cut?: number
}

export function readScrapeQuery(query: string, limit: number): PlainScrape {
  const input = latin1(`&%${query}23&left=0`)
  const request = new HttpScrapeRequest(limit)
  const status = decodeScrapeQuery(input, 2, 2 + query.length, request)
  if (status !== 0) return { status }
  const hashes = Array.from({ length: request.count }, (_, index) =>
    Buffer.from(request.bytes.subarray(index * 20, index * 20 + 20)).toString('latin1'),
  )
  return { status, hashes, total: request.total, cut: request.cut }
}
