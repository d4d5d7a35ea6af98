// A closed loop of WebTorrent peers: some announce ten offers each, whoever gets an offer answers it, and when a
// peer has its ten answers and the response to its announce, the next one in turn announces. Counts every offer and
// every answer where it arrives. Opens its connections, joins the torrents, prints `open N`; then runs for as many
// seconds as each line on stdin says, and prints what it counted in them.
// Run: node dist/benchmarks/ws/offers-load.js PORT CONNECTIONS
import { readSync } from 'node:fs'
import { EPOLLIN, MSG_DONTWAIT } from '../../src/net/native/constants.js'
import { Epoll } from '../../src/net/native/epoll.js'
import { loadLibc } from '../../src/net/native/libc.js'
import { Connections } from './connections.js'
import { Opcode, ReceivedFrame } from './frames.js'
import {
  joinFrame,
  MessageKind,
  OfferAnnounce,
  OfferAnswer,
  offersPerAnnounce,
  RelayedMessage,
  torrentOf,
} from './messages.js'

/** Announces at a time. */
const announcesMax = 64
/** What is not answered after this long was lost, and the next peer announces. */
const patienceMs = 500
const receiveBytes = 262_144
const waitMs = 20

const libc = loadLibc()
const [port, count] = process.argv.slice(2).map(Number) as [number, number]

class OffersLoad {
  readonly #connections = new Connections(port, count)
  readonly #epoll = new Epoll()
  readonly #input = Buffer.alloc(receiveBytes)
  /** Answers to the offers of one read, which leave with one call. */
  readonly #output = Buffer.alloc(receiveBytes)
  #outputEnd = 0
  /** The bytes of a frame whose end has not come. */
  readonly #kept = new Map<number, Buffer>()
  readonly #frame = new ReceivedFrame()
  readonly #message = new RelayedMessage()
  readonly #announce = new OfferAnnounce()
  readonly #answer = new OfferAnswer()
  /** Announces under way: who, since when; and what each connection waits for, 0 when it does not announce. */
  readonly #announcers: Int32Array
  readonly #announcedMs: Float64Array
  readonly #awaited = new Uint8Array(count)
  readonly #placeOf = new Int32Array(count)
  #next = 0
  announces = 0
  offers = 0
  answers = 0
  failures = 0
  unanswered = 0

  constructor() {
    this.#connections.askAll(index => joinFrame(index, torrentOf(index, count), 'started'))
    this.#connections.fds.forEach((fd, index) => {
      this.#epoll.add(fd, EPOLLIN, index, 0)
    })
    const announcers = Math.max(1, Math.min(announcesMax, count >> 2))
    this.#announcers = new Int32Array(announcers).fill(-1)
    this.#announcedMs = new Float64Array(announcers)
  }

  run(seconds: number): number {
    const startedMs = performance.now()
    const endMs = startedMs + seconds * 1000
    this.announces = this.offers = this.answers = this.failures = this.unanswered = 0
    this.#announcedMs.fill(startedMs)
    this.#announcers.forEach((connection, place) => {
      if (connection < 0) this.#announceNext(place, startedMs)
    })
    let checkMs = startedMs + waitMs
    let nowMs = startedMs
    while (nowMs < endMs) {
      const events = this.#epoll.wait(waitMs)
      for (let event = 0; event < events; event++) this.#receive(this.#epoll.slotOf(event), nowMs)
      nowMs = performance.now()
      if (nowMs < checkMs) continue
      checkMs = nowMs + waitMs
      this.#giveUpOnLost(nowMs)
    }
    return (nowMs - startedMs) / 1000
  }

  #announceNext(place: number, nowMs: number): void {
    const connection = this.#next
    this.#next = (this.#next + 1) % count
    this.#announcers[place] = connection
    this.#announcedMs[place] = nowMs
    this.#placeOf[connection] = place
    // The response to the announce, and an answer to each offer.
    this.#awaited[connection] = 1 + offersPerAnnounce
    this.#announce.prepare(connection, torrentOf(connection, count))
    this.#connections.send(connection, this.#announce.bytes)
    this.announces++
  }

  #giveUpOnLost(nowMs: number): void {
    for (let place = 0; place < this.#announcers.length; place++) {
      if (nowMs - this.#announcedMs[place]! < patienceMs) continue
      this.unanswered++
      this.#awaited[this.#announcers[place]!] = 0
      this.#announceNext(place, nowMs)
    }
  }

  #receive(connection: number, nowMs: number): void {
    const kept = this.#kept.get(connection)
    const keptBytes = kept === undefined ? 0 : kept.copy(this.#input)
    const room = keptBytes === 0 ? this.#input : this.#input.subarray(keptBytes)
    const received = libc.recv(this.#connections.fds[connection]!, room, room.length, MSG_DONTWAIT)
    if (received <= 0)
      throw new Error(`connection ${connection} was closed by the tracker (recv ${received})`)
    const end = keptBytes + received
    let at = 0
    while (this.#frame.read(this.#input, at, end)) {
      this.#take(connection, nowMs)
      at = this.#frame.end
    }
    if (at < end) this.#kept.set(connection, Buffer.from(this.#input.subarray(at, end)))
    else if (keptBytes > 0) this.#kept.delete(connection)
    if (this.#outputEnd === 0) return
    this.#connections.send(connection, this.#output, this.#outputEnd)
    this.#outputEnd = 0
  }

  /** Takes the frame that was read last. */
  #take(connection: number, nowMs: number): void {
    const { opcode, start, end } = this.#frame
    if (opcode === Opcode.close) throw new Error(`connection ${connection} was sent a close frame`)
    // A load is over before a tracker takes a connection that answers no ping for dead.
    if (opcode === Opcode.ping) return
    const kind = this.#message.read(this.#input, start, end)
    if (kind === MessageKind.offer) {
      this.offers++
      this.#answerOffer(connection)
      return
    }
    if (kind === MessageKind.failure) {
      this.failures++
      return
    }
    if (kind === MessageKind.answer) this.answers++
    if (this.#awaited[connection] === 0 || --this.#awaited[connection]! > 0) return
    this.#announceNext(this.#placeOf[connection]!, nowMs)
  }

  #answerOffer(connection: number): void {
    const { peerAt, offerAt } = this.#message
    this.#answer.prepare(connection, torrentOf(connection, count), this.#input, peerAt, offerAt)
    const { bytes } = this.#answer
    if (this.#outputEnd + bytes.length > this.#output.length) {
      this.#connections.send(connection, this.#output, this.#outputEnd)
      this.#outputEnd = 0
    }
    this.#output.set(bytes, this.#outputEnd)
    this.#outputEnd += bytes.length
  }
}

/** The next line of stdin as a number; undefined at its end. */
function readSeconds(): number | undefined {
  const line = Buffer.alloc(64)
  const bytes = readSync(0, line)
  return bytes === 0 ? undefined : Number(line.toString('latin1', 0, bytes))
}

const load = new OffersLoad()
process.stdout.write(`open ${count}\n`)
for (let seconds = readSeconds(); seconds !== undefined; seconds = readSeconds()) {
  const took = load.run(seconds)
  const { announces, offers, answers, failures, unanswered } = load
  const relayed = offers + answers
  process.stdout.write(
    `announces ${announces}\noffers ${offers}\nanswers ${answers}\nfailed ${failures}\n` +
      `unanswered ${unanswered}\n` +
      `responses ${relayed} seconds ${took.toFixed(3)} rate ${(relayed / took).toFixed(0)}\n`,
  )
}
process.exit(0)
