// What WebTorrent peers say to a tracker in the load with offers: announces of ten offers as the npm package
// bittorrent-tracker writes them, with descriptions as Chrome makes them for a data channel, and answers.
import { TextFrame } from './frames.js'

/** What WebTorrent's client sends by default, and aquatic_ws takes at most. */
export const offersPerAnnounce = 10
/** Peers of each torrent of the load. */
export const peersPerTorrent = 50

const peerPrefix = '-WW0208-'
const peerSuffix = 'Zk3Qa7'
/** Half of the bytes of a random identifier need two bytes in UTF-8: here ten of twenty characters do. */
const hashPrefix = 'ÀéÕ¥þ2¼dXÆ!ß~qÔk'
const offerPrefix = 'Nç0Ê5y¡zãKs9Wé'

/** Places in a 20-byte identifier that tell one from another, all in its last characters. */
const torrentDigits = 4
const peerDigits = 6
const offerDigits = 6

/** The peer id of a connection (fewer than 2^24): ASCII, as WebTorrent makes them. */
export function peerIdOf(connection: number): string {
  return `${peerPrefix}${connection.toString(16).padStart(peerDigits, '0')}${peerSuffix}`
}

/** The info hash of a torrent (fewer than 2^16), as the 20 characters of the protocol. */
export function infoHashOf(torrent: number): string {
  return `${hashPrefix}${torrent.toString(16).padStart(torrentDigits, '0')}`
}

/** How many torrents a load of so many connections has. */
function torrentsFor(connections: number): number {
  return Math.max(1, Math.floor(connections / peersPerTorrent))
}

/** The torrent of a connection: neighbours announce different ones. */
export function torrentOf(connection: number, connections: number): number {
  return connection % torrentsFor(connections)
}

const candidates = [
  'a=candidate:1467250027 1 udp 2122260223 6f2c1b58-93c8-4c0e-b0a7-5d1f7a0c2e94.local 46243 typ host ' +
    'generation 0 network-id 1 network-cost 10',
  'a=candidate:4185144351 1 udp 2122194687 2001:db8:4f3a:9c21:7d5e:11ff:fe09:8a6b 39012 typ host ' +
    'generation 0 network-id 2 network-cost 10',
  'a=candidate:842163049 1 udp 1686052607 203.0.113.147 46243 typ srflx raddr 0.0.0.0 rport 0 ' +
    'generation 0 network-id 1 network-cost 10',
  'a=candidate:233762139 1 tcp 1518280447 6f2c1b58-93c8-4c0e-b0a7-5d1f7a0c2e94.local 9 typ host ' +
    'tcptype active generation 0 network-id 1 network-cost 10',
]

/** A session description (RFC 8866, RFC 8841) of Chrome's shape; `candidateCount` of up to four. */
function description(setup: 'actpass' | 'active', candidateCount: number): string {
  const fingerprint =
    'A1:5F:08:C4:3E:77:D9:12:6B:E0:94:2D:58:FA:C3:71:0E:B6:89:4C:25:F7:9A:D1:43:68:BE:07:5C:E9:32:84'
  const lines = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
    'm=application 46243 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 203.0.113.147',
    ...candidates.slice(0, candidateCount),
    'a=ice-ufrag:Xq3v',
    'a=ice-pwd:7Qm2pKc9wYdE4tRzB1uLxN5h',
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${setup}`,
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ]
  return lines.map(line => `${line}\r\n`).join('')
}

/** An announce without offers, with which a peer joins its torrent or leaves none behind (`stopped`). */
export function joinFrame(connection: number, torrent: number, event: 'started' | 'stopped'): TextFrame {
  return new TextFrame(
    JSON.stringify({
      numwant: 0,
      uploaded: 0,
      downloaded: 0,
      left: 1000,
      event,
      action: 'announce',
      info_hash: infoHashOf(torrent),
      peer_id: peerIdOf(connection),
    }),
  )
}

function offerIdText(offer: number): string {
  // The digits are characters U+00C0 to U+00FF: six bits each in the second of their two bytes.
  return `${offerPrefix}${'À'.repeat(offerDigits - 1)}${String.fromCharCode(0xc0 + offer)}`
}

/** Bytes of identifiers inside a message's text. */
const offerIdBytes = Buffer.byteLength(offerIdText(0))
const peerIdBytes = Buffer.byteLength(peerIdOf(0))

/** The first bytes of every peer id and every offer id of the load. */
const peerIdStart = Buffer.from(peerPrefix)
const offerIdStart = Buffer.from(offerPrefix)

function announceText(): string {
  const offers = Array.from({ length: offersPerAnnounce }, (_, index) => ({
    offer: { type: 'offer', sdp: description('actpass', 4) },
    offer_id: offerIdText(index),
  }))
  return JSON.stringify({
    numwant: offersPerAnnounce,
    uploaded: 0,
    downloaded: 0,
    left: 1000,
    action: 'announce',
    info_hash: infoHashOf(0),
    peer_id: peerIdOf(0),
    offers,
  })
}

function answerText(): string {
  return JSON.stringify({
    action: 'announce',
    info_hash: infoHashOf(0),
    peer_id: peerIdOf(0),
    to_peer_id: peerIdOf(1),
    answer: { type: 'answer', sdp: description('active', 1) },
    offer_id: offerIdText(0),
  })
}

const hexDigits = Buffer.from('0123456789abcdef')

function setHex(frame: TextFrame, end: number, digits: number, value: number): void {
  for (let digit = 0; digit < digits; digit++)
    frame.set(end - 1 - digit, hexDigits[(value >> (4 * digit)) & 15]!)
}

const nothing = new Uint8Array(0)

/** Where the value of a member begins, of the first such member at or after `from`; `start` begins the value. */
function valueAt(text: Buffer, name: string, from = 0, start: Uint8Array = nothing): number {
  const at = text.indexOf(Buffer.concat([Buffer.from(`"${name}":"`), start]), from)
  if (at < 0) throw new Error(`no ${name} in a message of the load`)
  return at + name.length + 4
}

const hashBytes = Buffer.byteLength(infoHashOf(0))
/** The end of the digits in a peer id. */
const peerDigitsEnd = peerPrefix.length + peerDigits

/** The announce with ten offers, of one connection at a time. */
export class OfferAnnounce {
  readonly #frame: TextFrame
  readonly #hashAt: number
  readonly #peerAt: number
  readonly #offerIdEnds: readonly number[]
  #made = 0

  constructor() {
    const text = announceText()
    const payload = Buffer.from(text)
    this.#frame = new TextFrame(text)
    this.#hashAt = valueAt(payload, 'info_hash')
    this.#peerAt = valueAt(payload, 'peer_id')
    let from = 0
    this.#offerIdEnds = Array.from({ length: offersPerAnnounce }, () => {
      from = valueAt(payload, 'offer_id', from) + offerIdBytes
      return from
    })
  }

  get bytes(): Buffer {
    return this.#frame.bytes
  }

  /** Makes it the announce of a connection, with offer ids that no other one has had. */
  prepare(connection: number, torrent: number): void {
    setHex(this.#frame, this.#hashAt + hashBytes, torrentDigits, torrent)
    setHex(this.#frame, this.#peerAt + peerDigitsEnd, peerDigits, connection)
    this.#made++
    for (const end of this.#offerIdEnds) {
      for (let digit = 1; digit < offerDigits; digit++)
        this.#frame.set(end - 1 - 2 * digit, 0x80 | ((this.#made >> (6 * (digit - 1))) & 63))
    }
  }
}

/** The answer to an offer. */
export class OfferAnswer {
  readonly #frame: TextFrame
  readonly #hashAt: number
  readonly #peerAt: number
  readonly #receiverAt: number
  readonly #offerAt: number

  constructor() {
    const text = answerText()
    const payload = Buffer.from(text)
    this.#frame = new TextFrame(text)
    this.#hashAt = valueAt(payload, 'info_hash')
    this.#peerAt = valueAt(payload, 'peer_id')
    this.#receiverAt = valueAt(payload, 'to_peer_id')
    this.#offerAt = valueAt(payload, 'offer_id')
  }

  get bytes(): Buffer {
    return this.#frame.bytes
  }

  /** Makes it the answer of a connection to the offer whose sender and id lie in `received`. */
  prepare(connection: number, torrent: number, received: Uint8Array, peerAt: number, offerAt: number): void {
    setHex(this.#frame, this.#hashAt + hashBytes, torrentDigits, torrent)
    setHex(this.#frame, this.#peerAt + peerDigitsEnd, peerDigits, connection)
    this.#frame.copy(this.#receiverAt, received, peerAt, peerIdBytes)
    this.#frame.copy(this.#offerAt, received, offerAt, offerIdBytes)
  }
}

/** What a message of a tracker is. */
export const MessageKind = { response: 0, offer: 1, answer: 2, failure: 3 } as const

/** Sizes that tell messages apart: an answer's description is shorter than an offer's, a response has none. */
const answerBytesMin = Buffer.byteLength(description('active', 1))
const offerBytesMin = Buffer.byteLength(description('actpass', 4))

/** Reads a tracker's messages: which kind, and where an offer's sender and id are. Reused. */
export class RelayedMessage {
  peerAt = 0
  offerAt = 0
  /** Where they were in the last offer: a tracker writes the members in the same order each time. */
  #peerOffset = 0
  #offerOffset = 0

  /** Reads the message in `bytes[start, end)`. @returns one of MessageKind */
  read(bytes: Buffer, start: number, end: number): number {
    const length = end - start
    if (length < answerBytesMin)
      return isFailure(bytes, start, end) ? MessageKind.failure : MessageKind.response
    if (length < offerBytesMin) return MessageKind.answer
    this.peerAt = start + this.#peerOffset
    this.offerAt = start + this.#offerOffset
    const isWhereItWas =
      startsWith(bytes, this.peerAt, peerIdStart) && startsWith(bytes, this.offerAt, offerIdStart)
    if (!isWhereItWas) this.#find(bytes.subarray(start, end), start)
    return MessageKind.offer
  }

  #find(message: Buffer, start: number): void {
    this.#peerOffset = valueAt(message, 'peer_id', 0, peerIdStart)
    this.#offerOffset = valueAt(message, 'offer_id', 0, offerIdStart)
    this.peerAt = start + this.#peerOffset
    this.offerAt = start + this.#offerOffset
  }
}

function startsWith(bytes: Uint8Array, at: number, start: Uint8Array): boolean {
  for (let index = 0; index < start.length; index++) {
    if (bytes[at + index] !== start[index]) return false
  }
  return true
}

function isFailure(bytes: Buffer, start: number, end: number): boolean {
  return bytes.subarray(start, end).includes('"failure reason"')
}
