// Datagrams from a UDP tracker as the load test reads them: against DataView, with no byte read behind the datagram.

import assert from 'node:assert/strict'
import { PacketMemory, swap32 } from '../../../src/protocol/packet-memory.js'
import {
  AnswerKind,
  decodeAnswer,
  isScrapeEntryPlausible,
  listsPeer,
  UdpAnswer,
} from '../../../src/protocol/udp-client.js'
import { type FuzzTarget, POISON_BEFORE } from '../target.js'

const BYTES_MAX = 2048
const memory = new PacketMemory(BYTES_MAX + 256)
const answer = new UdpAnswer()
const peer = Buffer.from('7f0000011ae1', 'hex')
const peerHalves = new Uint16Array(Uint8Array.from(peer).buffer)
const ones = new Uint8Array(memory.bytes.length).fill(0xff)
/** Behind an announce answer there lies the peer that is looked for. */
const peers = Uint8Array.from(ones, (_, at) => peer[at % peer.length]!)
const headerBytes: Readonly<Record<number, number>> = { 0: 16, 1: 20, 2: 8, 3: 8 }

function expectedKind(packet: Buffer): number {
  if (packet.length < 8) return AnswerKind.tooShort
  const action = packet.readUInt32BE(0)
  const needed = headerBytes[action]
  if (needed === undefined) return AnswerKind.unknownAction
  if (packet.length < needed || (action === 2 && (packet.length - 8) % 12 !== 0)) return AnswerKind.badLength
  return action
}

function compareFields(packet: Buffer, kind: number): void {
  const wire = [answer.connectionId0, answer.connectionId1].map(swap32)
  if (kind === AnswerKind.connect) assert.deepEqual(wire, [packet.readInt32BE(8), packet.readInt32BE(12)])
  if (kind === AnswerKind.announce) {
    assert.equal(answer.peersBytes, packet.length - 20)
    const { intervalSeconds, leechers, seeders } = answer
    assert.deepEqual(
      [intervalSeconds, leechers, seeders],
      [8, 12, 16].map(at => packet.readInt32BE(at)),
    )
  }
  if (kind === AnswerKind.scrape) assert.equal(answer.entries * 12, packet.length - 8)
  if (kind === AnswerKind.error) assert.equal(answer.textBytes, packet.length - 8)
}

function listed(packet: Buffer): boolean {
  for (let at = 20; at + 6 <= packet.length; at += 6) {
    if (packet.subarray(at, at + 6).equals(peer)) return true
  }
  return false
}

/** Kind, fields, and what the checks of the load test say. */
function decode(bytes: Uint8Array, poison: Uint8Array): readonly unknown[] {
  memory.bytes.set(poison)
  memory.bytes.set(bytes, POISON_BEFORE)
  Object.assign(answer, new UdpAnswer())
  const kind = decodeAnswer(memory, POISON_BEFORE, bytes.length, answer)
  const plausible = Array.from({ length: answer.entries }, (_, index) =>
    isScrapeEntryPlausible(memory, POISON_BEFORE, index),
  )
  const isListed = listsPeer(memory, POISON_BEFORE, answer.peersBytes, peerHalves)
  return [kind, JSON.stringify(answer), plausible, isListed]
}

function run(bytes: Uint8Array): string {
  const packet = Buffer.from(bytes)
  const found = decode(bytes, ones)
  assert.equal(
    JSON.stringify(decode(bytes, peers)),
    JSON.stringify(found),
    'what lies behind the datagram counts',
  )
  const [kind, , plausible, isListed] = found as [number, string, boolean[], boolean]
  assert.equal(kind, expectedKind(packet))
  compareFields(packet, kind)
  for (const [index, isPlausible] of plausible.entries()) {
    const counts = [0, 4, 8].map(at => packet.readInt32BE(8 + index * 12 + at))
    if (isPlausible !== counts.every(count => count >= 0)) assert.fail(`counts ${counts}`)
  }
  if (kind === AnswerKind.announce) assert.equal(isListed, listed(packet))
  return `${kind} ${isListed} ${plausible.length > 0 && plausible.every(Boolean)} ${Math.min(answer.peersBytes, 40)}`
}

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex')

export const udpResponse: FuzzTarget = {
  name: 'udp-response',
  seeds: [
    hex('00000000112233440102030405060708'),
    hex('0000000111223344000003840000000300011170'),
    hex(`0000000111223344000003840000000300011170${'0a000002c8d5'.repeat(3)}7f0000011ae1`),
    hex('0000000211223344000000010000000200000003000000040000000500000006'),
    Buffer.concat([hex('0000000311223344'), Buffer.from('Info hash not allowed')]),
  ],
  dictionary: [peer, ...['00000000', '00000001', '00000002', '00000003', 'ffffffff', '80000000'].map(hex)],
  bytesMax: BYTES_MAX,
  run,
}
