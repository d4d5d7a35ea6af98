// `aquatic loadtest` against servers that pass the first look and then do what no tracker should: a clear word, the
// right exit code, and a whole document of what was measured so far.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { runAquatic } from '../cli/run.js'
import { type Ask, UdpResponder } from '../loadtest/udp-responder.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { schemaProblems } from '../support/json-schema.js'
import { later } from '../support/later.js'
import { assertEnds, type JudgedDocument } from '../support/load-verdict.js'
import { meets } from '../support/requirement.js'
import { packageRoot, startTracker } from '../support/tracker-process.js'
import { type Behaviour, serveWebTorrent } from '../support/web-torrent-server.js'

const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/load-test-result.json'), 'utf8'))
const common = ['--workers', '1', '--warmup', '0', '--torrents', '50', '--json']

interface Kind {
  readonly kind: string
  readonly outcomes: Record<string, number>
  readonly service: { readonly count: number }
}

interface Found {
  readonly exitCode: number | null
  readonly verdict: string
  readonly document: JudgedDocument
  readonly warnings: string
  readonly remarks: Map<string, number>
  readonly counts: Record<string, number>
  /** Outcomes that are not 0. */
  outcomes(kind: string): Record<string, number>
}

/** Runs a test and reads its document, which has to be whole whatever came of it. */
async function load(protocol: string, url: string, ...args: string[]): Promise<Found> {
  const { stdout, stderr, exitCode } = await runAquatic(['loadtest', protocol, url, ...common, ...args])
  assert.equal(stderr, '')
  const document = JSON.parse(stdout)
  assert.deepEqual(schemaProblems(schema, document), [])
  const kinds = document.kinds as Kind[]
  const all = kinds.flatMap(({ outcomes }) => Object.values(outcomes)).reduce((sum, count) => sum + count, 0)
  const series = document.series as { answered: number; failed: number }[]
  const inSeries = series.reduce((sum, { answered, failed }) => sum + answered + failed, 0)
  assert.equal(inSeries, all, 'the time series has every request once')
  return {
    exitCode,
    verdict: document.verdict,
    document,
    warnings: document.warnings.join('\n'),
    remarks: new Map(document.remarks),
    counts: document.counts,
    outcomes: kind => {
      const { outcomes } = kinds.find(each => each.kind === kind) as Kind
      return Object.fromEntries(Object.entries(outcomes).filter(([, count]) => count > 0))
    },
  }
}

/** All planned requests had this fate, but for those that were held up for so long that they were not sent. */
function assertAll(outcomes: Record<string, number>, fate: string, planned: number): void {
  const { unsent = 0, ...others } = outcomes
  assert.deepEqual(others, { [fate]: planned - unsent })
}

/** An answer of BEP 15: action, transaction id, and the rest. */
function answerOf({ action, packet, transactionId }: Ask): Buffer {
  const rest = Buffer.alloc([8, 12, ((packet.length - 16) / 20) * 12][action])
  if (action === 1) rest.writeInt32BE(120, 0)
  return Buffer.concat([Buffer.from([0, 0, 0, action]), transactionId, rest])
}

function refusalOf({ transactionId }: Ask): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 3]), transactionId, Buffer.from('go away')])
}

type UdpAnswering = (ask: Ask, isFirst: boolean, responder: UdpResponder) => void

/**
 * For servers that give no connection ids, how long they are waited for: what they say instead has to come within it,
 * where its worker has just been started on a busy machine. For others there is no need of a limit.
 */
const waiting = (seconds: number): string[] => ['--set', `phases.connect=${seconds}`]

/** 100 announces in half a second. */
async function loadUdp(
  t: TestContext,
  serve: UdpAnswering,
  ...args: string[]
): Promise<Found & { readonly responder: UdpResponder }> {
  let seen = 0
  const responder = await UdpResponder.open(t, ask => serve(ask, seen++ === 0, responder))
  const pace = args.includes('--rate') ? [] : ['--rate', '200', '--duration', '0.5']
  const plan = [...pace, '--sockets', '2', '--peers', '50']
  const mix = args.includes('--mix') ? [] : ['--mix', '0:1:0']
  const url = `udp://127.0.0.1:${responder.port}`
  const found = await load('udp', url, ...plan, ...mix, ...args)
  return { ...found, responder }
}

describe('aquatic loadtest udp against a server that', { concurrency: 3 }, () => {
  it('gives no connection ids: 1, and it does not go on', async t => {
    const answering: UdpAnswering = (ask, isFirst) => {
      if (isFirst) ask.answer(answerOf(ask))
    }
    const { exitCode, verdict, warnings, responder } = await loadUdp(t, answering, ...waiting(1))
    assert.deepEqual([exitCode, verdict], [1, 'no-answers'])
    assert.match(warnings, /No connection id came from udp:.* within 1 s\./)
    assert.equal(responder.requests.announce, 0)
  })

  it('answers garbage: 1, and what came', async t => {
    const answering: UdpAnswering = (ask, isFirst) =>
      ask.answer(isFirst ? answerOf(ask) : Buffer.alloc(30, 0xaa))
    const { exitCode, verdict, remarks } = await loadUdp(t, answering, ...waiting(5))
    assert.deepEqual([exitCode, verdict], [1, 'no-answers'])
    assert.ok((remarks.get('a datagram that answers nothing that was asked') ?? 0) > 0)
  })

  it('refuses everything: 1, and its words', async t => {
    const refusing: UdpAnswering = ask => ask.answer(refusalOf(ask))
    const { exitCode, verdict, remarks } = await loadUdp(t, refusing, ...waiting(5))
    assert.deepEqual([exitCode, verdict], [1, 'no-answers'])
    assert.ok((remarks.get('connect refused: go away') ?? 0) > 0)
  })

  it('refuses announces: what is never answered is said', async t => {
    const found = await loadUdp(
      t,
      ask => ask.answer(ask.action === 0 ? answerOf(ask) : refusalOf(ask)),
      '--mix',
      '1:1:0',
    )
    const { warnings, outcomes, responder } = found
    const { refused, unsent: _, ...others } = outcomes('announce')
    assert.deepEqual([refused, others], [responder.requests.announce, {}])
    assertEnds(found.exitCode, found.document)
    assert.ok(warnings.includes(`None of ${refused} announce requests was answered.`), warnings)
  })

  it('answers twice, and no more than that is counted', async t => {
    const found = await loadUdp(t, ask => {
      ask.answer(answerOf(ask))
      if (ask.action === 1) ask.answer(answerOf(ask))
    })
    const { counts, outcomes } = found
    assertEnds(found.exitCode, found.document)
    assertAll(outcomes('announce'), 'answered', 100)
    assert.equal(counts['duplicate'], outcomes('announce')['answered'])
  })

  it('answers late: lost, and late, although that is after the measurement', async t => {
    // Two seconds between the end of a request's time and its answer, so that no answer that was waiting for a busy
    // load test is in time.
    const plan = ['--rate', '50', '--duration', '4', '--timeout', '1s']
    const answering: UdpAnswering = ask => {
      if (ask.action === 0) ask.answer(answerOf(ask))
      else later(3000, () => ask.answer(answerOf(ask)))
    }
    const { exitCode, counts, outcomes } = await loadUdp(t, answering, ...plan)
    assert.equal(exitCode, 1)
    assertAll(outcomes('announce'), 'timedOut', 200)
    // Those of the first quarter come in the measurement, of the second until the last one has timed out.
    const { late = 0 } = counts
    assert.ok(late > 50 && late <= 200, `${late}`)
  })
})

const body = 'd8:completei1e10:incompletei1e8:intervali1800e5:peers0:e'
const good = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** Calls `answer` for each request but the probe's. @returns the port */
async function serveHttp(
  t: TestContext,
  server: Server,
  answer: (socket: Socket, count: number) => void,
): Promise<number> {
  let count = 0
  const take = (socket: Socket): void => {
    let input = ''
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.on('data', chunk => {
      input += chunk.toString('latin1')
      for (let end = input.indexOf('\r\n\r\n'); end >= 0; end = input.indexOf('\r\n\r\n')) {
        // A scrape of a torrent that nobody has (src/loadtest/probe.ts).
        const isProbe = input.slice(0, end).includes('info_hash=aquatic-loadtest-ask')
        input = input.slice(end + 4)
        if (isProbe) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        else answer(socket, ++count)
      }
    })
  }
  server.on('addContext' in server ? 'secureConnection' : 'connection', take)
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const httpPlan = ['--rate', '100', '--duration', '0.5', '--connections', '4', '--timeout', '2s']

async function loadHttp(
  t: TestContext,
  answer: (socket: Socket, count: number) => void,
  ...args: string[]
): Promise<Found> {
  const port = await serveHttp(t, createServer(), answer)
  return load('http', `http://127.0.0.1:${port}/announce`, ...httpPlan, '--peers', '50', ...args)
}

describe('aquatic loadtest http against a server that', { concurrency: 3 }, () => {
  const nothing: [name: string, answer: (socket: Socket) => void, outcome: string, remark?: RegExp][] = [
    ['never answers', () => undefined, 'timedOut'],
    ['resets each connection', socket => socket.resetAndDestroy(), 'broken', /^announce broken: /],
    [
      'speaks another protocol',
      socket => socket.write('220 ESMTP\r\n'),
      'malformed',
      /not HTTP\/1: 220 ESMTP/,
    ],
    [
      'knows no such page',
      socket => socket.write('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'),
      'refused',
      /^announce refused: HTTP 404$/,
    ],
  ]
  for (const [name, answer, outcome, remark] of nothing) {
    it(`${name}: 1, although it takes connections`, async t => {
      const { exitCode, verdict, outcomes, remarks } = await loadHttp(t, answer)
      assert.deepEqual([exitCode, verdict], [1, 'no-answers'])
      const { [outcome]: count = 0, timedOut: waiting = 0, unsent = 0, ...others } = outcomes('announce')
      assert.deepEqual(others, {})
      assert.ok(count > 0)
      assert.equal((outcome === 'timedOut' ? count : count + waiting) + unsent, 50)
      if (remark !== undefined) assert.ok([...remarks.keys()].some(text => remark.test(text)))
    })
  }

  it('answers late: its answers are those that came', async t => {
    const found = await loadHttp(t, (socket, count) => {
      // When the client gives up, it ends the connection.
      if (count > 10) socket.once('end', () => socket.write(good))
      else socket.write(good)
    })
    assertEnds(found.exitCode, found.document)
    const { unsent = 0, ...others } = found.outcomes('announce')
    assert.deepEqual(others, { answered: 10, timedOut: 40 - unsent })
  })

  it('dies half-way: what was measured until then, and that it died', async t => {
    const server = createServer()
    const sockets = new Set<Socket>()
    const port = await serveHttp(t, server, (socket, count) => {
      sockets.add(socket)
      socket.write(good)
      if (count < 50) return
      server.close()
      for (const each of sockets) each.destroy()
    })
    const longer = httpPlan.map(arg => (arg === '0.5' ? '2.5' : arg))
    const found = await load('http', `http://127.0.0.1:${port}`, ...longer, '--peers', '50')
    const { answered = 0, ...others } = found.outcomes('announce')
    assertEnds(found.exitCode, found.document)
    assert.ok(answered >= 49 && answered <= 50, `${answered}`)
    assert.equal(answered + Object.values(others).reduce((sum, count) => sum + count, 0), 250)
    assert.match(found.warnings, /Nothing that was asked in the last [12] s of the measurement was answered/)
    assert.ok([...found.remarks.keys()].some(text => /ECONNREFUSED/.test(text)))
  })

  it('changes its certificate meanwhile, to one that is not trusted', async t => {
    if (!meets(t, opensslMissing())) return
    const directory = scratchDirectory(t)
    const made = ['first', 'second'].map(name =>
      makeCertificate(directory, name, { commonName: 'localhost' }),
    )
    const [first, second] = made.map(({ certificatePath, keyPath }) => ({
      cert: readFileSync(certificatePath),
      key: readFileSync(keyPath),
    }))
    const server = createTlsServer(first as { cert: Buffer; key: Buffer })
    const port = await serveHttp(t, server, (socket, count) => {
      if (count === 20) server.setSecureContext(second as { cert: Buffer; key: Buffer })
      socket.end(good)
    })
    const args = [`https://localhost:${port}`, ...common, ...httpPlan, '--peers', '50']
    const env = { NODE_EXTRA_CA_CERTS: made[0]!.certificatePath }
    const checked = ['--no-keep-alive', '--verify-certificate']
    const { stdout, exitCode } = await runAquatic(['loadtest', 'http', ...args, ...checked], { env })
    const document = JSON.parse(stdout)
    const { answered } = (document.kinds as Kind[])[1]!.outcomes
    assertEnds(exitCode, document)
    assert.ok(answered! >= 20 && answered! < 40, `${answered}`)
    assert.ok(
      (document.remarks as [string, number][]).some(([text]) => /^connect: certificate: /.test(text)),
      JSON.stringify(document.remarks),
    )
  })
})

describe('aquatic loadtest ws against a server that', { concurrency: 3 }, () => {
  const plan = ['--rate', '100', '--duration', '0.5', '--connections', '4', '--timeout', '2s']

  async function loadWs(t: TestContext, behaviour: Behaviour, ...args: string[]): Promise<Found> {
    const { port } = await serveWebTorrent(t, behaviour)
    return load('ws', `ws://127.0.0.1:${port}`, ...plan, ...args)
  }

  const nothing: [name: string, message: NonNullable<Behaviour['message']>, remark?: RegExp][] = [
    ['never answers', () => undefined],
    ['resets each connection', client => client.socket.resetAndDestroy(), /^connection lost: /],
    [
      'speaks another protocol',
      client => client.socket.write('HTTP/1.1 400 No\r\n\r\n'),
      /^connection lost: a frame/,
    ],
    ['answers garbage', client => client.send('hello'), /^a message that is none of the protocol$/],
    [
      'refuses everything',
      client => client.send({ action: 'announce', 'failure reason': 'go away' }),
      /^announce refused: go away$/,
    ],
  ]
  for (const [name, message, remark] of nothing) {
    it(`${name}: 1, although it takes connections`, async t => {
      const { exitCode, verdict, outcomes, remarks } = await loadWs(t, { message })
      assert.deepEqual([exitCode, verdict], [1, 'no-answers'])
      const all = Object.values(outcomes('announce')).reduce((sum, count) => sum + count, 0)
      assert.equal(all, 50)
      if (remark !== undefined) assert.ok([...remarks.keys()].some(text => remark.test(text)))
    })
  }

  it('opens no connection but the first: 1, and it does not go on', async t => {
    let upgrades = 0
    const upgrade = (): string => (upgrades++ === 0 ? 'HTTP/1.1 101 Switching Protocols\r\n\r\n' : '')
    const { exitCode, warnings } = await loadWs(t, { upgrade }, '--set', 'phases.connect=1')
    assert.equal(exitCode, 1)
    assert.match(warnings, /No connection to ws:.* could be opened within 1 s\./)
  })

  it('answers twice', async t => {
    const found = await loadWs(t, {
      message: (client, { action, answer }) => {
        if (action !== 'announce' || answer !== undefined) return
        client.respond()
        client.respond()
      },
    })
    const { counts, outcomes } = found
    assertEnds(found.exitCode, found.document)
    assertAll(outcomes('announce'), 'answered', 50)
    assert.equal(counts['duplicate'], outcomes('announce')['answered'])
  })
})

describe('aquatic loadtest', { concurrency: 3 }, () => {
  for (const protocol of ['http', 'ws'] as const) {
    it(`${protocol}: at 10^9 requests a second it says no more than what was answered in the time`, async t => {
      const tracker = await startTracker(t, { families: [4], protocol })
      const args = [...common, '--rate', '1000M', '--duration', '0.5', '--connections', '2']
      const limits = ['--timeout', '1s']
      const { stdout } = await runAquatic(['loadtest', protocol, tracker.announceUrl(4), ...args, ...limits])
      const document = JSON.parse(stdout)
      assert.deepEqual(schemaProblems(schema, document), [])
      const { outcomes, answersPerSecond, service } = document.kinds[1]
      const all = Object.values(outcomes as Record<string, number>).reduce((sum, count) => sum + count, 0)
      assert.equal(all, 5e8)
      // Two connections can't have more answers than their latencies allow; the rest came in the drain: two answers,
      // for which a busy machine may have let them wait.
      const answeredUs = answersPerSecond * 0.5 * service.meanUs
      assert.ok(answeredUs <= 1.1 * (2 * 0.5e6 + 2 * service.maxUs), `${answeredUs} ${service.maxUs}`)
      assert.ok(answersPerSecond * 0.5 < outcomes.answered)
    })
  }
})
