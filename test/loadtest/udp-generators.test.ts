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
/** A measurement that is over when a test has seen what it waits for. */
const untilOver = { ...phases, measureSeconds: 60 }
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

function sumOf(counts: Iterable<number>): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
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
            phases: { ...untilOver, fillSeconds: 20 },
            mix: { connect: 1, announce: 10, scrape: 1 },
            population,
            connectionsPerWorker: 4,
            window: 8,
            numwant: 20,
            verifyShare: 1,
            sourceAddresses: 4,
            timeoutMs: 5000,
          }),
          tallies => {
            const measured = kindsOf.udp.map((_, kind) => tallies.outcomes(kind, Period.measured).answered)
            return Math.min(...measured) > 0 && sumOf(measured) >= 1000
          },
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
          phases: untilOver,
          population,
          connectionsPerWorker: 3,
          timeoutMs: 5000,
        }),
        tallies => sumOf(Object.values(tallies.outcomes(LoadKind.announce))) >= 500,
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
] as const

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
      const responder = await UdpResponder.open(context, ask => {
        if (ask.action !== 1) {
          ask.answer(rightAnswer(ask))
          return
        }
        const trick = tricks[responder.requests.announce % tricks.length]
        played[trick]++
        for (const answer of answersAtOnce(trick, ask)) ask.answer(answer)
      })
      const unasked = (): number => played['too short'] + played['of nobody']
      const { tallies, end } = await runWorker(
        planOf({
          engine,
          target: targetOf(responder.port),
          phases: { ...untilOver, drainSeconds: 0.1 },
          mix: { connect: 1, announce: 20, scrape: 1 },
          population,
          connectionsPerWorker: 3,
          window: 4,
          // No answer is late, however busy the machine is: what is never answered times out at the end.
          timeoutMs: 60_000,
          // Even all together they have room in a receive buffer.
          pacing: openPacing(400, 1),
        }),
        tallies => {
          const came = sumOf(Object.values(responder.requests))
          // The schedule's, and a connection id for each socket.
          if (came < 400 + 3) return false
          const known = sumOf(Object.values(requestsOf(tallies)))
          const more = tallies.count(WorkerCount.duplicate) + tallies.count(WorkerCount.unknown)
          return known >= came - unasked() - played['silent'] && more >= played['twice'] + unasked()
        },
      )
      assert.deepEqual(requestsOf(tallies), responder.requests)
      const outcomes = tallies.outcomes(LoadKind.announce)
      assert.deepEqual(outcomes, {
        answered: played['right'] + played['twice'],
        refused: played['refused'],
        malformed: played['unknown action'] + played['cut off'],
        wrongType: played['wrong type'],
        timedOut: unasked() + played['silent'],
        broken: 0,
        unsent: 0,
      })
      assert.ok(Object.values(played).every(count => count > 5))
      assert.equal(tallies.count(WorkerCount.late), 0)
      assert.equal(tallies.count(WorkerCount.duplicate), played['twice'])
      assert.equal(tallies.count(WorkerCount.unknown), unasked())
      assert.deepEqual(Object.fromEntries(end.remarks), {
        'announce refused: Not  today': played['refused'],
        'a datagram that answers nothing that was asked': unasked(),
      })
    })

    it(`${engine} engine: what comes late, or twice then, is counted beside what timed out`, async context => {
      const asked: Ask[] = []
      let isSent = false
      const responder = await UdpResponder.open(context, ask => {
        if (ask.action === 1) asked.push(ask)
        else ask.answer(rightAnswer(ask))
      })
      const { tallies, end } = await runWorker(
        planOf({
          engine,
          target: targetOf(responder.port),
          phases: untilOver,
          population,
          connectionsPerWorker: 3,
          timeoutMs: 300,
          pacing: openPacing(400, 0.1),
        }),
        tallies => {
          const { timedOut } = tallies.outcomes(LoadKind.announce)
          if (timedOut < 40 || asked.length < 40) return false
          // All of them first, and half of them once more.
          if (!isSent) for (const ask of [...asked, ...asked.slice(20)]) ask.answer(rightAnswer(ask))
          isSent = true
          return tallies.count(WorkerCount.late) + tallies.count(WorkerCount.duplicate) >= 60
        },
      )
      assert.equal(requestsOf(tallies)['announce'], 40)
      assert.equal(tallies.outcomes(LoadKind.announce).timedOut, 40)
      assert.equal(tallies.count(WorkerCount.late), 40)
      assert.equal(tallies.count(WorkerCount.duplicate), 20)
      assert.equal(tallies.count(WorkerCount.unknown), 0)
      assert.deepEqual(end.remarks, [])
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
          phases: { ...untilOver, drainSeconds: 0.1 },
          population,
          pacing: openPacing(400, 2.5),
          connectionsPerWorker: 2,
          timeoutMs: 1000,
        }),
        tallies => sumOf(Object.values(tallies.outcomes(LoadKind.announce))) >= 1000,
      )
      const { answered, broken, timedOut, ...others } = tallies.outcomes(LoadKind.announce)
      assert.deepEqual(others, { refused: 0, malformed: 0, wrongType: 0, unsent: 0 })
      assert.equal(answered + broken + timedOut, 1000)
      assert.ok(answered >= 95 && answered <= 100, `${answered} answered`)
      // What had come when it died is answered by nobody.
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
          phases: { ...phases, connectSeconds: 60, measureSeconds: 0.2, drainSeconds: 1 },
          population,
          connectionsPerWorker: 2,
          timeoutMs: 300,
        }),
        tallies => tallies.outcomes(LoadKind.connect).broken > 3,
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
          timeoutMs: 800,
        }),
      )
      const { announce } = requestsOf(tallies)
      assert.equal(announce, 3e8)
      assert.ok(tallies.outcomes(LoadKind.announce).unsent > 2.9e8)
    })
  }
})
