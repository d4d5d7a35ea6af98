// What real WebTorrent clients do, one test for each habit, against the built tracker on both engines.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { plainVariants, startHttp, trackerOfSuite, type Variant } from '../support/http-variants.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import type { TrackerOptions, TrackerProcess } from '../support/tracker-process.js'
import { socketUrl, type TrackerMessage } from '../support/web-torrent-client.js'
import { newIdentifier, offerOf, WebTorrentPeer } from '../support/web-torrent-peer.js'

const ws: TrackerOptions = { protocol: 'ws' }
const NOT_EXPECTED = 'Could not find the offer corresponding to your answer. It may have expired.'

const newHash = (): string => newIdentifier('hash')

type Open = (from?: string) => Promise<WebTorrentPeer>

/** Opens connections that end with a test; from 127.0.0.2 and so on they are other clients. */
function peersOf(t: TestContext, tracker: TrackerProcess): Open {
  return from => WebTorrentPeer.connect(t, tracker.announceUrl(4), { localAddress: from })
}

/** What its counters say after a tracker of its own has seen to a test. */
async function countersOf(tracker: TrackerProcess): Promise<Readonly<Record<string, number>>> {
  const end = await tracker.stop()
  assert.equal(end.code, 0, end.stderr)
  return stoppedEventOf(end).counters
}

const start = (t: TestContext, variant: Variant, settings: TrackerOptions['settings'] = {}) =>
  startHttp(t, variant, settings, { ...ws, families: [4] })

for (const variant of plainVariants) {
  describe(`clients of the WebTorrent tracker, ${variant.name}`, () => {
    const tracker = trackerOfSuite(variant, {}, ws)

    it('every answer has an action, or the JavaScript client drops its socket: also when nothing was understood', async t => {
      const peer = await peersOf(t, tracker())()
      const hash = newHash()
      const wrong: (string | object)[] = [
        '',
        'junk',
        '[]',
        '{}',
        '{"action":"announce"}',
        { action: 'vote' },
        '\0',
      ]
      wrong.push({ action: 'announce', info_hash: hash }, { action: 'announce', info_hash: hash, peer_id: 1 })
      for (const message of wrong) {
        const answer = await peer.request(message)
        assert.equal(answer.action, 'announce', JSON.stringify(message))
        assert.ok(answer['failure reason'], JSON.stringify(message))
      }
      for (const message of [{ action: 'scrape' }, { action: 'scrape', info_hash: 'short' }]) {
        const answer = await peer.request(message)
        assert.equal(answer.action, 'scrape')
        assert.ok(answer['failure reason'])
      }
      assert.equal((await peer.announce(hash)).action, 'announce', 'and the connection stays')
    })

    it('every answer has the info hash that was asked about, also failures: clients pass over any other', async t => {
      const open = peersOf(t, tracker())
      const [peer, other] = [await open(), await open()]
      const hash = newHash()
      const wrong: object[] = [{ peer_id: 'short' }, { peer_id: null }, { event: 1 }, { offers: 'none' }]
      wrong.push({ answer: {}, to_peer_id: peer.peerId, offer_id: newIdentifier() })
      await peer.announce(hash)
      for (const more of wrong) {
        const answer = await peer.announce(hash, more)
        assert.equal(answer.info_hash, hash, JSON.stringify(more))
        assert.ok(answer['failure reason'], JSON.stringify(more))
      }
      for (const event of ['started', 'completed', 'stopped']) {
        assert.equal((await peer.announce(hash, { event })).info_hash, hash, event)
      }
      await peer.announce(hash)
      await other.announce(hash, { offers: [offerOf()] })
      assert.equal((await peer.client.next()).info_hash, hash, 'an offer')
    })

    it('left may be null, missing, huge, or no number: a leecher; 0 is a seeder', async t => {
      const peer = await peersOf(t, tracker())()
      const hash = newHash()
      const lefts = ['null', '1e300', '18446744073709551616', '"0"', '0.5', '-1', '[]', '1']
      for (const [index, left] of ['', ...lefts].entries()) {
        const member = left === '' ? '' : `,"left":${left}`
        const head = `{"action":"announce","info_hash":"${hash}","peer_id":"${newIdentifier()}"`
        const { complete, incomplete } = await peer.request(`${head}${member}}`)
        assert.deepEqual([complete, incomplete], [0, index + 1], left)
      }
      const { complete, incomplete } = await peer.announce(hash, { left: 0 })
      assert.deepEqual([complete, incomplete], [1, lefts.length + 1])
    })

    it('offers are absent on stopped, completed and answers, or null', async t => {
      const peer = await peersOf(t, tracker())()
      const hash = newHash()
      for (const more of [
        { offers: null },
        { offers: [] },
        { numwant: 5 },
        { event: 'completed', left: 0 },
      ]) {
        const answer = await peer.announce(hash, more)
        assert.equal(answer['failure reason'], undefined)
      }
      assert.deepEqual(await peer.counts(hash), [1, 0, 1])
    })

    it('numwant peers get an offer each, of those there are, and at most max_offers', async t => {
      const own = await start(t, variant)
      const open = peersOf(t, own)
      const hash = newHash()
      const receiver = await open()
      const peerIds = Array.from({ length: 12 }, () => newIdentifier())
      for (const peer_id of peerIds) await receiver.announce(hash, { peer_id })
      const received = async (count: number): Promise<number> => {
        const offers: TrackerMessage[] = []
        for (let index = 0; index < count; index++) offers.push(await receiver.client.next())
        return new Set(offers.map(({ offer_id }) => offer_id)).size
      }
      for (const [numwant, offers, relayed] of [
        [5, 5, 5],
        [3, 5, 3],
        [50, 5, 5],
        [undefined, 5, 5],
        [50, 15, 10],
        [0, 5, 0],
      ] as const) {
        const sender = await open()
        const made = Array.from({ length: offers }, () => offerOf())
        await sender.announce(hash, { numwant, offers: made })
        assert.equal(await received(relayed), relayed, `${numwant} of ${offers}`)
        await sender.announce(hash, { event: 'stopped' })
      }
      // Nothing else is under way.
      assert.deepEqual((await countersOf(own))['responsesOfferIpv4'], 28)
    })

    it('offers of any shape are passed on byte by byte; one without a usable offer_id takes only itself away', async t => {
      const own = await start(t, variant)
      const open = peersOf(t, own)
      const [receiver, sender] = [await open(), await open()]
      const hash = newHash()
      await receiver.announce(hash)
      const offers = [
        '{"sdp":"v=0\\r\\n","value":1}',
        '{ "fake_offer" : "\\u00e9\\/\\ud83d\\ude00 é😀" }',
        '{"type":"offer","sdp":"","sdp":"again","candidates":[{"a":[]},-1.50e+3,true,null]}',
        '"a string"',
        'null',
      ]
      for (const offer of offers) {
        const id = newIdentifier('offer')
        const bad = '{"offer":{},"offer_id":"17-characters-id."},{"offer_id":"01234567890123456789"}'
        const head = `{"offers":[${bad},{"x":1,"offer":${offer},"offer_id":"${id}"}],"peer_id":"${sender.peerId}"`
        const { incomplete } = await sender.request(`${head},"info_hash":"${hash}","action":"announce"}`)
        assert.equal(incomplete, 2)
        const text = await receiver.client.nextText()
        assert.ok(text.includes(`"offer":${offer},`), text)
        const { action, peer_id, offer_id } = JSON.parse(text) as TrackerMessage
        assert.deepEqual([action, peer_id, offer_id], ['announce', sender.peerId, id])
      }
      const counters = await countersOf(own)
      assert.equal(counters['offersDropped'], 2 * offers.length)
      assert.equal(counters['requestsInvalidIpv4'], 0)
    })

    it('an offer larger than max_offer_bytes takes only itself away', async t => {
      const open = peersOf(t, await start(t, variant, { 'protocol.max_offer_bytes': 1000 }))
      const [receiver, sender] = [await open(), await open()]
      const hash = newHash()
      await receiver.announce(hash)
      const sizeOf = (sdp: string): number => JSON.stringify(offerOf('', sdp).offer).length
      const largest = 'x'.repeat(1000 - sizeOf(''))
      assert.equal(sizeOf(largest), 1000)
      const offers = [offerOf(undefined, `${largest}x`), offerOf(undefined, largest)]
      await sender.announce(hash, { offers })
      assert.equal((await receiver.client.next()).offer_id, offers[1].offer_id)
    })

    it('event is update, paused, empty, "", null, anything: none', async t => {
      const peer = await peersOf(t, tracker())()
      const hash = newHash()
      const events = ['update', 'paused', 'empty', '', null, 'Stopped', 'STOPPED', 'junk'.repeat(100), '\0']
      for (const [index, event] of events.entries()) {
        const { incomplete } = await peer.announce(hash, { event, peer_id: newIdentifier() })
        assert.equal(incomplete, index + 1, String(event))
      }
      assert.deepEqual(await peer.counts(hash), [0, events.length, 0])
    })

    it('stopped is answered with the counts, for which clients wait, and the peer is forgotten', async t => {
      const open = peersOf(t, tracker())
      const [seeder, leecher] = [await open(), await open()]
      const hash = newHash()
      await seeder.announce(hash, { left: 0 })
      await leecher.announce(hash)
      const { action, info_hash, complete, incomplete } = await leecher.announce(hash, { event: 'stopped' })
      assert.deepEqual([action, info_hash, complete, incomplete], ['announce', hash, 1, 0])
      const unknown = newHash()
      const answer = await leecher.announce(unknown, { event: 'stopped' })
      assert.deepEqual([answer.info_hash, answer.complete, answer.incomplete], [unknown, 0, 0])
      assert.deepEqual(await seeder.counts(hash), [1, 0, 0])
    })

    it('one socket for many torrents and many peer ids; its end is the end of them all', async t => {
      const open = peersOf(t, tracker())
      const [many, other] = [await open(), await open()]
      const hashes = Array.from({ length: 100 }, newHash)
      const peerIds = [many.peerId, newIdentifier()]
      for (const hash of hashes) {
        for (const peer_id of peerIds) await many.announce(hash, { peer_id, left: 0 })
      }
      for (const hash of [hashes[0], hashes[99]]) assert.deepEqual(await other.counts(hash), [2, 0, 0])
      // Two clients on one socket find each other.
      await many.announce(hashes[0], { peer_id: peerIds[1], offers: [offerOf()] })
      assert.equal((await many.client.next()).peer_id, peerIds[1])
      await many.client.close()
      for (const hash of [hashes[0], hashes[99]]) assert.deepEqual(await other.counts(hash), [0, 0, 0])
    })

    it('a page that is loaded again takes its peer id over from the old socket, and is counted once', async t => {
      const open = peersOf(t, tracker())
      const [before, after, other] = [await open(), await open(), await open()]
      const hash = newHash()
      const peer_id = before.peerId
      await before.announce(hash, { left: 0 })
      const { complete, incomplete } = await after.announce(hash, { left: 0, peer_id })
      assert.deepEqual([complete, incomplete], [1, 0])
      await other.announce(hash, { offers: [offerOf()] })
      assert.equal((await after.client.next()).peer_id, other.peerId)
      // The end of the old socket takes nothing from the new one.
      await before.client.close()
      assert.deepEqual(await other.counts(hash), [1, 1, 0])
      await other.announce(hash, { offers: [offerOf()] })
      assert.equal((await after.client.next()).peer_id, other.peerId)
    })

    it("a stranger who announces somebody else's peer id evicts nobody", async t => {
      const open = peersOf(t, tracker())
      const [owner, stranger, other] = [await open(), await open('127.0.0.2'), await open()]
      const hash = newHash()
      await owner.announce(hash, { left: 0 })
      for (const event of ['', 'started', 'completed']) {
        const answer = await stranger.announce(hash, { event, peer_id: owner.peerId, offers: [offerOf()] })
        assert.deepEqual([answer.action, answer.info_hash], ['announce', hash])
        assert.match(answer['failure reason'] ?? '', /peer id/)
      }
      // Whatever it is told, saying goodbye for somebody else changes nothing.
      await stranger.announce(hash, { event: 'stopped', peer_id: owner.peerId })
      await stranger.client.close()
      await other.announce(hash, { offers: [offerOf()] })
      assert.equal((await owner.client.next()).peer_id, other.peerId)
      assert.deepEqual(await other.counts(hash), [1, 1, 0])
    })

    it('an answer to a peer that has left is passed over and counted', async t => {
      const own = await start(t, variant)
      const open = peersOf(t, own)
      const [sender, answerer] = [await open(), await open()]
      const hash = newHash()
      await answerer.announce(hash)
      await sender.announce(hash, { offers: [offerOf()] })
      const { offer_id, peer_id: to_peer_id } = await answerer.client.next()
      await sender.announce(hash, { event: 'stopped' })
      answerer.client.send(answerer.announceMessage(hash, { answer: {}, offer_id, to_peer_id }))
      assert.deepEqual(await answerer.counts(hash), [0, 1, 0], 'the next message: it is told nothing')
      assert.equal((await countersOf(own))['answersToNobody'], 1)
    })

    it('an answer without an offer is told so, and reaches nobody; nor does a second one', async t => {
      const own = await start(t, variant)
      const open = peersOf(t, own)
      const [sender, answerer, third] = [await open(), await open(), await open()]
      const hash = newHash()
      await answerer.announce(hash)
      await sender.announce(hash, { offers: [offerOf()] })
      const { offer_id, peer_id: to_peer_id } = await answerer.client.next()
      await third.announce(hash)
      const answer = { answer: { type: 'answer', sdp: '' }, offer_id, to_peer_id }
      const refused = async (peer: WebTorrentPeer, more: object): Promise<void> => {
        const told = await peer.announce(hash, more)
        assert.deepEqual(told, { action: 'announce', info_hash: hash, 'failure reason': NOT_EXPECTED })
      }
      await refused(answerer, { ...answer, offer_id: newIdentifier() })
      await refused(third, answer)
      answerer.client.send(answerer.announceMessage(hash, answer))
      const { peer_id, answer: relayed } = await sender.client.next()
      assert.deepEqual([peer_id, relayed], [answerer.peerId, answer.answer])
      await refused(answerer, answer)
      assert.equal((await countersOf(own))['responsesAnswerIpv4'], 1)
    })

    it('a scrape of a string, an array, or of nothing; unknown torrents are zeros, for no client takes an empty list', async t => {
      const peer = await peersOf(t, tracker())()
      const [known, unknown] = [newHash(), newHash()]
      await peer.announce(known, { left: 0 })
      const zeros = { complete: 0, incomplete: 0, downloaded: 0 }
      const one = { ...zeros, complete: 1 }
      for (const [info_hash, files] of [
        [known, { [known]: one }],
        [unknown, { [unknown]: zeros }],
        [[known], { [known]: one }],
        [[unknown, known], { [unknown]: zeros, [known]: one }],
      ] as const) {
        assert.deepEqual(await peer.request({ action: 'scrape', info_hash }), { action: 'scrape', files })
      }
      const all = await peer.request({ action: 'scrape' })
      assert.deepEqual(all, { action: 'scrape', 'failure reason': 'Full scrapes are not allowed' })
    })

    it('20 characters are 20 bytes, U+0000 to U+00FF, in any spelling; in answers too', async t => {
      const open = peersOf(t, tracker())
      const [receiver, sender] = [await open(), await open()]
      const bytes = Buffer.from('0001080a0d1f20222f5c7f8081a0adc3e9fefffb', 'hex')
      const hash = bytes.toString('latin1')
      const peer_id = Buffer.from(bytes).reverse().toString('latin1')
      const offer_id = `ÿ\0"\\${'é'.repeat(16)}`
      await receiver.announce(hash)
      const escaped = (text: string, digits: (hex: string) => string): string =>
        [...text].map(one => `\\u${digits(one.charCodeAt(0).toString(16).padStart(4, '0'))}`).join('')
      const lower = escaped(hash, hex => hex)
      const upper = escaped(hash, hex => hex.toUpperCase())
      for (const spelling of [lower, upper, JSON.stringify(hash).slice(1, -1)]) {
        const message = { ...sender.announceMessage('HASH', { peer_id, offers: [offerOf(offer_id)] }) }
        const answer = await sender.request(JSON.stringify(message).replace('HASH', spelling))
        assert.deepEqual([answer.info_hash, answer.incomplete], [hash, 2], spelling)
        const offer = await receiver.client.next()
        assert.deepEqual([offer.info_hash, offer.peer_id, offer.offer_id], [hash, peer_id, offer_id])
      }
      assert.deepEqual(await sender.counts(hash), [0, 2, 0])
      const asUtf8 = Buffer.from(hash).toString('latin1')
      for (const wrong of [`${hash.slice(1)}Ā`, `${hash}a`, hash.slice(1), asUtf8]) {
        const answer = await sender.announce(wrong)
        assert.match(answer['failure reason'] ?? '', /info_hash is not 20 bytes/, JSON.stringify(wrong))
      }
    })

    it('interval is a whole number of seconds', async t => {
      const peer = await peersOf(t, tracker())()
      for (const event of ['started', '', 'completed', 'stopped']) {
        assert.equal((await peer.announce(newHash(), { event })).interval, 120, event)
      }
    })

    it("a trackerid, and keys of a client's own, are passed over, in any order and of any shape", async t => {
      const peer = await peersOf(t, tracker())()
      const hash = newHash()
      const own = '"trackerid":"x","testParam":{"a":[1,{"action":"scrape"}]},"info_hash2":"","":null'
      const known = `"info_hash":"${hash}","peer_id":"${peer.peerId}","left":0,"action":"announce"`
      for (const message of [`{${own},${known}}`, ` {${known} ,\n${own} } `, `\t{${known},${own}}\r\n`]) {
        assert.equal((await peer.request(message)).complete, 1, message)
      }
    })

    it('text comes in binary frames too', async t => {
      const peer = await peersOf(t, tracker())()
      const hash = newHash()
      const { complete } = await peer.request(
        Buffer.from(JSON.stringify(peer.announceMessage(hash, { left: 0 }))),
      )
      assert.equal(complete, 1)
    })

    it("a client's pings are answered, and it is pinged", async t => {
      const peer = await peersOf(t, await start(t, variant, { 'cleaning.ping_interval': 1 }))()
      const pong = once(peer.client.socket, 'pong')
      peer.client.socket.ping('anything')
      assert.equal(String((await pong)[0]), 'anything')
      await peer.client.pinged(2)
      assert.ok(peer.client.isOpen, 'and not closed instead')
      assert.equal((await peer.announce(newHash())).incomplete, 1)
    })

    it('any path will do: clients announce to bare ws://host:port', async t => {
      const hash = newHash()
      const paths = ['', '/', '/announce', '//announce', '/announce/', '/key/announce?passkey=a', '/%00/é?']
      for (const [index, path] of paths.entries()) {
        const peer = await WebTorrentPeer.connect(t, `${socketUrl(tracker(), variant)}${path}`)
        assert.equal((await peer.announce(hash)).incomplete, index + 1, path)
      }
    })

    it('answers are relayed byte by byte, and not acknowledged', async t => {
      const open = peersOf(t, tracker())
      const [sender, answerer] = [await open(), await open()]
      const hash = newHash()
      await answerer.announce(hash)
      const offer = offerOf()
      await sender.announce(hash, { offers: [offer] })
      const { peer_id: to_peer_id, offer_id, offer: got } = await answerer.client.next()
      assert.deepEqual([got, offer_id], [offer.offer, offer.offer_id])
      const answer = '{"sdp":"v=0\\r\\n\\u00E9" , "type":"answer", "more":[1.0]}'
      const message = JSON.stringify(
        answerer.announceMessage(hash, { offer_id, to_peer_id, answer: 'ANSWER' }),
      )
      answerer.client.send(message.replace('"ANSWER"', answer))
      assert.deepEqual(await answerer.counts(hash), [0, 2, 0], 'the next message is the answer to the scrape')
      const text = await sender.client.nextText()
      assert.ok(text.includes(`"answer":${answer},`), text)
      const relayed = JSON.parse(text) as TrackerMessage
      assert.deepEqual(
        [relayed.action, relayed.info_hash, relayed.peer_id, relayed.offer_id],
        ['announce', hash, answerer.peerId, offer_id],
      )
    })
  })
}
