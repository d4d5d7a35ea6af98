// Load on our own tracker and on bittorrent-tracker, with real sockets: what the generator counts is what the tracker
// knows afterwards.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { monotonicMs } from '../../src/loadtest/clock.js'
import type { LoadPlan, LoadTarget } from '../../src/loadtest/plan.js'
import { Population } from '../../src/loadtest/population.js'
import { runLoadTest } from '../../src/loadtest/run.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { LoadKind, LoadWorker, Period, Phase, planFor } from '../support/load-worker.js'
import { meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'
import { hasIpv6Loopback, startTracker } from '../support/tracker-process.js'
import { WebTorrentClient } from '../support/web-torrent-client.js'
import { serveWebTorrent } from '../support/web-torrent-server.js'

const engines = ['native', 'node'] as const
const CONNECTIONS = 50
const timeout = 60_000

const one: LoadPlan['population'] = {
  torrents: 1,
  peers: 1,
  popularity: { kind: 'uniform' },
  seederShare: 0.5,
  scrapeTorrents: 3,
}

const relaying: LoadPlan['ws'] = { ...planFor('ws', {}).ws, offersPerAnnounce: 3, answers: true }

const onlyAnnounces: LoadPlan['mix'] = { connect: 0, announce: 1, scrape: 0 }

function plan(target: Partial<LoadTarget>, changes: Partial<LoadPlan> = {}): LoadPlan {
  return planFor('ws', target, {
    connectionsPerWorker: CONNECTIONS,
    population: one,
    verifyShare: 1,
    mix: { connect: 0, announce: 3, scrape: 1 },
    sourceAddresses: 5,
    ws: relaying,
    ...changes,
  })
}

/** Both counts of the one torrent, from somebody who is not in it. */
async function countsOf(test: TestContext, url: string): Promise<readonly [number, number]> {
  const words = new Int32Array(5)
  new Population(one, 1, 0, 1).writeInfoHash(words, 0, 0)
  const hash = Buffer.from(words.buffer).toString('latin1')
  const client = await WebTorrentClient.connect(test, url)
  client.send({ action: 'scrape', info_hash: hash })
  const { files } = await client.next()
  const { complete = 0, incomplete = 0 } = files?.[hash] ?? {}
  return [complete, incomplete]
}

/** Whether some of each kind have been answered in the measurement. */
function hasAnswers(worker: LoadWorker): boolean {
  const kinds = [LoadKind.announce, LoadKind.scrape, LoadKind.offer, LoadKind.answer]
  return kinds.every(kind => (worker.outcomes(kind, Period.measured).answered ?? 0) > 0)
}

/** The whole course of a test with one worker; everything is answered, and every answer is true. */
async function fillsAndMeasures(test: TestContext, url: string, of: LoadPlan): Promise<void> {
  const worker = new LoadWorker(test, of)
  await worker.fill()
  assert.deepEqual(worker.all(), { connect: { answered: CONNECTIONS }, announce: { answered: CONNECTIONS } })
  const [complete, incomplete] = await countsOf(test, url)
  assert.equal(complete + incomplete, CONNECTIONS)
  assert.ok(complete > CONNECTIONS / 5 && incomplete > CONNECTIONS / 5, `${complete} of ${CONNECTIONS}`)
  await worker.measure(300, () => hasAnswers(worker))
  assert.deepEqual([...(await worker.stop())], [])
  const { announce, scrape, offer, answer, ...others } = worker.all(Period.measured)
  assert.deepEqual(others, {})
  for (const outcomes of [announce, scrape, offer, answer])
    assert.deepEqual(Object.keys(outcomes ?? {}), ['answered'])
  const sum = [announce, scrape, offer, answer].reduce(
    (total, outcomes) => total + (outcomes?.answered ?? 0),
    0,
  )
  const before = Object.values(worker.all()).reduce((total, outcomes) => total + (outcomes.answered ?? 0), 0)
  // All but connections are looked at.
  assert.equal(worker.count('verified'), sum + before - CONNECTIONS)
  assert.equal(worker.count('verifiedWrong'), 0)
  assert.ok((offer?.answered ?? 0) <= 3 * (announce?.answered ?? 0))
  for (const name of ['late', 'duplicate', 'unknown', 'connectionsLost', 'connectionsFailed'] as const) {
    assert.equal(worker.count(name), 0, name)
  }
  assert.equal(worker.count('connectionsOpened'), CONNECTIONS)
  // An announce with three offers takes more than 4 KB, a scrape more than 60 bytes.
  assert.ok(worker.count('bytesSent') > 4000 * (announce?.answered ?? 0))
  assert.ok(worker.count('bytesReceived') > 1000 * (offer?.answered ?? 0))
}

for (const engine of engines) {
  describe(`WebTorrent load on the ${engine} engine`, () => {
    it('fills and measures', { timeout }, async test => {
      const tracker = await startTracker(test, { protocol: 'ws', families: [4] })
      await fillsAndMeasures(test, tracker.announceUrl(4), plan({ port: tracker.port(4) }, { engine }))
    })

    it('fills and measures over TLS', { timeout }, async test => {
      if (!meets(test, opensslMissing())) return
      const { tracker } = await TlsTracker.start(test, 'native', { commonName: 'tracker' }, {}, 'ws')
      const target = { port: tracker.port(4), isTls: true, hostName: 'localhost' }
      await fillsAndMeasures(test, `wss://127.0.0.1:${target.port}`, plan(target, { engine }))
    })

    it('fills and measures over IPv6', {
      timeout,
      skip: hasIpv6Loopback() ? false : 'no ::1',
    }, async test => {
      const tracker = await startTracker(test, { protocol: 'ws', families: [6] })
      const target = { port: tracker.port(6), address: '::1', hostName: '::1', family: 6 } as const
      await fillsAndMeasures(test, tracker.announceUrl(6), plan(target, { engine }))
    })

    it('believes only certificates that it knows', { timeout }, async test => {
      if (!meets(test, opensslMissing())) return
      const directory = scratchDirectory(test)
      const authority = makeCertificate(directory, 'authority', { commonName: 'authority' })
      const request = { commonName: 'tracker', issuer: authority }
      const { tracker } = await TlsTracker.start(test, 'native', request, {}, 'ws')
      const target = { port: tracker.port(4), isTls: true, verifiesCertificate: true }
      const of = plan(target, { engine, connectionsPerWorker: 2 })
      const stranger = new LoadWorker(test, of)
      await stranger.until(() => stranger.count('connectionsFailed') >= 2)
      const remarks = await stranger.stop()
      for (const text of remarks.keys()) assert.match(text, /^connect: .*certificate/i)
      assert.equal(stranger.count('connectionsOpened'), 0)
      const trusted = { NODE_EXTRA_CA_CERTS: authority.certificatePath }
      // The runtime itself reads the variable at its start only.
      if (engine === 'node') return
      const friend = new LoadWorker(test, of, trusted)
      await friend.fill()
      assert.deepEqual([...(await friend.stop())], [])
    })

    it('sends what an open loop plans, over whichever connection is free', { timeout }, async test => {
      const tracker = await startTracker(test, { protocol: 'ws', families: [4] })
      const stages = [{ seconds: 1, from: 500, to: 500 }]
      const of = plan(
        { port: tracker.port(4) },
        { engine, pacing: { mode: 'open', spacing: 'even', stages } },
      )
      const worker = new LoadWorker(test, of)
      await worker.fill()
      await worker.measure(400)
      await worker.stop()
      const { announce, scrape } = worker.all(Period.measured)
      assert.equal((announce?.answered ?? 0) + (scrape?.answered ?? 0), 200)
      assert.equal(
        worker.tally.lag(Period.measured).reduce((sum, count) => sum + count, 0),
        200,
      )
    })

    it('opens connections along a ramp', { timeout }, async test => {
      const tracker = await startTracker(test, { protocol: 'ws', families: [4] })
      const ws = { ...relaying, connectionsPerSecond: 100 }
      const startMs = monotonicMs()
      const worker = new LoadWorker(test, plan({ port: tracker.port(4) }, { engine, ws }))
      // The clock was read before the ramp began, so that a look that comes late allows more, not less.
      await worker.until(() => {
        const opened = worker.count('connectionsOpened')
        const tookMs = monotonicMs() - startMs
        assert.ok(opened <= 1 + tookMs / 10, `${opened} after ${tookMs} ms`)
        return opened >= CONNECTIONS
      })
      await worker.done(Phase.connect)
      await worker.stop()
      assert.equal(worker.count('connectionsOpened'), CONNECTIONS)
    })

    it('gives up what was planned while nothing was answered', { timeout }, async test => {
      const tracker = await startTracker(test, { protocol: 'ws', families: [4] })
      const stages = [{ seconds: 10, from: 1e9, to: 1e9 }]
      const pacing = { mode: 'open', spacing: 'even', stages } as const
      const of = plan({ port: tracker.port(4) }, { engine, pacing, timeoutMs: 50, connectionsPerWorker: 1 })
      const worker = new LoadWorker(test, of)
      await worker.fill()
      const startMs = monotonicMs()
      worker.control.setTimes(startMs, startMs, startMs + 200)
      worker.control.enter(Phase.load)
      await worker.until(() => monotonicMs() > startMs + 200)
      await worker.stop()
      const { announce, scrape } = worker.all(Period.measured)
      const sum = [announce, scrape]
        .flatMap(outcomes => Object.values(outcomes ?? {}))
        .reduce((total, count) => total + count, 0)
      assert.equal(sum, 200_000_000)
    })

    it('announces at intervals, the first ones spread', { timeout }, async test => {
      const announcedMs: number[] = []
      const { port } = await serveWebTorrent(test, {
        message: client => {
          announcedMs.push(monotonicMs())
          client.respond()
        },
      })
      const ws = { ...planFor('ws', {}).ws, announceIntervalSeconds: 1 }
      const worker = new LoadWorker(test, plan({ port }, { engine, ws, mix: onlyAnnounces }))
      await worker.fill()
      announcedMs.length = 0
      const spacingMs = 1000 / CONNECTIONS
      const startMs = monotonicMs()
      worker.control.setTimes(startMs, startMs, startMs + 600_000)
      worker.control.enter(Phase.load)
      // No faster, however late it is looked.
      await worker.until(() => {
        const announced = announcedMs.length
        const tookMs = monotonicMs() - startMs
        assert.ok(announced <= 1 + tookMs / spacingMs, `${announced} after ${tookMs} ms`)
        return announced >= CONNECTIONS
      })
      await worker.stop()
      // Nor slower: who is held up makes one gap longer, and those that follow shorter.
      const gapsMs = announcedMs.slice(1, CONNECTIONS).map((atMs, index) => atMs - announcedMs[index])
      const medianMs = gapsMs.sort((left, right) => left - right)[CONNECTIONS >> 1]
      assert.ok(medianMs < 2 * spacingMs, `${medianMs} ms`)
    })

    it('relays between threads', { timeout }, async test => {
      const tracker = await startTracker(test, { protocol: 'ws', families: [4] })
      const of = plan({ port: tracker.port(4) }, { engine, workers: 2, connectionsPerWorker: 5 })
      const phases = { ...of.phases, measureSeconds: 1, drainSeconds: 10 }
      const { kinds, counts, remarks } = await runLoadTest({ ...of, phases })
      const answered = Object.fromEntries(kinds.map(({ kind, outcomes }) => [kind, outcomes.answered]))
      assert.deepEqual(remarks, [])
      for (const { kind, outcomes } of kinds) {
        const { answered: _answered, ...others } = outcomes
        assert.deepEqual(Object.values(others), [0, 0, 0, 0, 0, 0], kind)
      }
      assert.ok((answered.offer ?? 0) > 0 && (answered.answer ?? 0) > 0)
      assert.deepEqual([counts.verifiedWrong, counts.unknown, counts.duplicate], [0, 0, 0])
    })
  })
}
