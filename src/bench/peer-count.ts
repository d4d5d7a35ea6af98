// How many peers a UDP tracker really has: all torrents of a population are scraped, and what it says is added up. A
// tracker that took announces and kept few of them would look as if it needed little memory.

import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { infoHashesOf } from '../loadtest/info-hashes.js'

export interface PeerCountRequest {
  /** `udp://…` */
  readonly url: string
  readonly torrents: number
  readonly seed: number
  readonly signal: AbortSignal
  /** How long an answer is waited for before the request is sent again. */
  readonly timeoutMs?: number
}

/** In one scrape: most take 70 or more (BEP 15), aquatic 0.9 with io_uring no datagram longer than 480 bytes. */
const HASHES_EACH = 20
const HASH_BYTES = 20
/** Scrapes on their way: as many as the smallest of receive buffers has room for. */
const WINDOW = 32
const TIMEOUT_MS = 1_000
const TRIES = 5
/** Of all together. */
const LIMIT_MS = 600_000
const ACTION_CONNECT = 0
const ACTION_SCRAPE = 2
/** Bytes of an answer before its entries, and of an entry: seeders, completed, leechers. */
const HEADER_BYTES = 8
const ENTRY_BYTES = 12

/** @returns seeders and leechers of all torrents; null where the tracker does not answer scrapes */
export async function countPeers(request: PeerCountRequest): Promise<number | null> {
  const { url, torrents, seed, signal, timeoutMs = TIMEOUT_MS } = request
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const asker = new Asker(socket, timeoutMs)
  const endMs = performance.now() + LIMIT_MS
  try {
    await new Promise<void>(resolve => socket.connect(Number(port), host, resolve))
    let connectionId = await connect(asker)
    if (connectionId === null) return null
    let connectedMs = performance.now()
    let peers = 0
    let isAnswered = true
    const hashes = infoHashesOf(torrents, seed)
    const unanswered: string[] = []
    const next = (): string[] => (unanswered.length > 0 ? unanswered.splice(0, HASHES_EACH) : take(hashes))
    const scrapeAll = async (): Promise<void> => {
      for (let batch = next(); batch.length > 0 && isAnswered; batch = next()) {
        // A connection id is good for a minute at least, and its asker for two (BEP 15).
        if (performance.now() - connectedMs > 30_000) {
          connectedMs = performance.now()
          connectionId = (await connect(asker)) ?? connectionId
        }
        const answer = await asker.ask(scrapeOf(connectionId!, batch), ACTION_SCRAPE)
        const entries = answer === null ? 0 : entriesOf(answer)
        if (answer === null || entries === 0 || signal.aborted || performance.now() > endMs) {
          isAnswered = false
          return
        }
        peers += sumOf(answer)
        // Some answer the first of many alone: the others wait for the next request.
        unanswered.push(...batch.slice(entries))
      }
    }
    await Promise.all(Array.from({ length: WINDOW }, scrapeAll))
    return isAnswered ? peers : null
  } finally {
    socket.close()
  }
}

function take(hashes: Iterator<string>): string[] {
  const batch: string[] = []
  while (batch.length < HASHES_EACH) {
    const { value, done } = hashes.next()
    if (done === true) break
    batch.push(value)
  }
  return batch
}

async function connect(asker: Asker): Promise<Buffer | null> {
  const request = Buffer.alloc(16)
  request.writeBigUInt64BE(0x417_2710_1980n)
  const answer = await asker.ask(request, ACTION_CONNECT)
  return answer === null || answer.length < 16 ? null : answer.subarray(8, 16)
}

function scrapeOf(connectionId: Buffer, hashes: readonly string[]): Buffer {
  const request = Buffer.alloc(16 + hashes.length * HASH_BYTES)
  connectionId.copy(request)
  request.writeUInt32BE(ACTION_SCRAPE, 8)
  for (const [index, hash] of hashes.entries()) request.write(hash, 16 + index * HASH_BYTES, 'hex')
  return request
}

function entriesOf(answer: Buffer): number {
  return Math.floor((answer.length - HEADER_BYTES) / ENTRY_BYTES)
}

function sumOf(answer: Buffer): number {
  let sum = 0
  for (let at = HEADER_BYTES; at + ENTRY_BYTES <= answer.length; at += ENTRY_BYTES) {
    sum += answer.readUInt32BE(at) + answer.readUInt32BE(at + 8)
  }
  return sum
}

/** Asks over a datagram socket, again where nothing comes; answers are known by their transaction id. */
class Asker {
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #waiting = new Map<number, (answer: Buffer) => void>()

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    socket.on('message', message => {
      if (message.length >= HEADER_BYTES) this.#waiting.get(message.readUInt32BE(4))?.(message)
    })
    // Nobody listens: the request times out, as one that is lost.
    socket.on('error', () => undefined)
  }

  /** @returns null without an answer of that action */
  async ask(request: Buffer, action: number): Promise<Buffer | null> {
    for (let tries = 0; tries < TRIES; tries++) {
      const transactionId = randomInt(2 ** 32)
      request.writeUInt32BE(transactionId, 12)
      const answer = await this.#once(request, transactionId)
      if (answer !== null) return answer.readUInt32BE(0) === action ? answer : null
    }
    return null
  }

  #once(request: Buffer, transactionId: number): Promise<Buffer | null> {
    return new Promise(resolve => {
      const end = (answer: Buffer | null): void => {
        clearTimeout(timer)
        this.#waiting.delete(transactionId)
        resolve(answer)
      }
      const timer = setTimeout(() => end(null), this.#timeoutMs)
      this.#waiting.set(transactionId, end)
      this.#socket.send(request)
    })
  }
}
