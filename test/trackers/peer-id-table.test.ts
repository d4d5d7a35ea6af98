// The table of peer ids against a Map, at its limit, and the counts made from it.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { countPeerClients } from '../../src/trackers/peer-clients.js'
import { createPeerIdTable, PeerIdTable } from '../../src/trackers/peer-id-table.js'

const maxAgeSeconds = 100

/** Five words with the text's first 20 bytes. */
function wordsOf(text: string): Int32Array {
  const bytes = new Uint8Array(20)
  bytes.set(Buffer.from(text, 'latin1').subarray(0, 20))
  return new Int32Array(bytes.buffer)
}

function peerIdsIn(table: PeerIdTable, nowSeconds: number): string[] {
  const found: string[] = []
  table.forEach(nowSeconds, (words, at) => found.push(words.slice(at, at + 5).join()))
  return found.sort()
}

describe('PeerIdTable', () => {
  it('holds what a Map would hold, from several views', () => {
    const step = fc.record({
      id: fc.nat({ max: 40 }),
      view: fc.nat({ max: 1 }),
      stops: fc.boolean(),
      afterSeconds: fc.nat({ max: 30 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), steps => {
        const memory = createPeerIdTable(1000, maxAgeSeconds)
        const views = [new PeerIdTable(memory), new PeerIdTable(memory)]
        const model = new Map<string, number>()
        let now = 0
        for (const { id, view, stops, afterSeconds } of steps) {
          now += afterSeconds
          const words = wordsOf(`-qB4520-${id}`)
          if (stops) {
            views[view].remove(words, 0)
            model.delete(words.join())
          } else {
            assert.equal(views[view].note(words, 0, now), 0)
            model.set(words.join(), now)
          }
          const valid = [...model].filter(([, seen]) => now - seen < maxAgeSeconds).map(([key]) => key)
          assert.deepEqual(peerIdsIn(views[0], now), valid.sort())
        }
      }),
    )
  })

  it('forgets an id when it is as old as a peer may be, not before', () => {
    const table = new PeerIdTable(createPeerIdTable(1000, maxAgeSeconds))
    table.note(wordsOf('one'), 0, 0)
    assert.equal(peerIdsIn(table, maxAgeSeconds - 1).length, 1)
    assert.equal(peerIdsIn(table, maxAgeSeconds).length, 0)
  })

  it('keeps 99 of 100 ids when it is as full as it is made for, and never grows', () => {
    const expected = 20_000
    const memory = createPeerIdTable(expected, maxAgeSeconds)
    const table = new PeerIdTable(memory)
    let replaced = 0
    for (let id = 0; id < expected; id++) replaced += table.note(wordsOf(`-TR4000-${id}`), 0, 1)
    const kept = peerIdsIn(table, 1).length
    assert.equal(kept + replaced, expected)
    assert.ok(kept >= expected * 0.99, `${kept} of ${expected} kept`)
    const bytes = memory.buffer.byteLength
    assert.ok(bytes <= expected * 110, `${bytes} bytes`)
  })

  it('replaces the oldest of a full bucket and counts it', () => {
    const table = new PeerIdTable(createPeerIdTable(1, maxAgeSeconds))
    for (let id = 0; id < 16; id++) assert.equal(table.note(wordsOf(`id ${id}`), 0, 10 + id), 0)
    table.note(wordsOf('id 0'), 0, 50)
    assert.equal(table.note(wordsOf('id 16'), 0, 51), 1)
    const left = peerIdsIn(table, 51)
    assert.equal(left.length, 16)
    assert.ok(left.includes(wordsOf('id 0').join()))
    assert.ok(!left.includes(wordsOf('id 1').join()))
    // A place that has become free is no loss, whether by `stopped` or by age.
    table.remove(wordsOf('id 0'), 0)
    assert.equal(table.note(wordsOf('id 0 again'), 0, 52), 0)
    assert.equal(peerIdsIn(table, 52).length, 16)
    assert.equal(table.note(wordsOf('id 17'), 0, 51 + maxAgeSeconds), 0)
  })

  it('counts an id once, even where two workers wrote it at the same moment', () => {
    const memory = createPeerIdTable(1, maxAgeSeconds)
    const table = new PeerIdTable(memory)
    table.note(wordsOf('first'), 0, 1)
    table.note(wordsOf('second'), 0, 1)
    const words = new Int32Array(memory.buffer)
    const places: number[] = []
    table.forEach(1, (_, at) => places.push(at))
    words.copyWithin(places[1], places[0], places[0] + 5)
    assert.deepEqual(peerIdsIn(table, 1), [wordsOf('first').join()])
  })
})

describe('countPeerClients', () => {
  it('counts by program and by first 8 bytes, most frequent first', () => {
    const table = new PeerIdTable(createPeerIdTable(1000, maxAgeSeconds))
    for (const id of [
      '-qB4520-aaa',
      '-qB4520-bbb',
      '-qB4521-ccc',
      '-TR4000-a',
      'S3-k/',
      'S3-k/---x-',
      '????',
    ]) {
      table.note(wordsOf(id), 0, 5)
    }
    const { peers, clients, prefixes, replaced } = countPeerClients(table, 5, 9)
    assert.equal(peers, 7)
    assert.equal(replaced, 9)
    assert.deepEqual(clients, [
      { client: 'QBitTorrent 4.5.2', count: 3 },
      { client: 'Other (S3)', count: 2 },
      { client: 'Other', count: 1 },
      { client: 'Transmission 4.00', count: 1 },
    ])
    assert.deepEqual(prefixes[0], { prefixHex: Buffer.from('-qB4520-').toString('hex'), count: 2 })
    assert.equal(prefixes.length, 6)
  })

  it('names the most frequent programs only, and loses no peer', () => {
    const table = new PeerIdTable(createPeerIdTable(10_000, maxAgeSeconds))
    for (let number = 0; number < 1500; number++) {
      table.note(wordsOf(`${String.fromCharCode(97 + (number % 26))}${number}-`), 0, 5)
    }
    for (const id of ['-qB4520-aaa', '-qB4520-bbb']) table.note(wordsOf(id), 0, 5)
    const { peers, clients, prefixes } = countPeerClients(table, 5, 0)
    assert.equal(clients.length, 300)
    assert.equal(prefixes.length, 1000)
    assert.equal(
      clients.reduce((sum, { count }) => sum + count, 0),
      peers,
    )
    assert.deepEqual(clients[0].client, 'Other')
    assert.deepEqual(clients[1], { client: 'QBitTorrent 4.5.2', count: 2 })
  })
})
