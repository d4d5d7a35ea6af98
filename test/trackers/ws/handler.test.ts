// The WebTorrent tracker's rules, over WebSockets of both engines: who is told what, who gets whose offers and answers.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { AccessList } from '../../../src/swarm/access-list.js'
import { createFilterVersions } from '../../../src/trackers/torrent-filter.js'
import { Inboxes, lostMessages, RelayKind, RelayMessage } from '../../../src/trackers/ws/inbox.js'
import { until } from '../../net/websocket-fixture.js'
import { engineMissing, meets } from '../../support/requirement.js'
import {
  CONNECTIONS,
  type Message,
  type PeerClient,
  startTracker,
  type TestTracker,
  type TrackerOptions,
} from './tracker-fixture.js'

/** 20 characters, some of which need escapes or two bytes. */
const id = (name: string): string => `\u0000\n"\\é\u00ff\u007f${name}`.padEnd(20, '-')
const TORRENT = id('torrent')
const wordsOf = (name: string): Int32Array =>
  new Int32Array(Uint8Array.from(Buffer.from(name, 'latin1')).buffer)
const fiveOf = (name: string) => [...wordsOf(name)] as [number, number, number, number, number]
const UNEXPECTED = 'Could not find the offer corresponding to your answer. It may have expired.'

function announce(peer: string, more: Message = {}): Message {
  return { action: 'announce', info_hash: TORRENT, peer_id: id(peer), left: 1, ...more }
}

function offers(...names: string[]): Message[] {
  return names.map(name => ({ offer_id: id(name), offer: { type: 'offer', sdp: `sdp of ${name}` } }))
}

function answer(peer: string, toPeer: string, offer: string, more: Message = {}): Message {
  return {
    action: 'announce',
    info_hash: TORRENT,
    peer_id: id(peer),
    to_peer_id: id(toPeer),
    offer_id: id(offer),
    answer: { type: 'answer', sdp: `answer of ${peer}` },
    ...more,
  }
}

function counted(complete: number, incomplete: number): Message {
  return { action: 'announce', info_hash: TORRENT, complete, incomplete, interval: 120 }
}

function failure(reason: string, action = 'announce'): Message {
  return { 'failure reason': reason, action, info_hash: TORRENT }
}

function relayedOffer(from: string, offer: string): Message {
  const sdp = { type: 'offer', sdp: `sdp of ${offer}` }
  return { action: 'announce', peer_id: id(from), info_hash: TORRENT, offer: sdp, offer_id: id(offer) }
}

function relayedAnswer(from: string, offer: string): Message {
  const sdp = { type: 'answer', sdp: `answer of ${from}` }
  return { action: 'announce', peer_id: id(from), info_hash: TORRENT, answer: sdp, offer_id: id(offer) }
}

/** Connects a client, and has it announce as the peer of that name. */
async function join(tracker: TestTracker, peer: string, worker = 0): Promise<PeerClient> {
  const client = await tracker.connect(worker)
  assert.equal((await client.ask(announce(peer)))['failure reason'], undefined)
  return client
}

const engines = ['native', 'node'] as const

/** A test against each engine. */
function onBoth(
  name: string,
  options: Omit<TrackerOptions, 'engine'>,
  run: (tracker: TestTracker, t: TestContext) => Promise<void>,
): void {
  for (const engine of engines) {
    it(`${name} (${engine})`, { timeout: 60_000 }, async t => {
      if (!meets(t, engineMissing(engine))) return
      await run(await startTracker(t, { engine, ...options }), t)
    })
  }
}

describe('an announce', () => {
  onBoth('is answered with counts that include the peer', {}, async tracker => {
    const client = await tracker.connect()
    client.send(announce('a'))
    assert.equal(
      await client.nextText(),
      `{"action":"announce","info_hash":${JSON.stringify(TORRENT)},"complete":0,"incomplete":1,"interval":120}`,
    )
    const seeder = await tracker.connect()
    assert.deepEqual(await seeder.ask(announce('b', { left: 0 })), counted(1, 1))
    assert.deepEqual(await client.ask(announce('a', { left: 0, event: 'completed' })), counted(2, 0))
    assert.deepEqual(await client.ask(announce('a', { left: null })), counted(2, 0))
    assert.equal(tracker.count('requestsAnnounceIpv4'), 4)
    assert.equal(tracker.count('responsesAnnounceIpv4'), 4)
    assert.equal(tracker.count('announcesCompletedIpv4'), 1)
    assert.equal(tracker.peerIds(), 2)
    await client.ask(announce('a', { event: 'stopped' }))
    assert.equal(tracker.peerIds(), 1)
  })

  onBoth('of a peer that stops is answered, and nothing goes to it any more', {}, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    assert.deepEqual(await b.ask(announce('b', { event: 'stopped' })), counted(0, 1))
    assert.deepEqual(await a.ask(announce('a', { offers: offers('1') })), counted(0, 1))
    assert.deepEqual(await b.rest(), [])
    assert.equal(tracker.count('offersWithoutReceiver'), 1)
    assert.equal(tracker.swarm.members, 1)
    const stranger = await tracker.connect()
    assert.deepEqual(
      await stranger.ask(announce('c', { event: 'stopped', offers: offers('2') })),
      counted(0, 1),
    )
    assert.deepEqual(await a.rest(), [])
  })

  onBoth(
    'that stops a peer is too late once another connection has taken it over',
    { workers: 2 },
    async tracker => {
      for (const worker of [0, 1]) {
        const [old, now] = [await join(tracker, 'a'), await join(tracker, 'a', worker)]
        const stopped = announce('a', { event: 'stopped' })
        assert.deepEqual(await old.ask(stopped), counted(0, 1))
        assert.equal(tracker.swarm.members, 1)
        old.reset()
        assert.deepEqual(await now.ask(stopped), counted(0, 0))
        const third = await join(tracker, 'a')
        assert.deepEqual(await now.ask(stopped), counted(0, 0), 'who has said so once is a stranger')
        third.reset()
        now.reset()
      }
    },
  )

  onBoth('lasts as long as its connection', {}, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    for (const peer of ['b2', 'b3']) await b.ask(announce(peer))
    await b.ask(announce('b', { info_hash: id('other') }))
    await b.ask(announce('b2', { event: 'stopped' }))
    assert.equal(tracker.swarm.members, 4)
    b.reset()
    await until(() => tracker.swarm.members === 1)
    assert.deepEqual(await a.ask(announce('a', { offers: offers('1') })), counted(0, 1))
    assert.equal(tracker.count('deliveriesToGone'), 0)
    // The slots of those who went are used again, and nothing of them is left.
    for (let round = 0; round < 3 * CONNECTIONS; round++) {
      const client = await join(tracker, `c${round}`)
      client.reset()
      await until(() => tracker.swarm.members === 1)
    }
  })

  const twoMembers = { memberCapacity: 2 }
  onBoth('for which there is no room is refused', twoMembers, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    const full = failure('Tracker is full, try again later')
    assert.deepEqual(await b.ask(announce('c', { offers: offers('1') })), full)
    assert.equal(tracker.count('membersRefused'), 1)
    assert.deepEqual(await a.rest(), [])
    await a.ask(announce('a', { event: 'stopped' }))
    assert.deepEqual(await b.ask(announce('c')), counted(0, 2))
  })

  const twoTorrents = { rules: { maxTorrentsPerConnection: 2 } }
  onBoth('of one torrent too many is refused', twoTorrents, async tracker => {
    const client = await join(tracker, 'a')
    const other = id('other')
    const tooMany = failure('Too many torrents on one connection')
    await client.ask(announce('b'))
    assert.deepEqual(await client.ask(announce('c')), tooMany)
    assert.deepEqual(await client.ask(announce('a', { info_hash: other })), { ...tooMany, info_hash: other })
    assert.equal(tracker.count('membersRefused'), 2)
    assert.deepEqual(await client.ask(announce('a', { left: 0 })), counted(1, 1), 'known ones are not')
    assert.deepEqual(await client.ask(announce('c', { event: 'stopped' })), counted(1, 1))
    assert.deepEqual(await client.ask(announce('b', { event: 'stopped' })), counted(1, 0))
    assert.deepEqual(await client.ask(announce('c')), counted(1, 1))
    assert.deepEqual(await (await tracker.connect()).ask(announce('d')), counted(1, 2), 'others may')
  })

  it('is refused for torrents that the access list does not allow', async t => {
    const lists = [AccessList.reserve(10_000), AccessList.reserve(10_000)] as const
    const list = AccessList.startIn(lists[1], 1)
    const [hash0, hash1, hash2, hash3, hash4] = wordsOf(TORRENT)
    list.add(hash0!, hash1!, hash2!, hash3!, hash4!)
    const filter = { mode: 'deny' as const, lists, versions: createFilterVersions(1) }
    const tracker = await startTracker(t, { engine: 'node', filter })
    const client = await tracker.connect()
    const refused = failure('Info hash not allowed')
    assert.deepEqual(await client.ask(announce('a', { offers: offers('1') })), refused)
    assert.deepEqual(await client.ask(answer('a', 'b', '1')), refused)
    assert.equal(tracker.count('announcesRefusedByAccessList'), 2)
    const other = { action: 'announce', info_hash: id('other'), complete: 0, incomplete: 1, interval: 120 }
    assert.deepEqual(await client.ask(announce('a', { info_hash: id('other') })), other)
    const zeros = { complete: 0, incomplete: 0, downloaded: 0 }
    assert.deepEqual(await client.ask({ action: 'scrape', info_hash: [TORRENT, id('other')] }), {
      action: 'scrape',
      files: { [TORRENT]: zeros, [id('other')]: { ...zeros, incomplete: 1 } },
    })
  })

  it('is counted by the family of its address', async t => {
    const tracker = await startTracker(t, { engine: 'node', address: '::1' })
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    await a.ask(announce('a', { offers: offers('1') }))
    b.send(answer('b', 'a', '1'))
    await a.next()
    assert.equal(tracker.swarm.membersIpv6, 2)
    for (const [name, count] of [
      ['requestsAnnounceIpv6', 4],
      ['requestsAnnounceIpv4', 0],
      ['responsesAnnounceIpv6', 3],
      ['responsesOfferIpv6', 1],
      ['responsesAnswerIpv6', 1],
      ['responsesOfferIpv4', 0],
      ['bytesSentIpv4', 0],
    ] as const) {
      assert.equal(tracker.count(name), count, name)
    }
  })
})

describe('offers', () => {
  onBoth('go to different other peers, byte by byte', {}, async tracker => {
    const a = await join(tracker, 'a')
    const others = [await join(tracker, 'b'), await join(tracker, 'c')]
    const offer = '{ "sdp":"\\u00e9\\ud800é" ,"more" : [1e5,{}]}'
    const item = (name: string): string => `{"offer":${offer},"offer_id":${JSON.stringify(id(name))}}`
    const said = JSON.stringify(announce('a', { numwant: 5 })).slice(0, -1)
    a.sendText(`${said},"offers":[${item('1')},${item('2')},${item('3')}]}`)
    assert.deepEqual(await a.next(), counted(0, 3))
    const texts = [await others[0]!.nextText(), await others[1]!.nextText()]
    const expected = ['1', '2'].map(
      name =>
        `{"action":"announce","peer_id":${JSON.stringify(id('a'))},"info_hash":${JSON.stringify(TORRENT)},` +
        `"offer":${offer},"offer_id":${JSON.stringify(id(name))}}`,
    )
    assert.deepEqual(texts.sort(), expected)
    for (const client of [a, ...others]) assert.deepEqual(await client.rest(), [])
    assert.equal(tracker.count('offersReceived'), 3)
    assert.equal(tracker.count('offersWithoutReceiver'), 1)
    assert.equal(tracker.count('responsesOfferIpv4'), 2)
  })

  const threeOffers = { rules: { messages: { maxOffers: 3, maxOfferBytes: 200 } } }
  onBoth('are as many as numwant and the limit allow', threeOffers, async tracker => {
    const a = await join(tracker, 'a')
    const others: PeerClient[] = []
    for (const peer of ['b', 'c', 'd', 'e', 'f']) others.push(await join(tracker, peer))
    const received = async (more: Message): Promise<number> => {
      await a.ask(announce('a', more))
      let count = 0
      for (const other of others) count += (await other.rest()).length
      return count
    }
    const five = offers('1', '2', '3', '4', '5')
    assert.equal(await received({ offers: five }), 3)
    assert.equal(tracker.count('offersDropped'), 2)
    assert.equal(await received({ offers: five, numwant: 2 }), 2)
    assert.equal(await received({ offers: five, numwant: 0 }), 0)
    assert.equal(await received({ offers: offers('1'), numwant: 1000 }), 1)
    assert.equal(await received({ offers: [] }), 0)
    assert.equal(await received({ offers: null, numwant: 10 }), 0)
    const long = { offer_id: id('long'), offer: { sdp: 'x'.repeat(200) } }
    assert.equal(await received({ offers: [long, ...offers('1')] }), 1)
    assert.equal(tracker.count('offersReceived'), 5 + 5 + 5 + 1 + 2)
    assert.equal(tracker.count('offersDropped'), 2 + 2 + 2 + 1)
  })

  onBoth('go to another peer on the same connection, never to the sender', {}, async tracker => {
    const client = await join(tracker, 'a')
    assert.deepEqual(await client.ask(announce('a', { offers: offers('1') })), counted(0, 1))
    assert.deepEqual(await client.rest(), [])
    await client.ask(announce('b'))
    assert.deepEqual(await client.ask(announce('a', { offers: offers('1', '2') })), counted(0, 2))
    assert.deepEqual(await client.rest(), [relayedOffer('a', '1')])
    client.send(answer('b', 'a', '1'))
    assert.deepEqual(await client.next(), relayedAnswer('b', '1'))
  })
})

describe('an answer', () => {
  const shortAnswers = { rules: { messages: { maxOffers: 3, maxOfferBytes: 200 } } }
  onBoth('that is too long is refused, and changes nothing of its peer', shortAnswers, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await tracker.connect()]
    await b.ask(announce('b', { left: 0 }))
    await a.ask(announce('a', { offers: offers('1') }))
    assert.deepEqual(await b.next(), relayedOffer('a', '1'))
    const long = answer('b', 'a', '1', { answer: { type: 'answer', sdp: 'x'.repeat(200) } })
    assert.deepEqual(await b.ask(long), failure('Answer is too long'))
    assert.deepEqual(
      await b.ask(announce('b', { left: 0, event: 'completed', answer: long['answer'] })),
      counted(1, 1),
    )
    assert.deepEqual(await b.next(), failure('Answer is too long'))
    assert.deepEqual(await a.ask(announce('a')), counted(1, 1), 'a seeder that answers is still one')
    assert.deepEqual(await a.rest(), [])
    assert.equal(tracker.count('answersDropped'), 2)
  })

  for (const workers of [1, 2]) {
    const where = workers === 1 ? 'on the same worker' : 'through another worker'
    const far = workers - 1
    onBoth(
      `reaches the peer that offered, once, and is not acknowledged, ${where}`,
      { workers },
      async tracker => {
        const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b', far)]
        assert.deepEqual(await a.ask(announce('a', { offers: offers('1') })), counted(0, 2))
        assert.deepEqual(await b.next(), relayedOffer('a', '1'))
        b.send(answer('b', 'a', '1'))
        assert.deepEqual(await a.next(), relayedAnswer('b', '1'))
        assert.deepEqual(await b.rest(), [])
        assert.deepEqual(await b.ask(answer('b', 'a', '1')), failure(UNEXPECTED))
        assert.deepEqual(await a.rest(), [])
        assert.equal(tracker.count('answersUnexpected'), 1)
        assert.equal(tracker.count('responsesAnswerIpv4'), 1)
        assert.equal(tracker.count('responsesFailureIpv4'), 1)
        assert.equal(tracker.count('offersRelayedToWorkers'), far)
        assert.equal(tracker.count('answersRelayedToWorkers'), 2 * far)
      },
    )

    onBoth(
      `counts only from whom was asked, and for what was offered, ${where}`,
      { workers },
      async tracker => {
        const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b', far)]
        await a.ask(announce('a', { offers: offers('1') }))
        await b.next()
        const c = await join(tracker, 'c', far)
        assert.deepEqual(await c.ask(answer('c', 'a', '1')), failure(UNEXPECTED))
        assert.deepEqual(await b.ask(answer('b', 'a', '2')), failure(UNEXPECTED))
        assert.deepEqual(await b.ask(answer('b', 'c', '1')), failure(UNEXPECTED))
        const other = { info_hash: id('other') }
        await b.ask(announce('b', other))
        await a.ask(announce('a', other))
        assert.deepEqual(await b.ask(answer('b', 'a', '1', other)), { ...failure(UNEXPECTED), ...other })
        assert.equal(tracker.count('answersUnexpected'), 4)
        assert.deepEqual(await a.rest(), [])
        b.send(answer('b', 'a', '1'))
        assert.deepEqual(await a.next(), relayedAnswer('b', '1'), 'the right one is still expected')
      },
    )

    onBoth(`comes too late when the offer has expired, ${where}`, { workers }, async tracker => {
      const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b', far)]
      await a.ask(announce('a', { offers: offers('1') }))
      await b.next()
      tracker.advance(119)
      await a.ask(announce('a', { offers: offers('2') }))
      await b.next()
      tracker.advance(1)
      assert.deepEqual(await b.ask(answer('b', 'a', '1')), failure(UNEXPECTED))
      b.send(answer('b', 'a', '2'))
      assert.deepEqual(await a.next(), relayedAnswer('b', '2'))
    })

    onBoth(`to a peer that has left is nobody's, ${where}`, { workers }, async tracker => {
      const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b', far)]
      await a.ask(announce('a', { offers: offers('1') }))
      await b.next()
      a.reset()
      await until(() => tracker.swarm.members === 1)
      b.send(answer('b', 'a', '1'))
      b.send(answer('b', 'never there', '1'))
      assert.deepEqual(await b.rest(), [])
      assert.equal(tracker.count('answersToNobody'), 2)
      assert.equal(tracker.count('answersUnexpected'), 0)
    })
  }

  onBoth('is refused from a connection that is not its peer', {}, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    await a.ask(announce('a', { offers: offers('1') }))
    await b.next()
    const stranger = await tracker.connect()
    assert.deepEqual(await stranger.ask(answer('b', 'a', '1')), failure(UNEXPECTED))
    assert.deepEqual(await stranger.ask(answer('c', 'a', '1')), failure(UNEXPECTED))
    for (const missing of ['to_peer_id', 'offer_id']) {
      assert.deepEqual(await b.ask({ ...answer('b', 'a', '1'), [missing]: undefined }), failure(UNEXPECTED))
    }
    assert.equal(tracker.count('answersUnexpected'), 4)
    assert.deepEqual(await a.rest(), [])
  })

  onBoth('may come with offers, or with an event, and is acknowledged then', {}, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    await a.ask(announce('a', { offers: offers('1', '2') }))
    await b.next()
    assert.deepEqual(await b.ask(answer('b', 'a', '1', { left: 0, offers: offers('3') })), counted(1, 1))
    assert.deepEqual(await a.next(), relayedOffer('b', '3'))
    assert.deepEqual(await a.next(), relayedAnswer('b', '1'))
    b.send(answer('b', 'a', '1', { event: 'completed' }))
    assert.deepEqual(await b.rest(), [counted(1, 1), failure(UNEXPECTED)])
  })
})

describe('a peer id', () => {
  for (const workers of [1, 2]) {
    const where = workers === 1 ? 'on one worker' : 'on two workers'
    onBoth(`moves to another connection from the same address, ${where}`, { workers }, async tracker => {
      const [old, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
      const fresh = await tracker.connect(workers - 1)
      assert.deepEqual(await fresh.ask(announce('a')), counted(0, 2), 'counted once')
      assert.equal(tracker.count('takeovers'), 1)
      await b.ask(announce('b', { offers: offers('1') }))
      assert.deepEqual(await fresh.next(), relayedOffer('b', '1'))
      assert.deepEqual(await old.ask(answer('a', 'b', '1')), failure(UNEXPECTED), 'no longer its peer')
      fresh.send(answer('a', 'b', '1'))
      assert.deepEqual(await b.next(), relayedAnswer('a', '1'))
      old.reset()
      // The old connection's end is handled before what comes later over a new one.
      for (let round = 0; round < 3; round++) await (await tracker.connect()).rest()
      assert.deepEqual(await b.ask(announce('b', { offers: offers('2') })), counted(0, 2))
      assert.deepEqual(await fresh.next(), relayedOffer('b', '2'))
      fresh.reset()
      await until(() => tracker.swarm.members === 1)
    })
  }

  onBoth('of another address is left alone', { rules: { maxTorrentsPerConnection: 1 } }, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b')]
    const stranger = await tracker.connect(0, '127.0.0.2')
    const inUse = failure('This peer id is in use at another address')
    for (const event of [undefined, 'started', 'completed', 'stopped']) {
      assert.deepEqual(await stranger.ask(announce('a', { event, offers: offers('1') })), inUse)
    }
    assert.equal(tracker.count('foreignPeerIds'), 4)
    assert.deepEqual(await stranger.ask(answer('a', 'b', '1')), failure(UNEXPECTED))
    assert.deepEqual(await b.ask(announce('b', { offers: offers('2') })), counted(0, 2))
    assert.deepEqual(await a.next(), relayedOffer('b', '2'))
    assert.deepEqual(await stranger.ask(announce('c')), counted(0, 3), 'one of its own is welcome')
  })
})

describe('a scrape', () => {
  const zeros = { complete: 0, incomplete: 0, downloaded: 0 }

  onBoth('tells what is asked for, zeros of what is unknown, and no more than allowed', {}, async tracker => {
    const client = await join(tracker, 'a')
    await (await join(tracker, 'b')).ask(announce('b', { left: 0, event: 'completed' }))
    const one = { complete: 1, incomplete: 1, downloaded: 1 }
    client.send({ action: 'scrape', info_hash: TORRENT })
    assert.equal(
      await client.nextText(),
      `{"action":"scrape","files":{${JSON.stringify(TORRENT)}:{"complete":1,"incomplete":1,"downloaded":1}}}`,
    )
    const hashes = ['x', 'torrent', 'y', 'z'].map(id)
    assert.deepEqual(await client.ask({ action: 'scrape', info_hash: hashes }), {
      action: 'scrape',
      files: { [id('x')]: zeros, [TORRENT]: one, [id('y')]: zeros },
    })
    assert.equal(tracker.count('scrapesCut'), 1)
    assert.equal(tracker.count('requestsScrapeIpv4'), 2)
    assert.equal(tracker.count('responsesScrapeIpv4'), 2)
  })

  onBoth('of everything is refused', {}, async tracker => {
    const client = await tracker.connect()
    const refused = { 'failure reason': 'Full scrapes are not allowed', action: 'scrape' }
    assert.deepEqual(await client.ask({ action: 'scrape' }), refused)
    assert.deepEqual(await client.ask({ action: 'scrape', info_hash: null }), refused)
    assert.equal(tracker.count('fullScrapesRefused'), 2)
  })
})

describe('an invalid message', () => {
  const hash = { info_hash: TORRENT }
  const cases: readonly (readonly [string | Message, Message])[] = [
    ['{"action":', { 'failure reason': 'Invalid request: not JSON', action: 'announce' }],
    ['[[[[[[[[[]]]]]]]]]', { 'failure reason': 'Invalid request: nested too deeply', action: 'announce' }],
    ['[]', { 'failure reason': 'Invalid request: not an object', action: 'announce' }],
    [hash, failure('Invalid request: action is missing')],
    [{ ...hash, action: 'x' }, failure('Invalid request: unknown action')],
    [
      { action: 'announce' },
      { 'failure reason': 'Invalid request: info_hash is missing', action: 'announce' },
    ],
    [
      { action: 'scrape', info_hash: 'short' },
      { 'failure reason': 'Invalid request: info_hash is not 20 bytes', action: 'scrape' },
    ],
    [{ ...hash, action: 'announce' }, failure('Invalid request: peer_id is missing')],
    [{ ...hash, action: 'announce', peer_id: '' }, failure('Invalid request: peer_id is not 20 bytes')],
    [announce('a', { event: 5 }), failure('Invalid request: event is not a string')],
    [announce('a', { offers: {} }), failure('Invalid request: offers is not an array')],
  ]

  onBoth('is told what is wrong with it, and its connection goes on', {}, async tracker => {
    const client = await tracker.connect()
    for (const [message, expected] of cases) {
      client.sendText(typeof message === 'string' ? message : JSON.stringify(message))
      assert.deepEqual(await client.next(), expected)
    }
    assert.equal(tracker.count('requestsInvalidIpv4'), cases.length)
    assert.equal(tracker.count('responsesFailureIpv4'), cases.length)
    assert.deepEqual(await client.ask(announce('a')), counted(0, 1))
    assert.equal(tracker.count('reads'), cases.length + 1)
  })
})

describe('between workers', () => {
  onBoth('offers come in the order in which they were sent', { workers: 2 }, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b', 1)]
    const names = Array.from({ length: 50 }, (_, index) => `${index}`)
    for (const name of names) a.send(announce('a', { offers: offers(name) }))
    for (const name of names) assert.deepEqual(await b.next(), relayedOffer('a', name))
    assert.equal(tracker.count('offersRelayedToWorkers'), 50)
  })

  const smallInbox = { workers: 2, inboxBytes: 4096, rules: { messages: { maxOfferBytes: 10_000 } } }
  onBoth('what is larger than an inbox is dropped and counted', smallInbox, async tracker => {
    const [a, b] = [await join(tracker, 'a'), await join(tracker, 'b', 1)]
    const large = { offer_id: id('1'), offer: { sdp: 'x'.repeat(5000) } }
    await a.ask(announce('a', { offers: [large] }))
    assert.equal(tracker.count('offersDroppedFull'), 1)
    await a.ask(announce('a', { offers: offers('2') }))
    assert.deepEqual(await b.next(), relayedOffer('a', '2'))
    b.send(answer('b', 'a', '2', { answer: 'x'.repeat(5000) }))
    await b.rest()
    assert.equal(tracker.count('answersDroppedFull'), 1)
    assert.deepEqual(lostMessages(tracker.inboxes), { offers: 0, answers: 0 })
    b.send(answer('b', 'a', '2'))
    assert.deepEqual(await a.next(), relayedAnswer('b', '2'), 'it was not used up')
  })

  onBoth('what comes for a peer that has left meanwhile is dropped', { workers: 2 }, async tracker => {
    const b = await join(tracker, 'b', 1)
    const message = new RelayMessage()
    message.member = tracker.swarm.find(...fiveOf(TORRENT), ...fiveOf(id('b')))
    message.hashWords.set(wordsOf(TORRENT))
    const text = Buffer.from('{"action":"announce"}')
    const inboxes = new Inboxes(tracker.inboxes, { lockOwner: 9, worker: 0, wake: () => undefined })
    const deliver = async (expected: Message[]): Promise<void> => {
      for (const kind of [RelayKind.offer, RelayKind.refusal]) {
        message.kind = kind
        inboxes.push(1, message, text, 0, text.length)
      }
      const goneBefore = tracker.count('deliveriesToGone')
      tracker.wake(1)
      const gone = goneBefore + 2 - expected.length
      for (const each of expected) assert.deepEqual(await b.next(), each)
      await until(() => tracker.count('deliveriesToGone') >= gone)
      assert.deepEqual(await b.rest(), [])
      assert.equal(tracker.count('deliveriesToGone'), gone)
    }
    await deliver([{ action: 'announce' }, failure(UNEXPECTED)])
    await b.ask(announce('b', { event: 'stopped' }))
    await deliver([])
    // The number is somebody's again, in another torrent.
    await b.ask(announce('c', { info_hash: id('other') }))
    assert.equal(tracker.swarm.find(...fiveOf(id('other')), ...fiveOf(id('c'))), message.member)
    await deliver([])
    // In the right torrent, but on another worker.
    await b.ask(announce('c', { info_hash: id('other'), event: 'stopped' }))
    const far = await join(tracker, 'd', 0)
    assert.equal(tracker.swarm.find(...fiveOf(TORRENT), ...fiveOf(id('d'))), message.member)
    await deliver([])
    assert.deepEqual(await far.rest(), [])
  })
})
