import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Remarks } from '../../src/loadtest/generator.js'
import { HttpRequests } from '../../src/loadtest/http/requests.js'
import { SlotQueue } from '../../src/loadtest/http/slot-queue.js'
import { isAnnounceAnswerRight, isScrapeAnswerRight } from '../../src/loadtest/http/verification.js'
import { LoadKind } from '../../src/loadtest/kinds.js'
import { Population } from '../../src/loadtest/population.js'
import { Random } from '../../src/loadtest/random.js'
import { readTrackerAnswer, TrackerAnswer } from '../../src/protocol/http/tracker-answer.js'

const SEED = 7

function requestsOf(peers: number, connections: number, sources: number, mix = [1, 0]): HttpRequests {
  const plan = {
    torrents: 5,
    peers,
    popularity: { kind: 'uniform' },
    seederShare: 0.5,
    scrapeTorrents: 3,
  } as const
  const population = new Population(plan, SEED, 0, 1)
  const shares = { connect: 0, announce: mix[0], scrape: mix[1] }
  return new HttpRequests(population, new Random(SEED), shares, connections, sources)
}

describe('requests of the HTTP load', () => {
  it('announce each peer once in the fill, each from its own address', () => {
    for (const [peers, connections, sources] of [
      [10, 4, 1],
      [10, 4, 3],
      [10, 2, 8],
      [3, 4, 4],
      [1, 1, 1],
    ]) {
      const requests = requestsOf(peers, connections, sources)
      const seen: number[] = []
      const used = Math.min(peers, connections, sources)
      for (let slot = 0; requests.peersToFill > 0; slot = (slot + 1) % connections) {
        const peer = requests.nextPeerToFill(slot)
        if (peer < 0) continue
        seen.push(peer)
        assert.equal(peer % used, slot % used)
      }
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        Array.from({ length: peers }, (_, peer) => peer),
      )
      assert.equal(requests.nextPeerToFill(0), -1)
    }
  })

  it('go round all peers of an address in the load', () => {
    const requests = requestsOf(7, 2, 2)
    assert.deepEqual(
      Array.from({ length: 5 }, () => requests.nextPeer(0)),
      [0, 2, 4, 6, 0],
    )
    assert.deepEqual(
      Array.from({ length: 4 }, () => requests.nextPeer(1)),
      [1, 3, 5, 1],
    )
  })

  it('keep a peer a seeder or a leecher, and say only once that it starts', () => {
    const requests = requestsOf(1000, 1, 1)
    let seeders = 0
    for (let peer = 0; peer < 1000; peer++) {
      requests.writeAnnounce(peer, true)
      const { left, event } = requests.announce
      assert.equal(event, 2)
      if (left === 0) seeders++
      requests.writeAnnounce(peer, false)
      assert.deepEqual([requests.announce.left, requests.announce.event], [left, 0])
    }
    assert.ok(seeders > 400 && seeders < 600, String(seeders))
  })

  it('follow the mix, sent or not', () => {
    const requests = requestsOf(10, 1, 1, [3, 1])
    const kinds = Array.from({ length: 4000 }, () => requests.drawKind())
    const announces = kinds.filter(kind => kind === LoadKind.announce).length
    assert.ok(Math.abs(announces - 3000) < 200, String(announces))
    assert.equal(requestsOf(10, 1, 1, [0, 1]).drawKind(), LoadKind.scrape)
  })

  it('scrape one torrent to as many as are allowed', () => {
    const requests = requestsOf(10, 1, 1)
    const counts = new Set<number>()
    for (let times = 0; times < 100; times++) {
      requests.writeScrape()
      counts.add(requests.hashCount)
    }
    assert.deepEqual([...counts].sort(), [1, 2, 3])
  })
})

describe('a queue of connections', () => {
  it('gives them back in order, each once', () => {
    const queue = new SlotQueue(3)
    for (const slot of [2, 0, 2, 1, 0]) queue.push(slot)
    assert.equal(queue.length, 3)
    assert.equal(queue.shift(), 2)
    queue.push(2)
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift(), queue.length], [0, 1, 2, 0])
  })
})

describe('a closer look at an answer', () => {
  const peer = (last: number, port: number): Buffer => Buffer.from([127, 0, 0, last, port >> 8, port & 255])
  const announcer = { address: Uint8Array.of(127, 0, 0, 1), addressBytes: 4, port: 6881, numwant: 2 }

  function faultOf(peers: Buffer, rest = '8:completei1e10:incompletei2e8:intervali60e'): string | undefined {
    const input = Buffer.concat([Buffer.from(`d${rest}5:peers${peers.length}:`), peers, Buffer.from('e')])
    const answer = new TrackerAnswer()
    readTrackerAnswer(input, 0, input.length, answer)
    const remarks = new Remarks()
    const isRight = isAnnounceAnswerRight(answer, input, announcer, remarks)
    const [said] = remarks.entries()
    assert.equal(isRight, said === undefined)
    return said?.[0]
  }

  it('finds nothing in one that is right', () => {
    assert.equal(faultOf(Buffer.concat([peer(2, 6881), peer(1, 6882)])), undefined)
  })

  it('finds what is wrong', () => {
    const wrong = 'announce answer wrong: '
    assert.equal(faultOf(peer(1, 6881)), `${wrong}the announcer itself among the peers`)
    const three = Buffer.concat([peer(2, 1), peer(2, 2), peer(2, 3)])
    assert.equal(faultOf(three), `${wrong}more than the 2 peers that were asked for`)
    assert.equal(faultOf(Buffer.alloc(7)), `${wrong}a length of compact peers that is no number of peers`)
    assert.equal(faultOf(peer(2, 1), '8:completei1e10:incompletei0e'), `${wrong}no interval`)
    const none = '8:completei0e10:incompletei0e8:intervali60e'
    assert.equal(faultOf(peer(2, 1), none), `${wrong}1 peers of 0`)
    assert.equal(faultOf(Buffer.alloc(0), '8:completei-5e8:intervali60e'), `${wrong}a count below zero`)
  })

  it('finds torrents that nobody asked for', () => {
    const file = (letter: string): string => `20:${letter.repeat(20)}d8:completei1ee`
    const input = Buffer.from(`d5:filesd${file('a')}${file('b')}ee`)
    const answer = new TrackerAnswer()
    readTrackerAnswer(input, 0, input.length, answer)
    const look = (asked: string): boolean => {
      const hashes = Buffer.from([...asked].map(letter => letter.repeat(20)).join(''))
      return isScrapeAnswerRight(answer, input, input.length, hashes, new Remarks())
    }
    assert.equal(look('bac'), true)
    assert.equal(look('a'), false)
    assert.equal(look('b'), false)
  })
})
