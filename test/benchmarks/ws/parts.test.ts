import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../../../benchmarks/support/program.js'
import { aquaticConfiguration, createContenders } from '../../../benchmarks/ws/contenders.js'
import { ReceivedFrame, TextFrame } from '../../../benchmarks/ws/frames.js'
import { parseResult } from '../../../benchmarks/ws/loads.js'
import {
  infoHashOf,
  joinFrame,
  MessageKind,
  OfferAnnounce,
  OfferAnswer,
  offersPerAnnounce,
  peerIdOf,
  RelayedMessage,
} from '../../../benchmarks/ws/messages.js'
import { checkConnections, parseOpenFilesLimit } from '../../../benchmarks/ws/open-files.js'
import { parseIdleOptions, parseOptions } from '../../../benchmarks/ws/options.js'

/** aquatic_ws 0.9 takes no larger frame by default. */
const smallestFrameLimit = 16_384

/** The payload of a masked frame, as a tracker reads it. */
function unmask(bytes: Uint8Array): string {
  const is16 = (bytes[1]! & 127) === 126
  const keyAt = is16 ? 4 : 2
  const length = is16 ? (bytes[2]! << 8) | bytes[3]! : bytes[1]! & 127
  assert.equal(bytes[0], 0x81)
  assert.equal(bytes[1]! & 0x80, 0x80)
  assert.equal(bytes.length, keyAt + 4 + length)
  const payload = bytes.slice(keyAt + 4).map((byte, index) => byte ^ bytes[keyAt + (index & 3)]!)
  return Buffer.from(payload).toString('utf8')
}

/** Twenty characters, each of which is a byte. */
const isIdentifier = (text: string): boolean =>
  text.length === 20 && [...text].every(character => character.charCodeAt(0) <= 255)

test('frames are masked, of both lengths, and changed in place', () => {
  for (const text of ['', 'x'.repeat(125), 'x'.repeat(126), 'é'.repeat(4000)])
    assert.equal(unmask(new TextFrame(text).bytes), text)
  const frame = new TextFrame('abcdef')
  frame.set(1, 0x58)
  frame.copy(3, Buffer.from('0123'), 1, 2)
  assert.equal(unmask(frame.bytes), 'aXc12f')
  assert.throws(() => new TextFrame('x'.repeat(65_536)), /65536 bytes/)
})

test('a frame of a tracker is read when its last byte has come', () => {
  const frame = new ReceivedFrame()
  for (const length of [0, 5, 125, 126, 65_535]) {
    const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255]
    const bytes = Buffer.concat([Buffer.from('..'), Uint8Array.from(head), Buffer.alloc(length, 'x')])
    for (let end = 2; end < Math.min(bytes.length, 12); end++) assert.equal(frame.read(bytes, 2, end), false)
    assert.equal(frame.read(bytes, 2, bytes.length), true)
    assert.deepEqual([frame.opcode, frame.start, frame.end], [1, 2 + head.length, bytes.length])
  }
  assert.throws(() => frame.read(Uint8Array.of(0x82, 127, 0, 0), 0, 4), /more than 65,535/)
})

test('announces are what their connection says, with ten offers that no other announce has', () => {
  const announce = new OfferAnnounce()
  const seen = new Set<string>()
  for (const connection of [0, 9999, 0xffffff]) {
    announce.prepare(connection, connection & 0xffff)
    const message = JSON.parse(unmask(announce.bytes)) as Record<string, unknown>
    assert.equal(message['peer_id'], peerIdOf(connection))
    assert.equal(message['info_hash'], infoHashOf(connection & 0xffff))
    const offers = message['offers'] as { offer: { type: string; sdp: string }; offer_id: string }[]
    assert.equal(offers.length, offersPerAnnounce)
    for (const { offer, offer_id } of offers) {
      assert.ok(isIdentifier(offer_id) && !seen.has(offer_id))
      seen.add(offer_id)
      assert.match(offer.sdp, /^v=0\r\n.*a=setup:actpass\r\n/s)
      assert.ok(offer.sdp.length > 1000 && offer.sdp.length < 1500)
    }
    assert.ok(announce.bytes.length < smallestFrameLimit)
    assert.ok(isIdentifier(peerIdOf(connection)) && isIdentifier(infoHashOf(connection & 0xffff)))
  }
  const join = JSON.parse(unmask(joinFrame(7, 3, 'stopped').bytes)) as Record<string, unknown>
  assert.deepEqual([join['peer_id'], join['info_hash']], [peerIdOf(7), infoHashOf(3)])
})

/** What a tracker makes of an offer or answer; each writes its members in an order of its own. */
function relay(names: readonly string[], message: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify(Object.fromEntries(names.map(name => [name, message[name]]))))
}

const memberOrders = [
  ['action', 'peer_id', 'info_hash', 'offer', 'answer', 'offer_id'],
  ['action', 'offer', 'answer', 'offer_id', 'peer_id', 'info_hash'],
]

test('offers are told from answers and responses, and answered to whom they came from', () => {
  const announce = new OfferAnnounce()
  announce.prepare(5, 1)
  const { offers, ...whole } = JSON.parse(unmask(announce.bytes)) as Record<string, unknown> & {
    offers: { offer: unknown; offer_id: string }[]
  }
  const { offer, offer_id } = offers[3]!
  const answer = new OfferAnswer()
  // One reader for both: when the order changes, it looks again.
  const reader = new RelayedMessage()
  for (const order of memberOrders) {
    const received = relay(order, { ...whole, offer, offer_id })
    const input = Buffer.concat([Buffer.from('before'), received, Buffer.from('after')])
    assert.equal(reader.read(input, 6, 6 + received.length), MessageKind.offer)
    answer.prepare(17, 1, input, reader.peerAt, reader.offerAt)
    const sent = JSON.parse(unmask(answer.bytes)) as Record<string, unknown>
    assert.deepEqual(
      [sent['peer_id'], sent['info_hash'], sent['to_peer_id'], sent['offer_id']],
      [peerIdOf(17), infoHashOf(1), peerIdOf(5), offer_id],
    )
    const passedOn = relay(order, sent)
    assert.equal(reader.read(passedOn, 0, passedOn.length), MessageKind.answer)
  }
  const response = Buffer.from('{"action":"announce","complete":1,"incomplete":2,"interval":120}')
  assert.equal(reader.read(response, 0, response.length), MessageKind.response)
  const failure = Buffer.from('{"failure reason":"Could not find the offer","action":"announce"}')
  assert.equal(reader.read(failure, 0, failure.length), MessageKind.failure)
})

test('what the loads print is read, with offers and without', () => {
  const closing = 'responses 7360 seconds 1.005 rate 7321\n'
  const counts = { responses: 7360, seconds: 1.005, responsesPerSecond: 7321 }
  assert.deepEqual(parseResult(closing), { ...counts, failed: 0 })
  const lines = 'announces 368\noffers 3680\nanswers 3680\nfailed 2\nunanswered 1\n'
  const relayed = { announces: 368, offers: 3680, answers: 3680, unanswered: 1 }
  assert.deepEqual(parseResult(`${lines}${closing}`), { ...counts, failed: 2, relay: relayed })
  assert.throws(() => parseResult(lines), /not the output/)
})

test('more connections than open files are refused with the remedy', () => {
  const limits =
    'Max processes  1 2 processes\nMax open files            1024                 20000          files\n'
  assert.equal(parseOpenFilesLimit(limits), 20_000)
  assert.equal(parseOpenFilesLimit(limits.replace('20000', 'unlimited')), Number.POSITIVE_INFINITY)
  assert.throws(() => parseOpenFilesLimit(''), /no line about open files/)
  checkConnections(10_000, 10_000, 'do less')
  assert.throws(
    () => checkConnections(10_001, 10_000, 'do less'),
    (error: Error) => error instanceof UsageError && /ulimit -Hn .* or do less$/.test(error.message),
  )
})

test('trackers are told where to listen, and one that is missing says how to give it', () => {
  const tls = { certificatePath: '/c.pem', keyPath: '/k.pem' }
  assert.match(aquaticConfiguration(7000, undefined), /^address = "127\.0\.0\.1:7000"\n$/m)
  assert.match(aquaticConfiguration(7000, tls), /^enable_tls = true\n.*\/c\.pem.*\/k\.pem"$/ms)
  const contenders = createContenders({ repository: '.', aquaticWsPath: '/nowhere/aquatic_ws' })
  assert.deepEqual(contenders.get('aquatic-ws')?.find(), {
    reason: '--aquatic-ws is not an executable file (ENOENT)',
  })
})

test('options have defaults and refuse nonsense with a sentence', () => {
  const options = parseOptions(['--rounds', '2', '--loads', 'offers-1k, announce', '--only', 'ours,ws'])
  assert.deepEqual(
    options.loads.map(load => load.name),
    ['announce', 'offers-1k'],
  )
  assert.deepEqual([options.rounds, options.only], [2, ['ours', 'ws']])
  assert.throws(() => parseOptions(['--loads', 'udp']), /no such load; there are announce,tls,offers-1k/)
  assert.throws(() => parseOptions(['--warm-up', '0']), UsageError)
  assert.equal(parseIdleOptions([], Number.POSITIVE_INFINITY).connections, 50_000)
  assert.equal(parseIdleOptions([], 19_750).connections, 19_750)
  assert.equal(parseIdleOptions(['--connections', '5'], 19_750).connections, 5)
})
