// Looks closely at a share of the answers (`verify`): fast wrong answers must not win.

import type { DatagramBatch } from '../../net/datagram-batch.js'
import { isScrapeEntryPlausible, listsPeer, type UdpAnswer } from '../../protocol/udp-client.js'
import type { LoadPlan } from '../plan.js'
import type { Population } from '../population.js'
import type { Random } from '../random.js'

const INTERVAL_SECONDS_MAX = 7 * 24 * 3600

export class AnswerCheck {
  /** Answers looked at, and found wrong, since they were last taken. */
  verified = 0
  wrong = 0
  readonly #checkedBelow: number
  readonly #numwant: number
  readonly #population: Population
  readonly #random: Random
  /** Each socket's own address as it would be listed, with room for a port at its end. */
  readonly #self: readonly Uint16Array[]
  readonly #peerBytes: number

  /** @param self address and port of each socket, as compact peers */
  constructor(plan: LoadPlan, population: Population, random: Random, self: readonly Uint16Array[]) {
    this.#checkedBelow = plan.verifyShare * 2 ** 32
    this.#numwant = plan.numwant
    this.#population = population
    this.#random = random
    this.#self = self
    this.#peerBytes = self[0].byteLength
  }

  announce(answers: DatagramBatch, index: number, answer: UdpAnswer, socket: number, peer: number): void {
    if (!this.#isDrawn()) return
    const peers = answer.peersBytes / this.#peerBytes
    const { intervalSeconds, leechers, seeders } = answer
    const isRight =
      (this.#numwant <= 0 || peers <= this.#numwant) &&
      intervalSeconds > 0 &&
      intervalSeconds <= INTERVAL_SECONDS_MAX &&
      leechers >= 0 &&
      seeders >= 0 &&
      leechers + seeders >= peers &&
      !this.#listsAnnouncer(answers, index, answer, socket, peer)
    this.#count(isRight)
  }

  /** @param hashes asked for */
  scrape(answers: DatagramBatch, index: number, answer: UdpAnswer, hashes: number): void {
    if (!this.#isDrawn()) return
    const offset = answers.offsetOf(index)
    let isRight = answer.entries === hashes
    for (let entry = 0; entry < answer.entries && isRight; entry++) {
      isRight = isScrapeEntryPlausible(answers.memory, offset, entry)
    }
    this.#count(isRight)
  }

  #isDrawn(): boolean {
    return this.#checkedBelow > 0 && this.#random.word() >>> 0 < this.#checkedBelow
  }

  #count(isRight: boolean): void {
    this.verified++
    if (!isRight) this.wrong++
  }

  #listsAnnouncer(
    answers: DatagramBatch,
    index: number,
    answer: UdpAnswer,
    socket: number,
    peer: number,
  ): boolean {
    const self = this.#self[socket]
    const port = this.#population.portOf(peer)
    self[self.length - 1] = ((port & 0xff) << 8) | (port >> 8)
    const offset = answers.offsetOf(index)
    const readBytes = answers.slotBytes - 20
    return listsPeer(answers.memory, offset, Math.min(answer.peersBytes, readBytes), self)
  }
}
