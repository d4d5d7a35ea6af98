// Servers that do what no tracker should, each with real sockets: every request is counted once, in its class, with
// words that say what came. A population of four peers makes four announces.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { monotonicMs } from '../../src/loadtest/clock.js'
import type { OutcomeName } from '../../src/loadtest/kinds.js'
import { bucketOf } from '../../src/loadtest/latency-buckets.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { Gauge, Latency } from '../../src/loadtest/tally.js'
import type { Owner } from '../support/child-process.js'
import { LoadKind, LoadWorker, Period, Phase, planFor } from '../support/load-worker.js'

const PEERS = 4
/** Of the load on a server that stalls. */
const CONNECTIONS = 4
const engines = ['native', 'node'] as const
type Engine = (typeof engines)[number]

const body = 'd8:intervali1800e5:peers0:e'
const answerOf = (text: string, headers = ''): string =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${text.length}\r\n\r\n${text}`
const good = answerOf(body)

type Answering = (socket: Socket, request: string) => void

/**
 * Calls `answer` for each whole request.
 * @param greeting what is written, once anything has come, before the connection ends
 * @param first what is written before anything comes; null: nothing, the connection is closed
 */
async function serve(
  owner: Owner,
  answer: Answering,
  greeting = '',
  first: string | null = '',
): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  const server = createServer(socket => {
    connections++
    let input = ''
    if (first === null) socket.end()
    else if (first !== '') socket.write(first)
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      if (greeting !== '') socket.end(greeting)
      input += chunk.toString('latin1')
      for (let end = input.indexOf('\r\n\r\n'); end >= 0; end = input.indexOf('\r\n\r\n')) {
        const request = input.slice(0, end)
        input = input.slice(end + 4)
        answer(socket, request)
      }
    })
    owner.after(() => socket.destroy())
  })
  owner.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

/** Writes for as long as the other side reads. */
function writeWithoutEnd(socket: Socket, text: string): void {
  const bytes = Buffer.from(text.repeat(1000), 'latin1')
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  }
  socket.on('drain', more)
  more()
}

interface Case {
  readonly name: string
  readonly answer: Answering
  readonly outcome: OutcomeName
  /** What is remarked on, for each announce. */
  readonly remark?: RegExp | Record<Engine, RegExp>
  readonly changes?: Partial<LoadPlan>
  /** Connections that the load loses. */
  readonly lost?: number | Record<Engine, number>
}

const cases: readonly Case[] = [
  { name: 'a good answer', answer: socket => socket.write(good), outcome: 'answered', lost: 0 },
  {
    name: 'an answer in chunks, byte by byte',
    answer: socket => {
      socket.setNoDelay(true)
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`
      const next = (at: number): void => {
        if (at < text.length) socket.write(text[at], () => setImmediate(next, at + 1))
      }
      next(0)
    },
    outcome: 'answered',
    lost: 0,
  },
  {
    name: 'interim answers first',
    answer: socket => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${good}`),
    outcome: 'answered',
    lost: 0,
  },
  {
    name: 'an answer that ends with the connection',
    answer: socket => socket.end(`HTTP/1.0 200 OK\r\n\r\n${body}`),
    outcome: 'answered',
    lost: 0,
  },
  {
    name: 'an answer that says the connection is closed',
    answer: socket => socket.end(answerOf(body, 'Connection: close\r\n')),
    outcome: 'answered',
    lost: 0,
  },
  {
    name: 'a redirect',
    answer: socket => socket.write('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'),
    outcome: 'refused',
    remark: /^announce refused: HTTP 302, a redirect \(not followed\)$/,
    lost: 0,
  },
  {
    name: 'an error status with a body',
    answer: socket => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'),
    outcome: 'refused',
    remark: /^announce refused: HTTP 503$/,
    lost: 0,
  },
  {
    name: 'a failure reason',
    answer: socket => socket.write(answerOf('d14:failure reason16:torrent\u0000 unknowne')),
    outcome: 'refused',
    remark: /^announce refused: torrent {2}unknown$/,
    lost: 0,
  },
  {
    name: "a scrape's answer",
    answer: socket => socket.write(answerOf('d5:filesdee')),
    outcome: 'wrongType',
    remark: /^announce answered as a scrape$/,
    lost: 0,
  },
  {
    name: 'a page in HTML',
    answer: socket => socket.write(answerOf('<html>hello</html>')),
    outcome: 'malformed',
    remark: /^announce malformed: not bencoded: <html>hello<\/html>$/,
    lost: 0,
  },
  {
    name: 'an empty body',
    answer: socket => socket.write(answerOf('')),
    outcome: 'malformed',
    remark: /^announce malformed: an empty body$/,
    lost: 0,
  },
  {
    name: 'a compressed body',
    answer: socket => socket.write(answerOf('\x1f\x08xxx', 'Content-Encoding: gzip\r\n')),
    outcome: 'malformed',
    remark: /^announce malformed: compressed, though that was not asked for$/,
    lost: 0,
  },
  {
    name: 'garbage',
    answer: socket => socket.write('hello, who is there?\r\n'),
    outcome: 'malformed',
    remark: {
      native: /^announce malformed: not HTTP\/1: hello, who is there\? $/,
      node: /malformed: Response does not match the HTTP\/1/,
    },
  },
  {
    name: 'an alert of TLS',
    answer: socket => socket.write(Buffer.from('15030300020246', 'hex')),
    outcome: 'malformed',
    remark: {
      native: /malformed: TLS: the server expects https$/,
      node: /malformed: Response does not match the HTTP\/1/,
    },
  },
  {
    name: 'headers without end',
    answer: socket => {
      socket.write('HTTP/1.1 200 OK\r\n')
      writeWithoutEnd(socket, 'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n')
    },
    outcome: 'malformed',
    remark: /malformed: headers longer than 16384 bytes$/,
  },
  {
    name: 'interim answers without end',
    answer: socket => writeWithoutEnd(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
    outcome: 'malformed',
    remark: { native: /malformed: an answer longer than/, node: /malformed: / },
  },
  {
    name: 'a body without end, of a length',
    answer: socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
      writeWithoutEnd(socket, 'd')
    },
    outcome: 'malformed',
    remark: /malformed: a body longer than 65536 bytes$/,
  },
  {
    name: 'a body without end, of no length',
    answer: socket => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      writeWithoutEnd(socket, 'd')
    },
    outcome: 'malformed',
    remark: /malformed: a body longer than 65536 bytes$/,
  },
  {
    name: 'chunks without end',
    answer: socket => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      writeWithoutEnd(socket, '1\r\nx\r\n')
    },
    outcome: 'malformed',
    remark: { native: /malformed: an answer longer than/, node: /malformed: / },
  },
  {
    name: 'two lengths',
    answer: socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
    outcome: 'malformed',
    remark: /malformed: headers that contradict each other/,
  },
  {
    name: 'an end without an answer',
    answer: socket => socket.end(),
    outcome: 'broken',
    remark: /^announce broken: closed by the server, before its first answer \(is it https there\?\)$/,
    lost: PEERS,
  },
  {
    name: 'an end within an answer',
    answer: socket => socket.end(good.slice(0, -3)),
    outcome: 'broken',
    remark: /^announce broken: closed by the server( within an answer)?, before its first/,
    lost: PEERS,
  },
  {
    name: 'a reset within an answer',
    answer: socket => socket.write(good.slice(0, -3), () => socket.resetAndDestroy()),
    outcome: 'broken',
    remark: /^announce broken: (ECONNRESET|closed by the server)( within an answer)?, before its first/,
    lost: PEERS,
  },
  {
    name: 'nothing at all',
    answer: () => undefined,
    outcome: 'timedOut',
    changes: { timeoutMs: 50 },
  },
  {
    name: 'half an answer, and nothing more',
    answer: socket => socket.write(good.slice(0, -3)),
    outcome: 'timedOut',
    changes: { timeoutMs: 50 },
  },
]

async function fillAndStop(
  test: TestContext,
  engine: Engine,
  answer: Answering,
  changes: Partial<LoadPlan> = {},
): Promise<{ worker: LoadWorker; remarks: Map<string, number>; connections: () => number }> {
  const { port, connections } = await serve(test, answer)
  const worker = new LoadWorker(test, planFor('http', { port }, { engine, ...changes }))
  await worker.fill()
  return { worker, remarks: await worker.stop(), connections }
}

/** The first try, and one more after each pause, which are twice as long each time, up to a second. */
function triesWithin(milliseconds: number): number {
  let tries = 1
  let pauseMs = 10
  for (let leftMs = milliseconds; leftMs >= pauseMs; pauseMs = Math.min(1000, 2 * pauseMs)) {
    leftMs -= pauseMs
    tries++
  }
  return tries
}

for (const engine of engines) {
  describe(`HTTP load on the ${engine} engine counts servers that`, () => {
    for (const { name, answer, outcome, remark, changes, lost } of cases) {
      it(`give ${name}`, { timeout: 60_000 }, async test => {
        const { worker, remarks, connections } = await fillAndStop(test, engine, answer, changes)
        assert.deepEqual(worker.outcomes(LoadKind.announce), { [outcome]: PEERS })
        const { answered: opened = 0, timedOut: given = 0 } = worker.outcomes(LoadKind.connect)
        // The system opens a connection before the server hears of it.
        await worker.until(() => connections() >= opened)
        // One was being opened at the end, or more were given up by a load with little patience.
        assert.ok(connections() <= opened + given, `${opened} of ${connections()}`)
        const expected = remark instanceof RegExp || remark === undefined ? remark : remark[engine]
        const found = [...remarks].filter(([text]) => expected?.test(text) === true)
        const said = found.reduce((sum, [, count]) => sum + count, 0)
        assert.equal(said, expected === undefined ? 0 : PEERS, JSON.stringify([...remarks]))
        if (lost !== undefined) {
          const count = typeof lost === 'number' ? lost : lost[engine]
          assert.equal(worker.count('connectionsLost'), count)
        }
      })
    }

    it('answer, and close without saying so', { timeout: 60_000 }, async test => {
      const { worker } = await fillAndStop(test, engine, socket => socket.end(good))
      const { answered = 0, broken = 0 } = worker.outcomes(LoadKind.announce)
      // The next announce may have been sent before the end was seen; it is then lost with the connection.
      assert.equal(answered + broken, PEERS)
      assert.ok(answered >= PEERS / 2)
    })

    it('answer twice', { timeout: 60_000 }, async test => {
      const { worker, remarks } = await fillAndStop(test, engine, socket => socket.write(good + good))
      if (engine === 'node') {
        // undici breaks the connection off, with what was sent over it meanwhile.
        const { answered = 0, broken = 0 } = worker.outcomes(LoadKind.announce)
        assert.equal(answered + broken, PEERS)
      } else {
        assert.deepEqual(worker.outcomes(LoadKind.announce), { answered: PEERS })
        assert.equal(worker.count('unknown'), PEERS)
        assert.equal(remarks.get('bytes that no request had asked for'), PEERS)
      }
    })

    it('speak plain where TLS was expected', { timeout: 60_000 }, async test => {
      const { port } = await serve(test, () => undefined, 'HTTP/1.1 400 Bad Request\r\n\r\n')
      const worker = new LoadWorker(
        test,
        planFor('http', { port, isTls: true, hostName: 'localhost' }, { engine }),
      )
      await worker.until(() => (worker.outcomes(LoadKind.connect).broken ?? 0) >= 2)
      const remarks = await worker.stop()
      const { broken = 0 } = worker.outcomes(LoadKind.connect)
      assert.equal(worker.count('connectionsFailed'), broken)
      assert.equal(remarks.get('connect: TLS: wrong version number (is it http there?)'), broken)
    })

    it('greet before anything is asked', { timeout: 60_000 }, async test => {
      const { port, connections } = await serve(test, () => undefined, '', '220 mail.example ESMTP\r\n')
      const worker = new LoadWorker(test, planFor('http', { port }, { engine }))
      await worker.until(() => worker.count('unknown') >= 3)
      const remarks = await worker.stop()
      const greeted = worker.count('unknown')
      assert.equal(remarks.get('bytes that no request had asked for'), greeted)
      assert.equal(worker.count('connectionsLost'), greeted)
      const { answered: opened = 0 } = worker.outcomes(LoadKind.connect)
      assert.ok(opened - greeted <= 1 && connections() - opened <= 1)
      assert.deepEqual(worker.outcomes(LoadKind.announce), {})
    })

    it('close what they have accepted', { timeout: 60_000 }, async test => {
      const { port } = await serve(test, () => undefined, '', null)
      const worker = new LoadWorker(test, planFor('http', { port }, { engine }))
      await worker.until(() => worker.count('connectionsLost') >= 4)
      const remarks = await worker.stop()
      const lost = worker.count('connectionsLost')
      assert.equal(remarks.get('an idle connection: closed by the server'), lost)
      const { answered: opened = 0 } = worker.outcomes(LoadKind.connect)
      assert.ok(opened - lost <= 1, `${opened} opened, ${lost} lost`)
    })

    it('are not there, without a busy loop', { timeout: 60_000 }, async test => {
      const closed = createServer()
      closed.listen(0, '127.0.0.1')
      await once(closed, 'listening')
      const { port } = closed.address() as AddressInfo
      closed.close()
      await once(closed, 'close')
      const startMs = monotonicMs()
      const worker = new LoadWorker(test, planFor('http', { port }, { engine }))
      const failed = (): number => worker.outcomes(LoadKind.connect).broken ?? 0
      await worker.until(() => {
        const tries = failed()
        const tookMs = monotonicMs() - startMs
        // After pauses of 10, 20, 40, 80 and 160 milliseconds; the clock was read before the first try.
        assert.ok(tries <= triesWithin(tookMs), `${tries} tries after ${tookMs} ms`)
        return tries >= 6
      })
      const remarks = await worker.stop()
      assert.equal(remarks.get('connect: ECONNREFUSED'), failed())
      assert.equal(worker.control.isDone(0, Phase.connect), false)
      assert.deepEqual(worker.outcomes(LoadKind.announce), {})
    })
  })
}

describe('HTTP load in an open loop', () => {
  for (const engine of engines) {
    it(`shows a server that stalls for what it is, on the ${engine} engine`, {
      timeout: 60_000,
    }, async test => {
      const held: Socket[] = []
      let requests = 0
      let isStalling = false
      let stallsSinceMs = Number.POSITIVE_INFINITY
      const { port } = await serve(test, socket => {
        if (++requests === PEERS + 50) isStalling = true
        if (!isStalling) socket.write(good)
        else if (held.push(socket) === CONNECTIONS) stallsSinceMs = monotonicMs()
      })
      const stages = [{ seconds: 10, from: 1000, to: 1000 }]
      const plan = planFor(
        'http',
        { port },
        { engine, connectionsPerWorker: CONNECTIONS, pacing: { mode: 'open', spacing: 'even', stages } },
      )
      const worker = new LoadWorker(test, plan)
      await worker.fill()
      const measured = worker.measure(600)
      // 300 ms after no connection was left; a load that was held up itself was behind before that.
      await worker.until(
        () => monotonicMs() >= stallsSinceMs + 200 && worker.tally.gauges[Gauge.behind] >= 300,
      )
      isStalling = false
      for (const socket of held) socket.write(good)
      await measured
      await worker.stop()
      assert.deepEqual(worker.outcomes(LoadKind.announce, Period.measured), { answered: 600 })
      const slow = (latency: number): number =>
        worker.tally
          .latencies(Period.measured, LoadKind.announce, latency)
          .subarray(bucketOf(100 * 10_000))
          .reduce((sum, count) => sum + count, 0)
      // Those planned in the first 200 of 300 ms waited for 100 and more; only four of them were sent by then.
      assert.ok(slow(Latency.response) >= 195, String(slow(Latency.response)))
      assert.ok(slow(Latency.service) >= 4 && slow(Latency.service) <= 50, String(slow(Latency.service)))
      // It was not the generator that was late.
      const late = worker.tally.lag(Period.measured).subarray(bucketOf(100 * 10_000))
      assert.ok(late.reduce((sum, count) => sum + count, 0) < 100)
    })
  }
})
