// A closed loop over UDP that times every answer: some sockets, each with one request under way.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { torrentInfoHash } from '../support/yardstick.js'

const answerPatienceMs = 1000
/** Latencies are counted in steps of a microsecond up to this; what is longer counts as this. */
const latencyUsMax = 1_000_000

/** Latencies in µs, and how many requests were never answered. */
export interface Latencies {
  readonly answers: number
  readonly lost: number
  readonly refused: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly longestUs: number
}

class Loop {
  lost = 0
  refused = 0
  readonly #socket: Socket
  readonly #counts: Float64Array
  readonly #packet = Buffer.alloc(98)
  #sentAt = 0
  #transaction = 0
  #isOver = false
  #end: () => void = () => undefined

  constructor(socket: Socket, counts: Float64Array, connectionId: Buffer, number: number) {
    this.#socket = socket
    this.#counts = counts
    connectionId.copy(this.#packet, 0)
    this.#packet.writeUInt32BE(1, 8)
    this.#packet.write(`-AQ0000-${String(number).padStart(12, '0')}`, 36, 'latin1')
    this.#packet.writeBigUInt64BE(1n, 64)
    this.#packet.writeInt32BE(30, 92)
    this.#packet.writeUInt16BE(1000 + number, 96)
    socket.on('message', answer => this.#take(answer))
  }

  /** Announces until `seconds` are over and the last answer is there. */
  async run(seconds: number): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#end = resolve
    })
    const patience = setInterval(() => {
      if (performance.now() - this.#sentAt < answerPatienceMs) return
      this.lost++
      this.#next()
    }, answerPatienceMs / 4)
    this.#send()
    setTimeout(() => {
      this.#isOver = true
    }, seconds * 1000)
    await ended
    clearInterval(patience)
  }

  #send(): void {
    this.#transaction++
    this.#packet.writeUInt32BE(this.#transaction, 12)
    torrentInfoHash(this.#transaction % 1000).copy(this.#packet, 16)
    this.#sentAt = performance.now()
    this.#socket.send(this.#packet)
  }

  #take(answer: Buffer): void {
    if (answer.readUInt32BE(4) !== this.#transaction) return
    const latencyUs = Math.min(Math.round((performance.now() - this.#sentAt) * 1000), latencyUsMax)
    this.#counts[latencyUs]!++
    if (answer.readUInt32BE(0) !== 1) this.refused++
    this.#next()
  }

  #next(): void {
    if (this.#isOver) this.#end()
    else this.#send()
  }
}

async function connect(port: number): Promise<{ socket: Socket; connectionId: Buffer }> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const request = Buffer.alloc(16)
  request.writeBigUInt64BE(0x41727101980n)
  socket.send(request)
  const [answer] = (await once(socket, 'message')) as [Buffer]
  return { socket, connectionId: Buffer.from(answer.subarray(8, 16)) }
}

/** Announces for `seconds` through `sockets` sockets and times each answer. */
export async function timeAnswers(port: number, sockets: number, seconds: number): Promise<Latencies> {
  const counts = new Float64Array(latencyUsMax + 1)
  const connected = await Promise.all(Array.from({ length: sockets }, () => connect(port)))
  const loops = connected.map(
    ({ socket, connectionId }, index) => new Loop(socket, counts, connectionId, index),
  )
  await Promise.all(loops.map(loop => loop.run(seconds)))
  for (const { socket } of connected) socket.close()
  const answers = counts.reduce((sum, count) => sum + count)
  const quantile = (share: number): number => {
    let seen = 0
    return counts.findIndex(count => {
      seen += count
      return seen >= share * answers
    })
  }
  return {
    answers,
    lost: loops.reduce((sum, { lost }) => sum + lost, 0),
    refused: loops.reduce((sum, { refused }) => sum + refused, 0),
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
    p999Us: quantile(0.999),
    longestUs: quantile(1),
  }
}
