// Looks closely at a share of the answers (`verify`): fast wrong answers must not win.

import type { DatagramBatch } from '../../net/datagram-batch.js'
import { isScrapeEntryPlausible, listsPeer, type UdpAnswer } from '../../protocol/udp-client.js'
import type { GeneratorContext, Remarks } from '../generator.js'
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
  readonly #remarks: Remarks

  /** @param self address and port of each socket, as compact peers */
  constructor(
    {
      plan,
      population,
      sideRandom,
      remarks,
    }: Pick<GeneratorContext, 'plan' | 'population' | 'sideRandom' | 'remarks'>,
    self: readonly Uint16Array[],
  ) {
    this.#remarks = remarks
    this.#checkedBelow = plan.verifyShare * 2 ** 32
    this.#numwant = plan.numwant
    this.#population = population
    this.#random = sideRandom
    this.#self = self
    this.#peerBytes = self[0].byteLength
  }

  announce(answers: DatagramBatch, index: number, answer: UdpAnswer, socket: number, peer: number): void {
    if (!this.#isDrawn()) return
    const fault = this.#announceFault(answers, index, answer, socket, peer)
    this.#count(fault === null ? null : `announce answer wrong: ${fault}`)
  }

  /** @param hashes asked for */
  scrape(answers: DatagramBatch, index: number, answer: UdpAnswer, hashes: number): void {
    if (!this.#isDrawn()) return
    const fault = scrapeFault(answers, index, answer, hashes)
    this.#count(fault === null ? null : `scrape answer wrong: ${fault}`)
  }

  #announceFault(
    answers: DatagramBatch,
    index: number,
    answer: UdpAnswer,
    socket: number,
    peer: number,
  ): string | null {
    const peers = answer.peersBytes / this.#peerBytes
    const { intervalSeconds, leechers, seeders } = answer
    if (intervalSeconds <= 0 || intervalSeconds > INTERVAL_SECONDS_MAX) {
      return `an interval of ${intervalSeconds} s`
    }
    if (leechers < 0 || seeders < 0) return 'a count below zero'
    if (leechers + seeders < peers) return `${peers} peers of ${leechers + seeders}`
    if (this.#listsAnnouncer(answers, index, answer, socket, peer)) {
      return 'the announcer itself among the peers'
    }
    // Last, as it is the least of all faults.
    if (this.#numwant > 0 && peers > this.#numwant) {
      return `more than the ${this.#numwant} peers that were asked for`
    }
    return null
  }

  #isDrawn(): boolean {
    return this.#checkedBelow > 0 && this.#random.word() >>> 0 < this.#checkedBelow
  }

  #count(fault: string | null): void {
    this.verified++
    if (fault === null) return
    this.wrong++
    this.#remarks.add(fault)
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

function scrapeFault(
  answers: DatagramBatch,
  index: number,
  { entries }: UdpAnswer,
  hashes: number,
): string | null {
  if (entries !== hashes) return `${entries} torrents where ${hashes} were asked for`
  const offset = answers.offsetOf(index)
  for (let entry = 0; entry < entries; entry++) {
    if (!isScrapeEntryPlausible(answers.memory, offset, entry)) return 'a count below zero'
  }
  return null
}
