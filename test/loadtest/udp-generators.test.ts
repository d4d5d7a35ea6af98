// Both UDP generators over real sockets: against the tracker of this repository, and against trackers that misbehave.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindsOf, LoadKind, outcomeNames, WorkerCount } from '../../src/loadtest/kinds.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import type { Tallies } from '../../src/loadtest/tallies.js'
import { Period } from '../../src/loadtest/tally.js'
import { hasIpv6Loopback, startTracker } from '../support/tracker-process.js'
import { openPacing, planOf } from './plans.js'
import { type Ask, runWorker, UdpResponder } from './udp-responder.js'

const population = {
  torrents: 50,
  peers: 1000,
  popularity: { kind: 'uniform' } as const,
  seederShare: 0.5,
  scrapeTorrents: 10,
}
const phases = { connectSeconds: 10, fillSeconds: 0, warmUpSeconds: 0, measureSeconds: 0.5, drainSeconds: 10 }
const engines = ['native', 'node'] as const

function targetOf(port: number, address = '127.0.0.1'): LoadPlan['target'] {
  const family = address.includes(':') ? 6 : 4
  return { ...planOf().target, url: `udp://${address}:${port}`, address, port, family }
}

/** Requests of each kind, whatever became of them. */
function requestsOf(tallies: Tallies): Record<string, number> {
  const entries = kindsOf.udp.map((name, kind) => {
    const outcomes = tallies.outcomes(kind)
    return [name, outcomeNames.reduce((sum, outcome) => sum + outcomes[outcome], 0)]
  })
  return Object.fromEntries(entries)
}

function head(action: number, transactionId: Uint8Array): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(action, 0)
  bytes.set(transactionId, 4)
  return bytes
}

function rightAnswer({ action, packet, transactionId }: Ask): Buffer {
  const rest = [8, 12, ((packet.length - 16) / 20) * 12][action]
  return Buffer.concat([head(action, transactionId), Buffer.alloc(rest, 1)])
}

describe('UDP generators against the tracker', () => {
  for (const engine of engines) {
    for (const family of [4, 6] as const) {
      const skip = family === 6 && !hasIpv6Loopback() && 'no ::1 here'
      it(`${engine} engine over IPv${family}: everything is answered, and rightly`, {
        skip,
      }, async context => {
        const tracker = await startTracker(context, { families: [family] })
        const { tallies, end, isFilled } = await runWorker(
          planOf({
            engine,
            target: targetOf(tracker.port(family), family === 6 ? '::1' : '127.0.0.1'),
            phases: { ...phases, fillSeconds: 20 },
            mix: { connect: 1, announce: 10, scrape: 1 },
            population,
            connectionsPerWorker: 4,
            window: 8,
            numwant: 20,
            verifyShare: 1,
            sourceAddresses: 4,
            timeoutMs: 5000,
          }),
        )
        assert.equal(isFilled, true)
        for (const [kind, name] of kindsOf.udp.entries()) {
          assert.ok(tallies.outcomes(kind, Period.measured).answered > 0, name)
          assert.equal(requestsOf(tallies)[name], tallies.outcomes(kind).answered, name)
        }
        const { answered: announces } = tallies.outcomes(LoadKind.announce)
        const { answered: scrapes } = tallies.outcomes(LoadKind.scrape)
        assert.equal(tallies.count(WorkerCount.verified), announces + scrapes)
        assert.equal(tallies.count(WorkerCount.verifiedWrong), 0)
        assert.ok(tallies.count(WorkerCount.peersReceived) > 0)
        assert.equal(tallies.count(WorkerCount.connectionsOpened), 4)
        assert.ok((end.receiveBufferBytesGranted ?? 0) > 0)
        assert.equal(end.socketDrops, 0)
        assert.deepEqual(end.remarks, [])
      })
    }

    it(`${engine} engine in open loop: sends what is planned`, async context => {
      const tracker = await startTracker(context, { families: [4] })
      const { tallies } = await runWorker(
        planOf({
          engine,
          target: targetOf(tracker.port(4)),
          pacing: openPacing(1000, 0.5),
          phases,
          population,
          connectionsPerWorker: 3,
          timeoutMs: 5000,
        }),
      )
      assert.equal(tallies.outcomes(LoadKind.announce).answered, 500)
      const lags = tallies.lag().reduce((sum, count) => sum + count, 0)
      assert.equal(lags, 500)
    })
  }
})

/** How the misbehaving tracker treats announces, in turn, and what that has to come to. */
const tricks = [
  'right',
  'twice',
  'unknown action',
  'cut off',
  'too short',
  'of nobody',
  'wrong type',
  'refused',
  'silent',
  'late',
  'late twice',
] as const
/** Longer than the longest pause of a busy machine: what comes in time has to be known. */
const timeoutMs = 800
const lateMs = 1200

/** The datagrams that answer an announce at once. */
function answersAtOnce(trick: (typeof tricks)[number], ask: Ask): readonly Uint8Array[] {
  const right = rightAnswer(ask)
  const { transactionId } = ask
  switch (trick) {
    case 'right':
      return [right]
    case 'twice':
      return [right, right]
    case 'unknown action':
      return [Buffer.concat([head(9, transactionId), Buffer.alloc(20)])]
    case 'cut off':
      return [right.subarray(0, 15)]
    case 'too short':
      return [right.subarray(0, 7)]
    case 'of nobody':
      return [Buffer.alloc(40, 0xff)]
    case 'wrong type':
      return [Buffer.concat([head(2, transactionId), Buffer.alloc(12)])]
    case 'refused':
      return [Buffer.concat([head(3, transactionId), Buffer.from('Not\u0007 today')])]
    default:
      return []
  }
}

describe('UDP generators against trackers that misbehave', () => {
  for (const engine of engines) {
    it(`${engine} engine: every count is exact`, async context => {
      const played: Record<string, number> = Object.fromEntries(tricks.map(trick => [trick, 0]))
      const sent = { first: 0, second: 0 }
      const responder = await UdpResponder.open(context, ask => {
        if (ask.action !== 1) {
          ask.answer(rightAnswer(ask))
          return
        }
        const trick = tricks[responder.requests.announce % tricks.length]
        played[trick]++
        for (const answer of answersAtOnce(trick, ask)) ask.answer(answer)
        if (trick.startsWith('late')) ask.answerLater(lateMs, rightAnswer(ask), () => sent.first++)
        if (trick === 'late twice') ask.answerLater(lateMs, rightAnswer(ask), () => sent.second++)
      })
      const { tallies, end } = await runWorker(
        planOf({
          engine,
          target: targetOf(responder.port),
          phases: { ...phases, measureSeconds: 2.5 },
          mix: { connect: 1, announce: 20, scrape: 1 },
          population,
          connectionsPerWorker: 3,
          window: 4,
          timeoutMs,
          pacing: openPacing(400, 2.5),
        }),
      )
      assert.deepEqual(requestsOf(tallies), responder.requests)
      const outcomes = tallies.outcomes(LoadKind.announce)
      assert.deepEqual(outcomes, {
        answered: played['right'] + played['twice'],
        refused: played['refused'],
        malformed: played['unknown action'] + played['cut off'],
        wrongType: played['wrong type'],
        timedOut:
          played['too short'] +
          played['of nobody'] +
          played['silent'] +
          played['late'] +
          played['late twice'],
        broken: 0,
        unsent: 0,
      })
      assert.ok(Object.values(played).every(count => count > 5))
      assert.ok(sent.first > 5 && sent.second > 5)
      assert.equal(tallies.count(WorkerCount.late), sent.first)
      assert.equal(tallies.count(WorkerCount.duplicate), played['twice'] + sent.second)
      assert.equal(tallies.count(WorkerCount.unknown), played['too short'] + played['of nobody'])
      assert.deepEqual(Object.fromEntries(end.remarks), {
        'announce refused: Not  today': played['refused'],
        'a datagram that answers nothing that was asked': played['too short'] + played['of nobody'],
      })
    })

    it(`${engine} engine: a tracker that dies half-way`, async context => {
      const responder = await UdpResponder.open(context, ask => {
        ask.answer(rightAnswer(ask))
        if (responder.requests.announce === 100) responder.close()
      })
      const { tallies, end } = await runWorker(
        planOf({
          engine,
          target: targetOf(responder.port),
          phases: { ...phases, measureSeconds: 1 },
          population,
          pacing: openPacing(400, 1),
          connectionsPerWorker: 2,
          timeoutMs,
        }),
      )
      const { answered, broken, timedOut, ...others } = tallies.outcomes(LoadKind.announce)
      assert.deepEqual(others, { refused: 0, malformed: 0, wrongType: 0, unsent: 0 })
      assert.equal(answered + broken + timedOut, 400)
      assert.ok(answered >= 95 && answered <= 100, `${answered} answered`)
      assert.ok(broken > 250, `${broken} broken`)
      assert.ok(end.remarks.some(([text]) => /ECONNREFUSED/.test(text)))
    })

    it(`${engine} engine: nobody there`, async context => {
      const responder = await UdpResponder.open(context, () => undefined)
      const { port } = responder
      responder.close()
      const { tallies, end, isConnected } = await runWorker(
        planOf({
          engine,
          target: targetOf(port),
          phases: { ...phases, connectSeconds: 1, measureSeconds: 0.2, drainSeconds: 1 },
          population,
          connectionsPerWorker: 2,
          timeoutMs,
        }),
      )
      assert.equal(isConnected, false)
      assert.ok(end.remarks.some(([text]) => /ECONNREFUSED/.test(text)))
      const { broken, ...others } = tallies.outcomes(LoadKind.connect)
      assert.ok(broken > 3)
      assert.ok(Object.values(others).every(count => count === 0))
      assert.equal(requestsOf(tallies)['announce'], 0)
      assert.ok(tallies.count(WorkerCount.connectionsFailed) > 3)
    })

    it(`${engine} engine: sockets have their own source addresses`, async context => {
      const responder = await UdpResponder.open(context, ask => ask.answer(rightAnswer(ask)))
      await runWorker(
        planOf({
          engine,
          target: targetOf(responder.port),
          phases: { ...phases, measureSeconds: 0.1 },
          population,
          connectionsPerWorker: 4,
          sourceAddresses: 3,
        }),
      )
      assert.deepEqual([...responder.sources].sort(), ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    })

    it(`${engine} engine: a rate of 1,000,000,000 keeps it live, and is counted`, async context => {
      const responder = await UdpResponder.open(context, ask => ask.answer(rightAnswer(ask)))
      const { tallies } = await runWorker(
        planOf({
          engine,
          target: targetOf(responder.port),
          phases: { ...phases, measureSeconds: 0.3, drainSeconds: 5 },
          population,
          pacing: openPacing(1e9, 0.3),
          connectionsPerWorker: 2,
          timeoutMs,
        }),
      )
      const { announce } = requestsOf(tallies)
      assert.equal(announce, 3e8)
      assert.ok(tallies.outcomes(LoadKind.announce).unsent > 2.9e8)
    })
  }
})
