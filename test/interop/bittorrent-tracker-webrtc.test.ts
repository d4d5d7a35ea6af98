// WebRTC between clients of the npm package bittorrent-tracker, which know each other through `aquatic serve ws` alone:
// offers and answers are real, and so is what they lead to, a data channel (of `@roamhq/wrtc`).
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { type TestContext, test } from 'node:test'
import Client, { type DataChannel } from 'bittorrent-tracker/client'
import { opensslMissing } from '../support/certificates.js'
import { type EndpointAddress, get, parseMetrics, sumOf } from '../support/metrics.js'
import { meets } from '../support/requirement.js'
import { type StoppedEvent, stoppedEventOf } from '../support/stopped-event.js'
import type { TrackerProcess } from '../support/tracker-process.js'
import { describeWay, startTrackerOnWay, type Way, wayMissing } from './trackers.js'

/** What each client says on every channel it gets, after its own peer id. */
const saidBytes = 16_384

/** An upper bound for clients that never meet; no test depends on its length. */
const deadlineMs = 120_000

interface Update {
  readonly complete: number
  readonly incomplete: number
}

/** What is told of one channel. */
interface Heard {
  /** Peer id in hexadecimal. */
  readonly from: string
  readonly data: Buffer
}

/** A client that says the same on each data channel, and keeps what it hears. */
class Peer {
  readonly peerId = Buffer.concat([Buffer.from('-WW0208-'), randomBytes(12)])
  readonly said = Buffer.concat([this.peerId, randomBytes(saidBytes)])
  readonly #client: Client
  readonly #channels: DataChannel[] = []
  readonly #heard: Promise<Heard>
  #warning: Error | undefined

  constructor(t: TestContext, announce: string, infoHash: Buffer, trusted: string | undefined) {
    const agent = new Agent({ ca: trusted === undefined ? undefined : readFileSync(trusted) })
    const options = { infoHash, peerId: this.peerId, announce, port: 6881, proxyOpts: { httpsAgent: agent } }
    this.#client = new Client({ ...options, rtcConfig: { iceServers: [] } })
    this.#client.on('warning', error => {
      this.#warning = error
    })
    this.#heard = new Promise(resolve => {
      this.#client.on('peer', channel => this.#talk(channel, resolve))
    })
    t.after(() => this.#end())
  }

  #talk(channel: DataChannel, heard: (what: Heard) => void): void {
    this.#channels.push(channel)
    // Of two channels between the same clients one may be given up while it is being made.
    channel.on('error', () => undefined)
    channel.on('connect', () => channel.send(this.said))
    channel.on('data', (data: Uint8Array) => heard({ from: channel.id ?? '', data: Buffer.from(data) }))
  }

  /** The first thing that another client has said to this one. */
  heard(): Promise<Heard> {
    return this.#heard
  }

  async start(left: number): Promise<Update> {
    return await this.#updated(() => this.#client.start({ left }))
  }

  async stop(): Promise<Update> {
    return await this.#updated(() => this.#client.stop({ left: 0 }))
  }

  async #updated(send: () => void): Promise<Update> {
    const updated = once(this.#client, 'update')
    send()
    const [{ complete, incomplete }] = await updated
    assert.equal(this.#warning, undefined)
    return { complete, incomplete }
  }

  async #end(): Promise<void> {
    for (const channel of this.#channels) channel.destroy()
    await new Promise<void>(resolve => this.#client.destroy(resolve))
  }
}

/** Each has heard what the other says. */
async function assertTalked(one: Peer, other: Peer): Promise<void> {
  const [first, second] = await Promise.all([one.heard(), other.heard()])
  assert.deepEqual(first, { from: other.peerId.toString('hex'), data: other.said })
  assert.deepEqual(second, { from: one.peerId.toString('hex'), data: one.said })
}

async function endOf(tracker: TrackerProcess): Promise<StoppedEvent> {
  const end = await tracker.stop()
  assert.equal(end.code, 0, end.stderr)
  const stopped = stoppedEventOf(end)
  assert.equal(stopped.counters['requestsInvalidIpv4'], 0)
  assert.equal(stopped.counters['responsesFailureIpv4'], 0)
  assert.equal(stopped.peers, 0, 'all have said goodbye')
  return stopped
}

/** That none of so many pairs is divided between two workers has a probability of one in a billion. */
const pairsMax = 30

/**
 * The client keeps one socket for each URL of a tracker, so that different paths are different sockets. Which worker
 * a socket belongs to is the system's choice: pairs talk until an offer and its answer have gone from one to another.
 * (The node engine has one worker.)
 */
async function talkOnTwoSockets(t: TestContext, way: Way): Promise<void> {
  const settings = {
    socket_workers: 2,
    'statistics.run_prometheus_endpoint': true,
    'statistics.prometheus_endpoint_address': '127.0.0.1:0',
  }
  const { tracker, certificatePath } = await startTrackerOnWay(t, way, settings)
  const [line] = await tracker.process.waitForLines('stdout', /"protocol":"metrics"/)
  const endpoint = JSON.parse(line) as EndpointAddress
  const base = tracker.announceUrl(way.family)
  const isDivided = tracker.listening[0]!.workers > 1
  assert.equal(isDivided, way.engine === 'native')
  let pairs = 0
  for (let isDone = false; !isDone; ) {
    const infoHash = randomBytes(20)
    const seeder = new Peer(t, `${base}/seeder-${pairs}`, infoHash, certificatePath)
    const leecher = new Peer(t, `${base}/leecher-${pairs}`, infoHash, certificatePath)
    assert.deepEqual(await seeder.start(0), { complete: 1, incomplete: 0 })
    assert.deepEqual(await leecher.start(1), { complete: 1, incomplete: 1 })
    await assertTalked(seeder, leecher)
    assert.deepEqual(await leecher.stop(), { complete: 1, incomplete: 0 })
    assert.deepEqual(await seeder.stop(), { complete: 0, incomplete: 0 })
    pairs++
    isDone = !isDivided || (await answersBetweenWorkers(endpoint, pairs)) > 0
    assert.ok(isDone || pairs < pairsMax)
  }
  const { counters } = await endOf(tracker)
  assert.equal(counters['connectionsOpenedIpv4'], 2 * pairs)
  assert.equal(counters['offersRelayedToWorkers'] > 0, isDivided)
}

/** Figures may be a second old: waits for those of `count` answers. */
async function answersBetweenWorkers(endpoint: EndpointAddress, count: number): Promise<number> {
  for (;;) {
    const series = parseMetrics((await get(endpoint)).body)
    const answers = (event: string): number => sumOf(series, 'aquatic_answers_total', `event="${event}"`)
    if (answers('received') >= count) return answers('relayed_to_workers')
  }
}

/** What happens when several torrents, or several programs, are in one page: one socket for all. */
async function talkOnOneSocket(t: TestContext, way: Way): Promise<void> {
  const { tracker, certificatePath } = await startTrackerOnWay(t, way)
  const announce = tracker.announceUrl(way.family)
  const pairs: (readonly [Peer, Peer])[] = []
  for (const infoHash of [randomBytes(20), randomBytes(20)]) {
    const seeder = new Peer(t, announce, infoHash, certificatePath)
    const leecher = new Peer(t, announce, infoHash, certificatePath)
    assert.deepEqual(await seeder.start(0), { complete: 1, incomplete: 0 })
    assert.deepEqual(await leecher.start(1), { complete: 1, incomplete: 1 })
    pairs.push([seeder, leecher])
  }
  for (const [seeder, leecher] of pairs) await assertTalked(seeder, leecher)
  for (const [seeder, leecher] of pairs) {
    await leecher.stop()
    await seeder.stop()
  }
  const { counters } = await endOf(tracker)
  assert.equal(counters['connectionsOpenedIpv4'], 1)
}

for (const engine of ['native', 'node'] as const) {
  for (const scheme of ['ws', 'wss'] as const) {
    const way: Way = { scheme, engine, family: 4 }
    const missing = { ...wayMissing(way), ...(scheme === 'wss' ? opensslMissing() : {}) }

    test(`${describeWay(way)}: two clients on two sockets talk over WebRTC`, {
      timeout: deadlineMs,
    }, async t => {
      if (meets(t, missing)) await talkOnTwoSockets(t, way)
    })

    test(`${describeWay(way)}: four clients of two torrents on one socket talk over WebRTC`, {
      timeout: deadlineMs,
    }, async t => {
      if (meets(t, missing)) await talkOnOneSocket(t, way)
    })
  }
}
