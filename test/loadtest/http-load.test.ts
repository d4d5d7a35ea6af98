// Load over HTTP against our own tracker: what the generator counts is what the tracker knows afterwards.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { LoadPlan, LoadTarget } from '../../src/loadtest/plan.js'
import { Population } from '../../src/loadtest/population.js'
import { HttpRequestEncoder } from '../../src/protocol/http/announce-request.js'
import { decodeBencode } from '../support/bencode.js'
import { opensslMissing } from '../support/certificates.js'
import { LoadKind, LoadWorker, Period, planFor } from '../support/load-worker.js'
import { meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'
import { type Family, hasIpv6Loopback, startTracker } from '../support/tracker-process.js'

const engines = ['native', 'node'] as const
const PEERS = 200
const one: LoadPlan['population'] = {
  torrents: 1,
  peers: PEERS,
  popularity: { kind: 'uniform' },
  seederShare: 0.5,
  scrapeTorrents: 3,
}

async function scrapeCounts(target: LoadTarget): Promise<{ complete: number; incomplete: number }> {
  const host = target.family === 6 ? `[${target.address}]` : target.address
  const words = new Int32Array(5)
  new Population(one, 1, 0, 1).writeInfoHash(words, 0, 0)
  const encoder = new HttpRequestEncoder({ ...target, numwant: 0, userAgent: 'test' })
  const out = Buffer.alloc(encoder.bytesMax(1))
  const path = out.toString('latin1', 0, encoder.scrapeTarget(out, 0, new Uint8Array(words.buffer), 1))
  const response = await fetch(`http://${host}:${target.port}${path}`)
  const { files } = decodeBencode(new Uint8Array(await response.arrayBuffer())) as {
    files: Record<string, { complete: number; incomplete: number }>
  }
  const [{ complete, incomplete } = { complete: 0, incomplete: 0 }] = Object.values(files)
  return { complete, incomplete }
}

for (const family of [4, 6] as const satisfies readonly Family[]) {
  const skip = family === 6 && !hasIpv6Loopback() ? 'no ::1' : false
  describe(`HTTP load over IPv${family}`, { skip }, () => {
    for (const engine of engines) {
      for (const keepsAlive of [true, false]) {
        const how = keepsAlive ? 'kept-alive connections' : 'one connection for each request'
        it(`fills and measures on the ${engine} engine, ${how}`, { timeout: 60_000 }, async test => {
          const tracker = await startTracker(test, { protocol: 'http', families: [family] })
          const address = family === 4 ? '127.0.0.1' : '::1'
          const target = { address, hostName: address, family, port: tracker.port(family) }
          const plan = planFor('http', target, {
            engine,
            population: one,
            connectionsPerWorker: 8,
            verifyShare: 1,
            mix: { connect: 0, announce: 2, scrape: 1 },
            http: { keepsAlive, requestsPerConnection: 0 },
          })
          await fillsAndMeasures(test, plan)
          const { complete, incomplete } = await scrapeCounts(plan.target)
          assert.equal(complete + incomplete, PEERS)
          assert.ok(complete > PEERS / 4 && incomplete > PEERS / 4, `${complete} of ${PEERS}`)
        })
      }
    }
  })
}

/** Whether announces and scrapes of the measurement have been answered, some of each. */
function hasAnswers(worker: LoadWorker): boolean {
  const kinds = [LoadKind.announce, LoadKind.scrape]
  return kinds.every(kind => (worker.outcomes(kind, Period.measured).answered ?? 0) > 0)
}

async function fillsAndMeasures(test: TestContext, plan: LoadPlan): Promise<void> {
  const worker = new LoadWorker(test, plan)
  await worker.fill()
  assert.deepEqual(worker.outcomes(LoadKind.announce), { answered: PEERS })
  await worker.measure(300, () => hasAnswers(worker))
  assert.deepEqual([...(await worker.stop())], [])
  const { announce, scrape } = worker.all(Period.measured)
  assert.deepEqual(Object.keys(announce), ['answered'])
  assert.deepEqual(Object.keys(scrape), ['answered'])
  const answered = (announce.answered ?? 0) + (scrape.answered ?? 0)
  assert.equal(worker.count('verified'), answered + PEERS)
  assert.equal(worker.count('verifiedWrong'), 0)
  assert.ok(worker.count('peersReceived') > 0)
  // Each announce takes some 270 bytes, each answer 90 and more.
  assert.ok(worker.count('bytesSent') > 150 * answered)
  assert.ok(worker.count('bytesReceived') > 90 * answered)
  const { answered: opened = 0, ...failed } = worker.outcomes(LoadKind.connect)
  const { answered: openedLater = 0 } = worker.outcomes(LoadKind.connect, Period.measured)
  assert.deepEqual(failed, {})
  assert.equal(worker.count('connectionsOpened'), opened + openedLater)
  assert.equal(worker.count('connectionsLost'), 0)
  const { connectionsPerWorker, http } = plan
  assert.equal(opened + openedLater, http.keepsAlive ? connectionsPerWorker : answered + PEERS)
}

describe('HTTP load over TLS', () => {
  for (const engine of engines) {
    for (const keepsAlive of [true, false]) {
      it(`on the ${engine} engine, ${keepsAlive ? 'kept alive' : 'anew each time'}`, {
        timeout: 60_000,
      }, async test => {
        if (!meets(test, opensslMissing())) return
        const tracker = await TlsTracker.start(test, 'native', { commonName: 'tracker' })
        const plan = planFor(
          'http',
          { port: tracker.port, isTls: true },
          {
            engine,
            population: one,
            connectionsPerWorker: 4,
            verifyShare: 1,
            mix: { connect: 0, announce: 2, scrape: 1 },
            http: { keepsAlive, requestsPerConnection: 0 },
          },
        )
        await fillsAndMeasures(test, plan)
      })
    }

    it(`believes on the ${engine} engine only certificates that it knows`, {
      timeout: 60_000,
    }, async test => {
      if (!meets(test, opensslMissing())) return
      const tracker = await TlsTracker.start(test, 'native', { commonName: 'tracker' })
      const target = { port: tracker.port, isTls: true, verifiesCertificate: true }
      const plan = planFor('http', target, { engine, population: one })
      const unknown = new LoadWorker(test, plan)
      await unknown.until(() => (unknown.outcomes(LoadKind.connect).broken ?? 0) >= 2)
      const remarks = await unknown.stop()
      const { broken } = unknown.outcomes(LoadKind.connect)
      assert.equal(remarks.get('connect: certificate: self-signed certificate'), broken)
    })
  }

  it('believes what NODE_EXTRA_CA_CERTS names, for the name that it is for', {
    timeout: 60_000,
  }, async test => {
    if (!meets(test, opensslMissing())) return
    const tracker = await TlsTracker.start(test, 'native', { commonName: 'tracker' })
    const target = { port: tracker.port, isTls: true, verifiesCertificate: true }
    const trust = { NODE_EXTRA_CA_CERTS: tracker.files.certificatePath }
    const known = new LoadWorker(test, planFor('http', target, { population: one }), trust)
    await known.fill()
    assert.deepEqual(known.outcomes(LoadKind.announce), { answered: PEERS })
    await known.stop()
    const wrongName = planFor('http', { ...target, hostName: 'elsewhere.example' }, { population: one })
    const other = new LoadWorker(test, wrongName, trust)
    await other.until(() => (other.outcomes(LoadKind.connect).broken ?? 0) >= 1)
    const remarks = await other.stop()
    const { broken } = other.outcomes(LoadKind.connect)
    assert.equal(remarks.get('connect: certificate: hostname mismatch'), broken)
  })
})

describe('HTTP load in an open loop', () => {
  for (const engine of engines) {
    it(`sends what was planned, each once, on the ${engine} engine`, { timeout: 60_000 }, async test => {
      const tracker = await startTracker(test, { protocol: 'http', families: [4] })
      const stages = [{ seconds: 1, from: 1000, to: 1000 }]
      const plan = planFor(
        'http',
        { port: tracker.port(4) },
        {
          engine,
          population: one,
          connectionsPerWorker: 8,
          pacing: { mode: 'open', spacing: 'even', stages },
        },
      )
      const worker = new LoadWorker(test, plan)
      await worker.fill()
      await worker.measure(400)
      await worker.stop()
      assert.deepEqual(worker.outcomes(LoadKind.announce, Period.measured), { answered: 400 })
      assert.equal(
        worker.tally.lag(Period.measured).reduce((sum, count) => sum + count),
        400,
      )
    })

    it(`accounts on the ${engine} engine for a thousand million a second`, {
      timeout: 60_000,
    }, async test => {
      const tracker = await startTracker(test, { protocol: 'http', families: [4] })
      const stages = [{ seconds: 1, from: 1e9, to: 1e9 }]
      const plan = planFor(
        'http',
        { port: tracker.port(4) },
        {
          engine,
          timeoutMs: 100,
          mix: { connect: 0, announce: 3, scrape: 1 },
          pacing: { mode: 'open', spacing: 'even', stages },
        },
      )
      const worker = new LoadWorker(test, plan)
      await worker.fill()
      const lengthMs = await worker.measure(300, () => hasAnswers(worker))
      await worker.stop()
      const kinds = Object.values(worker.all(Period.measured)).map(({ answered = 0, timedOut = 0 }) => ({
        answered,
        timedOut,
      }))
      assert.equal(
        kinds.reduce((sum, { answered, timedOut }) => sum + answered + timedOut, 0),
        lengthMs * 1e6,
      )
      assert.ok(kinds.every(({ answered }) => answered > 0))
      // The mix holds for what was never sent, too.
      const { timedOut = 0 } = worker.outcomes(LoadKind.scrape, Period.measured)
      assert.ok(Math.abs(timedOut / (lengthMs * 1e6) - 0.25) < 0.01)
    })
  }

  it('counts what a Poisson stream owes at the end as timed out', { timeout: 60_000 }, async test => {
    const stages = [{ seconds: 1, from: 1e6, to: 1e6 }]
    const plan = planFor(
      'http',
      { port: 1 },
      { timeoutMs: 50, pacing: { mode: 'open', spacing: 'poisson', stages } },
    )
    const worker = new LoadWorker(test, plan)
    await worker.until(() => (worker.outcomes(LoadKind.connect).broken ?? 0) >= 1)
    await worker.measure(200)
    await worker.stop()
    const { timedOut = 0, ...others } = worker.outcomes(LoadKind.announce, Period.measured)
    assert.deepEqual(others, {})
    // 200,000, give or take six standard deviations.
    assert.ok(Math.abs(timedOut - 200_000) < 6 * Math.sqrt(200_000), String(timedOut))
  })
})

describe('HTTP load over many connections', () => {
  it('comes from several addresses, and closes a connection after so many requests', {
    timeout: 60_000,
  }, async test => {
    const tracker = await startTracker(test, { protocol: 'http', families: [4] })
    const plan = planFor(
      'http',
      { port: tracker.port(4) },
      {
        population: one,
        connectionsPerWorker: 10,
        sourceAddresses: 5,
        verifyShare: 1,
        http: { keepsAlive: true, requestsPerConnection: 5 },
      },
    )
    const worker = new LoadWorker(test, plan)
    await worker.fill()
    assert.deepEqual([...(await worker.stop())], [])
    assert.deepEqual(worker.outcomes(LoadKind.announce), { answered: PEERS })
    const { answered: opened = 0 } = worker.outcomes(LoadKind.connect)
    assert.ok(opened >= PEERS / 5 && opened <= PEERS / 5 + 10, String(opened))
    assert.equal(worker.count('connectionsLost'), 0)
    assert.equal(worker.count('verifiedWrong'), 0)
    const { complete, incomplete } = await scrapeCounts(plan.target)
    assert.equal(complete + incomplete, PEERS)
  })
})
