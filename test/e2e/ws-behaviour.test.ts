// The built WebTorrent tracker as its clients see it: announces, offers, answers, scrapes, peers that come again and
// go. On both engines, plain and with TLS; the native one has two workers, and clients are on either.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { allVariants, trackerOfSuite } from '../support/http-variants.js'
import { engineMissing, meets } from '../support/requirement.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { hasIpv6Loopback, startTracker } from '../support/tracker-process.js'
import { identifier, socketUrl, WebTorrentClient } from '../support/web-torrent-client.js'

const settings = { socket_workers: 2, 'protocol.peer_announce_interval': 77 }
const UNEXPECTED = 'Could not find the offer corresponding to your answer. It may have expired.'

/** Every test has a torrent of its own. */
let torrents = 0
const newTorrent = (): string => identifier(`torrent ${++torrents}`)

const offerOf = (id: string) => ({
  offer_id: identifier(id),
  offer: { type: 'offer', sdp: `v=0 ${id} \u2028 "quoted" \\ é\n`, more: [1, { a: null }] },
})
const answerOf = (id: string) => ({ type: 'answer', sdp: `answer to ${id} é` })

for (const variant of allVariants) {
  describe(`serve ws, ${variant.name}`, () => {
    const tracker = trackerOfSuite(variant, settings, { protocol: 'ws' })
    const connect = (t: TestContext, options = {}) =>
      WebTorrentClient.connect(t, socketUrl(tracker(), variant), options)

    it('says where it listens, as a URL says it', () => {
      const names = new Set(tracker().listening.map(({ protocol }) => protocol))
      assert.deepEqual([...names], [variant.tls ? 'wss' : 'ws'])
      if (hasIpv6Loopback()) assert.equal(tracker().listening.length, 2)
    })

    it('counts whoever announces, himself too, as seeders and leechers, until they stop', async t => {
      const hash = newTorrent()
      const [one, two] = [await connect(t), await connect(t)]
      assert.deepEqual(await one.announced(hash, identifier('one'), { event: 'started' }), {
        action: 'announce',
        info_hash: hash,
        complete: 0,
        incomplete: 1,
        interval: 77,
      })
      assert.deepEqual(await two.counts(hash, identifier('two'), { left: 0 }), [1, 1])
      assert.deepEqual(await one.counts(hash, identifier('one'), { left: 0, event: 'completed' }), [2, 0])
      assert.deepEqual(await two.counts(hash, identifier('two'), { event: 'stopped' }), [1, 0])
      assert.deepEqual(await one.counts(hash, identifier('one')), [1, 0])
    })

    it('passes an offer on as it is, and its answer back; a second answer is refused', async t => {
      const hash = newTorrent()
      const [one, two] = [await connect(t), await connect(t)]
      const [oneId, twoId] = [identifier('one'), identifier('two')]
      await two.announced(hash, twoId)
      one.announce(hash, oneId, { offers: [offerOf('first')] })
      assert.equal((await one.next()).incomplete, 2)
      assert.deepEqual(await two.next(), {
        action: 'announce',
        info_hash: hash,
        peer_id: oneId,
        ...offerOf('first'),
      })
      const answer = {
        action: 'announce',
        info_hash: hash,
        peer_id: twoId,
        to_peer_id: oneId,
        offer_id: identifier('first'),
        answer: answerOf('first'),
      }
      two.send(answer)
      const { to_peer_id, ...passedOn } = answer
      assert.equal(to_peer_id, oneId)
      assert.deepEqual(await one.next(), passedOn)
      two.send(answer)
      const refusal = { action: 'announce', info_hash: hash, 'failure reason': UNEXPECTED }
      assert.deepEqual(await two.next(), refusal)
      assert.deepEqual([one.waiting, two.waiting], [0, 0])
    })

    it('sends every offer to another peer, and never back', async t => {
      const hash = newTorrent()
      const clients = await Promise.all(Array.from({ length: 11 }, () => connect(t)))
      for (const [index, client] of clients.entries()) await client.announced(hash, identifier(`p${index}`))
      const [sender, ...others] = clients
      const offers = Array.from({ length: 10 }, (_, index) => offerOf(`offer ${index}`))
      for (let round = 0; round < 3; round++) {
        await sender.announced(hash, identifier('p0'), { offers })
        const seen = await Promise.all(others.map(client => client.next()))
        const ids = new Set(seen.map(({ offer_id }) => offer_id))
        assert.deepEqual(ids, new Set(offers.map(({ offer_id }) => offer_id)))
      }
      assert.deepEqual(
        clients.map(({ waiting }) => waiting),
        clients.map(() => 0),
      )
    })

    it('keeps order: what a client is sent by another comes as that sent it', async t => {
      const hash = newTorrent()
      const pairs = await Promise.all(Array.from({ length: 4 }, () => connect(t)))
      const receiver = await connect(t)
      for (const [index, client] of pairs.entries()) {
        const own = `${hash.slice(0, 18)}#${index}`
        await receiver.announced(own, identifier('receiver'))
        await client.announced(own, identifier('sender'))
      }
      const count = 50
      for (const [index, client] of pairs.entries()) {
        for (let number = 0; number < count; number++) {
          const offers = [offerOf(`${number}`)]
          client.announce(`${hash.slice(0, 18)}#${index}`, identifier('sender'), { offers })
        }
      }
      const next = new Map<string, number>()
      for (let total = 0; total < count * pairs.length; total++) {
        const { info_hash = '', offer_id } = await receiver.next()
        const number = next.get(info_hash) ?? 0
        assert.equal(offer_id, identifier(`${number}`))
        next.set(info_hash, number + 1)
      }
      assert.equal(next.size, pairs.length)
    })

    it('answers scrapes of one, several, unknown and no torrents', async t => {
      const [known, other, unknown] = [newTorrent(), newTorrent(), newTorrent()]
      const client = await connect(t)
      await client.announced(known, identifier('one'), { left: 0, event: 'completed' })
      await client.announced(other, identifier('one'))
      const zeros = { complete: 0, incomplete: 0, downloaded: 0 }
      client.send({ action: 'scrape', info_hash: known })
      const knownCounts = { complete: 1, incomplete: 0, downloaded: 1 }
      assert.deepEqual(await client.next(), { action: 'scrape', files: { [known]: knownCounts } })
      client.send({ action: 'scrape', info_hash: [known, other, unknown] })
      assert.deepEqual(await client.next(), {
        action: 'scrape',
        files: { [known]: knownCounts, [other]: { ...zeros, incomplete: 1 }, [unknown]: zeros },
      })
      client.send({ action: 'scrape', info_hash: [] })
      assert.deepEqual(await client.next(), { action: 'scrape', files: {} })
      client.send({ action: 'scrape' })
      const refusal = { action: 'scrape', 'failure reason': 'Full scrapes are not allowed' }
      assert.deepEqual(await client.next(), refusal)
    })

    it('takes messages in binary frames, in fragments and with every JSON escape', async t => {
      const hash = newTorrent()
      const client = await connect(t)
      const escaped = (text: string): string =>
        `"${[...text].map(char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
      const text = `{"left":1,"peer_id":${escaped(identifier('one'))},"info_hash":${escaped(hash)},"action":"announce"}`
      client.send(text)
      assert.equal((await client.next()).info_hash, hash)
      client.socket.send(Buffer.from(text))
      assert.equal((await client.next()).info_hash, hash)
      for (const byte of text.slice(0, -1)) client.socket.send(byte, { fin: false })
      client.socket.send('}', { fin: true })
      assert.equal((await client.next()).info_hash, hash)
    })

    it('says what is wrong with a message, and reads the next one', async t => {
      const hash = newTorrent()
      const client = await connect(t)
      for (const bad of ['', '{', '[]', '{"action":"dance"}', '[[[[[[[[[['.repeat(100)]) {
        client.send(bad)
        const { 'failure reason': reason } = await client.next()
        assert.ok(reason, bad)
      }
      client.send({ action: 'announce', info_hash: hash, peer_id: 'too short' })
      const failure = await client.next()
      assert.deepEqual([failure.action, failure.info_hash], ['announce', hash])
      assert.ok(failure['failure reason'])
      assert.deepEqual(await client.counts(hash, identifier('one')), [0, 1])
    })

    it('serves several torrents and peer ids on one connection, and forgets all of them with it', async t => {
      const [first, second] = [newTorrent(), newTorrent()]
      const [many, watcher] = [await connect(t), await connect(t)]
      await many.announced(first, identifier('a'))
      await many.announced(first, identifier('b'), { left: 0 })
      await many.announced(second, identifier('a'))
      assert.deepEqual(await watcher.counts(first, identifier('w')), [1, 2])
      await many.close()
      // The end of the connection is noticed when it is, which the next counts show.
      let counts = await watcher.counts(first, identifier('w'))
      while (counts[0] + counts[1] > 1) counts = await watcher.counts(first, identifier('w'))
      assert.deepEqual(await watcher.counts(second, identifier('w')), [0, 1])
    })

    it('lets a page that was loaded again take its peer id over, and nobody else', async t => {
      const hash = newTorrent()
      const [before, other] = [await connect(t), await connect(t)]
      await before.announced(hash, identifier('page'))
      await other.announced(hash, identifier('other'))
      const stranger = await connect(t, { localAddress: '127.0.0.2' })
      const refused = await stranger.announced(hash, identifier('page'), { event: 'stopped' })
      assert.deepEqual([refused.action, refused.info_hash], ['announce', hash])
      assert.match(refused['failure reason'] ?? '', /in use at another address/)
      const after = await connect(t)
      assert.deepEqual(await after.counts(hash, identifier('page')), [0, 2], 'counted once')
      await other.announced(hash, identifier('other'), { offers: [offerOf('to the new one')] })
      assert.equal((await after.next()).offer_id, identifier('to the new one'))
      // The old connection's end takes nothing from the new one.
      await before.close()
      assert.deepEqual(await other.counts(hash, identifier('other')), [0, 2])
    })

    it('refuses answers to offers never made, and drops those to peers that have gone', async t => {
      const hash = newTorrent()
      const [one, two] = [await connect(t), await connect(t)]
      await one.announced(hash, identifier('one'))
      await two.announced(hash, identifier('two'))
      const answer = { answer: answerOf('x'), offer_id: identifier('x') }
      two.announce(hash, identifier('two'), { ...answer, to_peer_id: identifier('one') })
      assert.equal((await two.next())['failure reason'], UNEXPECTED)
      two.announce(hash, identifier('two'), { ...answer, to_peer_id: identifier('gone') })
      two.announce(hash, identifier('two'))
      assert.equal((await two.next()).incomplete, 2, 'the answer to nobody is not answered')
      assert.equal(one.waiting, 0)
    })
  })
}

describe('counters of serve ws', () => {
  for (const engine of ['native', 'node'] as const) {
    it(`are right to the last offer (${engine} engine)`, async t => {
      if (!meets(t, engineMissing(engine))) return
      const tracker = await startTracker(t, {
        protocol: 'ws',
        families: [4],
        settings: { 'network.engine': engine, socket_workers: 2, 'protocol.max_offers': 5 },
      })
      const url = socketUrl(tracker, { tls: false })
      const hash = newTorrent()
      const clients = await Promise.all(Array.from({ length: 16 }, () => WebTorrentClient.connect(t, url)))
      for (const [index, client] of clients.entries()) await client.announced(hash, identifier(`p${index}`))
      const offers = Array.from({ length: 10 }, (_, index) => offerOf(`offer ${index}`))
      // All offers there may be, fewer, none.
      await clients[0].announced(hash, identifier('p0'), { offers })
      await clients[0].announced(hash, identifier('p0'), { offers, numwant: 3 })
      await clients[0].announced(hash, identifier('p0'), { offers, numwant: 0 })
      const others = clients.slice(1)
      let received = 0
      for (const client of others) received += client.waiting
      await new Promise<void>(resolve => {
        const look = (): void => {
          if (received === 8) resolve()
        }
        for (const { socket } of others) {
          socket.on('message', () => {
            received++
            look()
          })
        }
        look()
      })
      const { counters } = stoppedEventOf(await tracker.stop())
      assert.equal((counters['responsesOfferIpv4'] ?? 0) + (counters['responsesOfferIpv6'] ?? 0), 8)
      assert.equal(counters['requestsAnnounceIpv4'], 19)
      assert.equal(counters['offersReceived'], 30)
      assert.equal(counters['connectionsOpenedIpv4'], 16)
    })
  }
})
