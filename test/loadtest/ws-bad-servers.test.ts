// Trackers that do what none should, each with real sockets: every request is counted once, in its class, with words
// that say what came. Four connections make four first announces.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { OutcomeName } from '../../src/loadtest/kinds.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { MESSAGE_BYTES_MAX } from '../../src/loadtest/ws/wire.js'
import { acceptFor } from '../../src/protocol/websocket/handshake.js'
import { LoadKind, LoadWorker, Period, Phase, planFor } from '../support/load-worker.js'
import {
  type Behaviour,
  type ServedPort,
  serveWebTorrent,
  upgradeAnswer,
} from '../support/web-torrent-server.js'
import { closePayload, frame } from '../support/websocket-frames.js'

const PEERS = 4
const engines = ['native', 'node'] as const
type Engine = (typeof engines)[number]

type Message = NonNullable<Behaviour['message']>

interface Case {
  readonly name: string
  readonly message: Message
  readonly outcome: OutcomeName
  readonly remark?: RegExp
  readonly changes?: Partial<LoadPlan>
  /** Connections that the load loses. */
  readonly lost?: number
  readonly unknown?: number
}

const responseTo = (infoHash: string): string =>
  JSON.stringify({ complete: 0, incomplete: 1, interval: 60, info_hash: infoHash })

const cases: readonly Case[] = [
  { name: 'a good response', message: client => client.respond(), outcome: 'answered' },
  {
    name: 'a response in fragments, byte by byte, with a ping between them',
    message: client => {
      const text = Buffer.from(responseTo(client.infoHash))
      const frames = Buffer.concat([
        frame({ payload: text.subarray(0, 10), mask: null, isFinal: false }),
        frame({ payload: 'ping', opcode: 9, mask: null }),
        frame({ payload: '', opcode: 0, mask: null, isFinal: false }),
        frame({ payload: text.subarray(10), opcode: 0, mask: null }),
      ])
      const next = (at: number): void => {
        if (at < frames.length)
          client.socket.write(frames.subarray(at, at + 1), () => setImmediate(next, at + 1))
      }
      next(0)
    },
    outcome: 'answered',
  },
  {
    name: 'a response in a binary message',
    message: client => client.send(responseTo(client.infoHash), { opcode: 2 }),
    outcome: 'answered',
  },
  {
    name: 'a failure reason',
    message: client => client.send({ action: 'announce', 'failure reason': 'not "here"' }),
    outcome: 'refused',
    remark: /^announce refused: not "here"$/,
  },
  {
    name: "a scrape's response",
    message: client => client.send({ action: 'scrape', files: {} }),
    outcome: 'wrongType',
  },
  {
    name: 'text that is no JSON',
    message: client => client.send('{"action":'),
    outcome: 'malformed',
    remark: /^a message that is none of the protocol$/,
  },
  {
    name: 'JSON that is nothing of the protocol',
    message: client => client.send({ action: 'announce' }),
    outcome: 'malformed',
    remark: /^a message that is none of the protocol$/,
  },
  {
    name: 'a frame that is masked',
    message: client => client.socket.write(frame({ payload: responseTo(client.infoHash) })),
    outcome: 'malformed',
    remark: /^connection lost: /,
    lost: PEERS,
  },
  {
    name: 'bytes that are no frame',
    message: client => client.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    outcome: 'malformed',
    remark: /^connection lost: /,
    lost: PEERS,
  },
  {
    name: 'a message that is longer than the limit',
    message: client => client.send(`"${'x'.repeat(MESSAGE_BYTES_MAX - 1)}"`),
    outcome: 'malformed',
    remark: /^connection lost: /,
    lost: PEERS,
  },
  {
    name: 'a message of many fragments that is longer than the limit',
    message: client => {
      const payload = 'x'.repeat(MESSAGE_BYTES_MAX / 2)
      client.send(payload, { isFinal: false })
      client.send(payload, { isFinal: false, opcode: 0 })
      client.send('x', { opcode: 0 })
    },
    outcome: 'malformed',
    remark: /^connection lost: /,
    lost: PEERS,
  },
  {
    name: 'a message as long as the limit',
    message: client => {
      const text = responseTo(client.infoHash)
      client.send(text + ' '.repeat(MESSAGE_BYTES_MAX - Buffer.byteLength(text)))
    },
    outcome: 'answered',
  },
  {
    name: 'a farewell',
    message: client => {
      client.socket.write(frame({ opcode: 8, payload: closePayload(1013, 'reads too slowly'), mask: null }))
    },
    outcome: 'broken',
    remark: /^connection lost: closed by the server with 1013 reads too slowly$/,
    lost: PEERS,
  },
  {
    name: 'an end within a frame',
    message: client =>
      client.socket.end(frame({ payload: responseTo(client.infoHash), mask: null }).subarray(0, -3)),
    outcome: 'broken',
    remark: /^connection lost: closed by the server$/,
    lost: PEERS,
  },
  {
    name: 'a reset',
    message: client => client.socket.resetAndDestroy(),
    outcome: 'broken',
    remark: /^connection lost: (ECONNRESET|closed by the server)$/,
    lost: PEERS,
  },
  {
    name: 'nothing at all',
    message: () => undefined,
    outcome: 'timedOut',
    changes: { timeoutMs: 50 },
  },
  {
    name: 'half a frame, and nothing more',
    message: client => client.socket.write(frame({ payload: '{"a":1}', mask: null }).subarray(0, -3)),
    outcome: 'timedOut',
    changes: { timeoutMs: 50 },
  },
  {
    name: 'an offer of a stranger first',
    message: client => {
      const offer = { type: 'offer', sdp: 'v=0' }
      const offerId = 'x'.repeat(20)
      client.send({
        action: 'announce',
        offer,
        offer_id: offerId,
        peer_id: offerId,
        info_hash: client.infoHash,
      })
      client.send({ action: 'announce', answer: offer, offer_id: offerId, peer_id: offerId })
      client.respond()
    },
    outcome: 'answered',
    unknown: 2 * PEERS,
  },
]

function plan(engine: Engine, { port }: ServedPort, changes: Partial<LoadPlan> = {}): LoadPlan {
  return planFor('ws', { port }, { engine, connectionsPerWorker: PEERS, ...changes })
}

async function start(
  test: TestContext,
  engine: Engine,
  behaviour: Behaviour,
  changes: Partial<LoadPlan> = {},
): Promise<{ worker: LoadWorker; served: ServedPort }> {
  const served = await serveWebTorrent(test, behaviour)
  return { worker: new LoadWorker(test, plan(engine, served, changes)), served }
}

const timeout = 60_000
const interval = (seconds: number): Pick<LoadPlan, 'ws'> => ({
  ws: { ...planFor('ws', {}).ws, announceIntervalSeconds: seconds },
})

for (const engine of engines) {
  describe(`WebTorrent load on the ${engine} engine counts trackers that`, () => {
    for (const { name, message, outcome, remark, changes, lost = 0, unknown = 0 } of cases) {
      it(`give ${name}`, { timeout }, async test => {
        let first = new Set<unknown>()
        // A connection that comes again is not answered: each of the first four counts.
        const { worker, served } = await start(
          test,
          engine,
          {
            message: (client, asked) => {
              if (first.size < PEERS && !first.has(client)) {
                first = new Set([...first, client])
                message(client, asked)
              }
            },
          },
          changes,
        )
        await worker.fill()
        const remarks = await worker.stop()
        const { [outcome]: counted, timedOut: again = 0, ...others } = worker.outcomes(LoadKind.announce)
        assert.deepEqual(others, {})
        // Who has lost its connection may have announced again before the end.
        if (outcome !== 'timedOut') assert.ok(again <= served.clients.length - PEERS)
        assert.equal(counted, PEERS)
        const found = [...remarks].filter(([text]) => remark?.test(text) === true)
        const said = found.reduce((sum, [, count]) => sum + count, 0)
        assert.equal(said, remark === undefined ? 0 : PEERS, JSON.stringify([...remarks]))
        assert.equal(worker.count('connectionsLost'), lost)
        assert.equal(worker.count('unknown'), unknown)
      })
    }

    it('answer pings of theirs', { timeout }, async test => {
      const pongs: string[] = []
      const { worker } = await start(test, engine, {
        message: client => client.send('are you there?', { opcode: 9 }),
        control: (client, opcode, payload) => {
          if (opcode !== 10) return
          pongs.push(payload.toString())
          client.respond()
        },
      })
      await worker.fill()
      await worker.stop()
      assert.deepEqual(pongs, Array(PEERS).fill('are you there?'))
      assert.deepEqual(worker.outcomes(LoadKind.announce), { answered: PEERS })
    })

    const upgrades: [name: string, (key: string) => string, OutcomeName, RegExp, RegExp?][] = [
      ['refuse the upgrade', () => 'HTTP/1.1 403 No\r\n\r\n', 'refused', /^connect: .*\b403$/],
      [
        'accept another key',
        key => upgradeAnswer([`Sec-WebSocket-Accept: ${acceptFor(`${key}x`)}`]),
        'malformed',
        /^connect: .*Sec-WebSocket-Accept/,
      ],
      [
        'agree to an extension that was not asked for',
        key =>
          upgradeAnswer([
            `Sec-WebSocket-Accept: ${acceptFor(key)}`,
            'Sec-WebSocket-Extensions: permessage-deflate',
          ]),
        'malformed',
        /^connect: .*[Ee]xtension/,
      ],
      ['speak something else', () => 'SSH-2.0-OpenSSH_9\r\n', 'malformed', /^connect: /],
      ['answer the upgrade with nothing', () => '', 'timedOut', /^connect: nothing within 50 ms$/],
    ]
    for (const [name, upgrade, outcome, remark] of upgrades) {
      it(name, { timeout }, async test => {
        const { worker } = await start(
          test,
          engine,
          { upgrade },
          { timeoutMs: outcome === 'timedOut' ? 50 : 10_000 },
        )
        await worker.until(() => (worker.outcomes(LoadKind.connect)[outcome] ?? 0) >= PEERS)
        const remarks = await worker.stop()
        const { [outcome]: failed = 0, timedOut = 0, ...others } = worker.outcomes(LoadKind.connect)
        assert.deepEqual(others, {})
        const [[text, count] = ['', 0], ...more] = remarks
        assert.match(text, remark)
        assert.deepEqual(more, [])
        assert.equal(count, worker.count('connectionsFailed'))
        // Those that were being opened at the end have timed out.
        assert.ok(count === failed || (outcome === 'timedOut' && count <= failed + timedOut))
        assert.equal(worker.control.isDone(0, Phase.connect), false)
      })
    }

    it('answer twice', { timeout }, async test => {
      const { worker } = await start(
        test,
        engine,
        {
          message: client => {
            client.respond()
            client.respond()
          },
        },
        interval(1),
      )
      await worker.fill()
      await worker.until(() => worker.count('duplicate') === PEERS)
      await worker.stop()
      assert.deepEqual(worker.outcomes(LoadKind.announce), { answered: PEERS })
      assert.equal(worker.count('unknown'), 0)
    })

    it('read nothing and want pongs', { timeout }, async test => {
      const pings = Buffer.concat(
        Array.from({ length: 1000 }, () => frame({ opcode: 9, payload: 'x'.repeat(125), mask: null })),
      )
      const { worker } = await start(test, engine, {
        message: ({ socket }) => {
          socket.pause()
          const more = (): void => {
            while (!socket.destroyed && socket.write(pings));
          }
          socket.on('drain', more)
          more()
        },
      })
      await worker.done(Phase.connect)
      worker.control.enter(Phase.fill)
      await worker.until(() => worker.count('connectionsLost') >= 1)
      const remarks = await worker.stop()
      assert.equal(remarks.get('connection lost: the server reads nothing'), worker.count('connectionsLost'))
    })

    it('answer late', { timeout }, async test => {
      const { worker, served } = await start(test, engine, {}, { ...interval(1), timeoutMs: 1000 })
      await worker.fill()
      assert.deepEqual(worker.outcomes(LoadKind.announce), { timedOut: PEERS })
      for (const client of served.clients) client.respond()
      await worker.until(() => worker.count('late') + worker.count('unknown') === PEERS)
      // What comes when nobody waits any more is nobody's.
      for (const client of served.clients) client.respond()
      await worker.until(() => worker.count('late') + worker.count('unknown') === 2 * PEERS)
      await worker.stop()
      assert.deepEqual(worker.outcomes(LoadKind.announce), { timedOut: PEERS })
      assert.equal(worker.count('late'), PEERS)
    })

    it('go and come again', { timeout }, async test => {
      const { worker, served } = await start(test, engine, { message: client => client.respond() })
      await worker.fill()
      const before = [...served.clients]
      for (const client of before) client.socket.destroy()
      await worker.until(() => worker.count('connectionsOpened') === 2 * PEERS)
      const remarks = await worker.stop()
      assert.equal(worker.count('connectionsLost'), PEERS)
      assert.deepEqual(worker.outcomes(LoadKind.connect), { answered: 2 * PEERS })
      assert.deepEqual([...remarks.values()], [PEERS])
    })

    it('are not there', { timeout }, async test => {
      const closed = createServer()
      closed.listen(0, '127.0.0.1')
      await once(closed, 'listening')
      const { port } = closed.address() as AddressInfo
      closed.close()
      await once(closed, 'close')
      const worker = new LoadWorker(test, plan(engine, { port, clients: [] }))
      await worker.until(() => (worker.outcomes(LoadKind.connect).broken ?? 0) >= 2 * PEERS)
      const remarks = await worker.stop()
      const { broken = 0 } = worker.outcomes(LoadKind.connect)
      assert.equal(remarks.get('connect: ECONNREFUSED'), broken)
      assert.equal(worker.count('connectionsFailed'), broken)
      assert.deepEqual(worker.outcomes(LoadKind.announce), {})
    })

    it('speak plain where TLS was expected', { timeout }, async test => {
      const plain = createServer(socket => {
        socket.on('error', () => undefined)
        socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      })
      test.after(() => plain.close())
      plain.listen(0, '127.0.0.1')
      await once(plain, 'listening')
      const { port } = plain.address() as AddressInfo
      const target = { port, isTls: true, hostName: 'localhost' }
      const worker = new LoadWorker(test, planFor('ws', target, { engine }))
      await worker.until(() => (worker.outcomes(LoadKind.connect).broken ?? 0) >= 2)
      const remarks = await worker.stop()
      assert.deepEqual([...remarks.keys()], ['connect: TLS: wrong version number (is it ws there?)'])
    })

    it('say what can not be true', { timeout }, async test => {
      const lies: object[] = [
        { info_hash: 'another torrent 1234' },
        { complete: 0, incomplete: 0 },
        { interval: 0 },
        { complete: undefined },
      ]
      const { worker } = await start(
        test,
        engine,
        { message: client => client.respond(lies.pop()) },
        { verifyShare: 1 },
      )
      await worker.fill()
      const remarks = await worker.stop()
      assert.deepEqual(worker.outcomes(LoadKind.announce), { answered: PEERS })
      assert.deepEqual([worker.count('verified'), worker.count('verifiedWrong')], [PEERS, PEERS])
      assert.deepEqual([...remarks.keys()].sort(), [
        'wrong: an announce response without an interval',
        'wrong: an announce response without counts',
        'wrong: another info hash',
        'wrong: counts that leave the announcer out',
      ])
    })
  })
}

/** How a server passes on what it gets: the offers of a connection to the next one, answers back. */
type Relaying = (served: ServedPort, from: number, message: Parameters<Message>[1]) => void

const passOn =
  (offerTimes: number, answerTimes: number): Relaying =>
  (served, from, message) => {
    const { info_hash, peer_id, offer_id, answer, offers = [] } = message
    const common = { action: 'announce', info_hash, peer_id }
    const next = served.clients[(from + 1) % PEERS]
    const sender = served.clients[(from + PEERS - 1) % PEERS]
    for (const { offer, offer_id } of offers) {
      for (let time = 0; time < offerTimes; time++) next?.send({ ...common, offer, offer_id })
    }
    if (answer === undefined) return
    for (let time = 0; time < answerTimes; time++) sender?.send({ ...common, answer, offer_id })
  }

/** Of a load that waits for what never comes: what does come has to be in time on a busy machine. */
const PATIENCE_MS = 1000

async function relay(
  test: TestContext,
  engine: Engine,
  relaying: Relaying,
  timeoutMs = 10_000,
  answersScrapes = true,
): Promise<LoadWorker> {
  const ws = { ...planFor('ws', {}).ws, offersPerAnnounce: 3, answers: true, announceIntervalSeconds: 2400 }
  const served = await serveWebTorrent(test, {
    message: (client, message) => {
      if (message.action === 'scrape') {
        if (answersScrapes) client.send({ action: 'scrape', files: {} })
      } else if (message.answer === undefined) client.respond()
      relaying(served, served.clients.indexOf(client), message)
    },
  })
  const worker = new LoadWorker(test, plan(engine, served, { ws, timeoutMs, verifyShare: 1 }))
  await worker.fill()
  return worker
}

/** The first announce of the load is the first connection's; the others' come later than any test lasts. */
async function measureOne(worker: LoadWorker, isOver: () => boolean): Promise<void> {
  const now = (await import('../../src/loadtest/clock.js')).monotonicMs()
  worker.control.setTimes(now, now, now + 600_000)
  worker.control.enter(Phase.load)
  await worker.until(isOver)
}

for (const engine of engines) {
  describe(`WebTorrent load on the ${engine} engine follows offers and answers that`, () => {
    const answers = (worker: LoadWorker): Partial<Record<OutcomeName, number>> =>
      worker.outcomes(LoadKind.answer, Period.measured)

    it('arrive', { timeout }, async test => {
      const worker = await relay(test, engine, passOn(1, 1))
      await measureOne(worker, () => answers(worker).answered === 3)
      assert.deepEqual([...(await worker.stop())], [])
      assert.deepEqual(worker.all(Period.measured), {
        announce: { answered: 1 },
        offer: { answered: 3 },
        answer: { answered: 3 },
      })
      // Four announces of the fill, one of the load, and both ends of three exchanges.
      assert.deepEqual([worker.count('verified'), worker.count('verifiedWrong')], [11, 0])
      assert.deepEqual([worker.count('duplicate'), worker.count('unknown')], [0, 0])
    })

    it('are responded to as announces are, or with a failure where a scrape is asked for', {
      timeout,
    }, async test => {
      for (const scrapeFails of [false, true]) {
        const ws = { ...planFor('ws', {}).ws, offersPerAnnounce: 1, answers: true }
        let announces = 0
        const served = await serveWebTorrent(test, {
          message: (client, message) => {
            passOn(1, 1)(served, served.clients.indexOf(client), message)
            if (message.action === 'announce') client.respond()
            else if (scrapeFails) client.send({ action: 'scrape', 'failure reason': 'no scrapes' })
            else client.send({ action: 'scrape', files: {} })
            if (message.action === 'announce' && message.answer === undefined) announces++
          },
        })
        const worker = new LoadWorker(test, plan(engine, served, { ws }))
        await worker.fill()
        const answered = (): number => worker.outcomes(LoadKind.answer, Period.measured).answered ?? 0
        await worker.measure(200, () => answered() > 0)
        assert.deepEqual([...(await worker.stop())], [])
        const { announce, offer, answer, ...others } = worker.all(Period.measured)
        assert.deepEqual(others, {})
        // Every announce that was sent is counted, and no other response for one.
        assert.deepEqual(announce, { answered: announces - PEERS })
        assert.deepEqual(Object.keys(answer ?? {}), ['answered'])
        assert.equal(offer?.answered, announce.answered)
        for (const name of ['unknown', 'duplicate', 'late'] as const) assert.equal(worker.count(name), 0)
      }
    })

    it('come in announces of any length', { timeout }, async test => {
      const lengths: number[] = []
      const ws = { ...planFor('ws', {}).ws, offersPerAnnounce: 60, announceIntervalSeconds: 2400 }
      const { worker } = await start(
        test,
        engine,
        {
          message: (client, message) => {
            client.respond()
            if (message.offers !== undefined)
              lengths.push(JSON.stringify(message).length, message.offers.length)
          },
        },
        { ws },
      )
      await worker.fill()
      await measureOne(worker, () => worker.outcomes(LoadKind.announce, Period.measured).answered === 1)
      await worker.stop()
      const [length = 0, offers] = lengths
      assert.ok(length > 65_536)
      assert.equal(offers, 60)
    })

    it('are answered even if scrapes are not, nor answers to nobody', { timeout }, async test => {
      const worker = await relay(
        test,
        engine,
        (served, from, message) => passOn(1, 1)(served, from, message),
        PATIENCE_MS,
        false,
      )
      await measureOne(worker, () => answers(worker).answered === 3)
      await worker.stop()
    })

    it('arrive twice', { timeout }, async test => {
      const worker = await relay(test, engine, passOn(2, 2))
      await measureOne(worker, () => worker.count('duplicate') === 6)
      await worker.stop()
      assert.deepEqual(worker.outcomes(LoadKind.offer, Period.measured), { answered: 3 })
      assert.deepEqual(answers(worker), { answered: 3 })
    })

    it('never arrive', { timeout }, async test => {
      const worker = await relay(test, engine, passOn(1, 0), PATIENCE_MS)
      await measureOne(worker, () => answers(worker).timedOut === 3)
      await worker.stop()
      assert.deepEqual(answers(worker), { timedOut: 3 })
    })

    it('are for somebody who has gone', { timeout }, async test => {
      const worker = await relay(
        test,
        engine,
        (served, from, message) => {
          // It comes again, as another one.
          if (from === 0) passOn(1, 0)(served, from, message)
          else if (message.answer !== undefined) served.clients[0]?.socket.destroy()
        },
        PATIENCE_MS,
      )
      await measureOne(worker, () => answers(worker).broken === 3)
      await worker.stop()
      assert.deepEqual(answers(worker), { broken: 3 })
    })

    it('the tracker refuses', { timeout }, async test => {
      const refusal = { action: 'announce', 'failure reason': 'Could not find the offer of your answer' }
      const worker = await relay(test, engine, (served, from, message) => {
        if (message.answer === undefined) passOn(1, 0)(served, from, message)
        else served.clients[from]?.send(refusal)
      })
      await measureOne(worker, () => answers(worker).refused === 3)
      const remarks = await worker.stop()
      assert.deepEqual(answers(worker), { refused: 3 })
      assert.equal(remarks.get('answer refused: Could not find the offer of your answer'), 3)
      assert.deepEqual(worker.outcomes(LoadKind.announce, Period.measured), { answered: 1 })
    })

    it('come back to who sent them, or go to the wrong one', { timeout }, async test => {
      const worker = await relay(test, engine, (served, from, message) => {
        const { info_hash, peer_id, offers = [], answer, offer_id } = message
        const common = { action: 'announce', info_hash, peer_id }
        const [first, second] = offers
        if (first !== undefined) served.clients[from]?.send({ ...common, ...first })
        if (second !== undefined)
          served.clients[from + 1]?.send({ ...common, ...second, info_hash: 'x'.repeat(20) })
        if (answer !== undefined) served.clients[3]?.send({ ...common, answer, offer_id })
      })
      await measureOne(worker, () => answers(worker).answered === 2)
      const remarks = await worker.stop()
      assert.deepEqual(Object.fromEntries(remarks), {
        'wrong: an own offer': 1,
        'wrong: an offer for another torrent': 1,
        "wrong: an answer to somebody else's offer": 2,
      })
    })
  })
}
