// Whether `aquatic loadtest` does what it says, and says what it did, as seen by the server that it loads.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { runAquatic } from '../cli/run.js'
import { scratchDirectory } from '../config/scratch.js'
import { type Ask, UdpResponder } from '../loadtest/udp-responder.js'
import { later } from '../support/later.js'
import { isHeldUp, type JudgedDocument } from '../support/load-verdict.js'
import { startBinary } from '../support/tracker-process.js'

const common = ['--workers', '1', '--sockets', '1', '--torrents', '20', '--peers', '100', '--json']
const ANNOUNCE = 1
const SCRAPE = 2

/** Announces of BEP 15: info hash at 16, peer id at 36, left at 64, event at 80, numwant at 92. */
function identityOf(announce: Buffer): string {
  return announce.subarray(16, 98).toString('hex')
}

function answerOf({ action, packet, transactionId }: Ask): Buffer {
  const rest = Buffer.alloc([8, 12, ((packet.length - 16) / 20) * 12][action])
  if (action === ANNOUNCE) rest.writeInt32BE(120, 0)
  return Buffer.concat([Buffer.from([0, 0, 0, action]), transactionId, rest])
}

const answering = (ask: Ask): void => ask.answer(answerOf(ask))

interface Seen {
  readonly document: JudgedDocument & { readonly selfCheck: { readonly lagMaxUs: number } }
  readonly packets: readonly Buffer[]
}

/** Runs a load test against a server that keeps every request. */
async function watch(
  t: TestContext,
  args: readonly string[],
  serve: (ask: Ask) => void = answering,
): Promise<Seen> {
  const packets: Buffer[] = []
  const responder = await UdpResponder.open(t, ask => {
    packets.push(Buffer.from(ask.packet))
    serve(ask)
  })
  const all = ['loadtest', 'udp', `udp://127.0.0.1:${responder.port}`, ...common, ...args]
  const { stdout, stderr } = await runAquatic(all)
  assert.equal(stderr, '')
  return { document: JSON.parse(stdout), packets }
}

const actionOf = (packet: Buffer): number => packet.readInt32BE(8)
const announcesOf = (packets: readonly Buffer[]): Buffer[] =>
  packets.filter(packet => actionOf(packet) === ANNOUNCE)

function requestsOf({ document }: Seen, kind: number): number {
  return Object.values(document.kinds[kind]!.outcomes).reduce((sum, count) => sum + count, 0)
}

/** Requests of a kind that were planned for the measurement; a busy machine may have kept the last from being sent. */
const unsentOf = ({ document }: Seen, kind: number): number => document.kinds[kind]!.outcomes['unsent'] ?? 0

const brief = ['--warmup', '0', '--duration', '0.5', '--rate', '400']

describe('a load test as its server sees it', { concurrency: 3 }, () => {
  it('has sent what it counts, and no more: an open loop', async t => {
    const seen = await watch(t, [...brief, '--mix', '0:3:1', '--seed', '1'])
    const counted = [requestsOf(seen, ANNOUNCE), requestsOf(seen, SCRAPE)]
    const sent = [ANNOUNCE, SCRAPE].map(kind => requestsOf(seen, kind) - unsentOf(seen, kind))
    const received = [ANNOUNCE, SCRAPE].map(
      action => seen.packets.filter(packet => actionOf(packet) === action).length,
    )
    assert.deepEqual(received, sent)
    assert.equal(counted[0]! + counted[1]!, 200)
    assert.ok(counted[0]! > 120 && counted[1]! > 25, `${counted}`)
  })

  it('has sent what it counts, and no more: a closed loop', async t => {
    const seen = await watch(t, ['--warmup', '0', '--duration', '0.5', '--window', '4'])
    for (const kind of [ANNOUNCE, SCRAPE]) {
      const received = seen.packets.filter(packet => actionOf(packet) === kind).length
      // Answers that come with its end are read together: what they make room for is sent, and is not counted.
      const more = received - requestsOf(seen, kind)
      assert.ok(more >= 0 && more <= 4, `${received}`)
    }
  })

  it('counts neither warm-up nor fill', async t => {
    const phases = ['--warmup', '0.5', '--fill', '5s', '--duration', '0.5', '--rate', '400', '--mix', '0:1:0']
    const seen = await watch(t, phases)
    assert.equal(requestsOf(seen, ANNOUNCE), 200)
    assert.equal(announcesOf(seen.packets).length, 200 + 200 + 100 - unsentOf(seen, ANNOUNCE))
    const filled = announcesOf(seen.packets).slice(0, 100)
    assert.equal(new Set(filled.map(packet => packet.subarray(36, 56).toString('hex'))).size, 100)
  })

  it('asks the same again with the same seed, and something else with another', async t => {
    const plan = [...brief, '--mix', '0:1:0']
    const seeded = (seed: string): Promise<Seen> => watch(t, [...plan, '--verify', '50%', '--seed', seed])
    const [first, second, other] = [await seeded('7'), await seeded('7'), await seeded('8')]
    const asked = ({ packets }: Seen): string[] => announcesOf(packets).map(identityOf)
    const [one, again] = [asked(first), asked(second)]
    assert.equal(one.length, 200 - unsentOf(first, ANNOUNCE))
    assert.equal(again.length, 200 - unsentOf(second, ANNOUNCE))
    const common = Math.min(one.length, again.length)
    assert.ok(common > 0)
    assert.deepEqual(again.slice(0, common), one.slice(0, common))
    const hashes = ({ packets }: Seen): Set<string> =>
      new Set(announcesOf(packets).map(packet => packet.subarray(16, 36).toString('hex')))
    assert.equal([...hashes(other)].filter(hash => hashes(first).has(hash)).length, 0)
  })

  it('asks for as many torrents, peers and addresses as it is told', async t => {
    const population = ['--numwant', '17', '--mix', '0:1:0', '--set', 'requests.peer_seeder_probability=0.5']
    const { packets } = await watch(t, [...brief, ...population, '--seed', '1'])
    const announces = announcesOf(packets)
    const distinct = (from: number, to: number): number =>
      new Set(announces.map(packet => packet.subarray(from, to).toString('hex'))).size
    assert.ok(announces.every(packet => packet.readInt32BE(92) === 17))
    assert.equal(distinct(36, 56), 100)
    assert.ok(distinct(16, 36) <= 20)
    const seeders = announces.filter(packet => packet.readBigUInt64BE(64) === 0n).length
    assert.ok(seeders > 60 && seeders < 140, `${seeders}`)
    // A peer stays with its torrent.
    assert.equal(distinct(16, 56), 100)
  })

  it('shows a server that stands still for a second, in an open loop', async t => {
    let firstMs = 0
    let stoodStillMs = 0
    const waiting: (() => void)[] = []
    const { document } = await watch(
      t,
      ['--warmup', '0', '--duration', '2', '--rate', '400', '--mix', '0:1:0', '--timeout', '5s'],
      ask => {
        const nowMs = performance.now()
        if (ask.action !== ANNOUNCE) return answering(ask)
        if (firstMs === 0) firstMs = nowMs
        const stoodMs = nowMs - firstMs - 500
        if (stoodMs < 0 || stoodMs > 1000) return answering(ask)
        if (waiting.length === 0) {
          later(1000 - stoodMs, () => {
            stoodStillMs = performance.now() - nowMs
            for (const answer of waiting) answer()
          })
        }
        waiting.push(() => answering(ask))
      },
    )
    const { outcomes, response } = document.kinds[ANNOUNCE] as never as {
      outcomes: Record<string, number>
      response: { p50Us: number; p99Us: number; buckets: [number, number][] }
    }
    const { unsent = 0 } = outcomes
    assert.equal(outcomes['answered'], 800 - unsent)
    // Half of the requests were planned in that second, and waited for between nothing and all of it.
    assert.ok(response.p99Us > 950_000, `${response.p99Us}`)
    const above = (us: number): number =>
      response.buckets.reduce((sum, [top, count]) => (top > us ? sum + count : sum), 0)
    const [longer, longest] = [above(250_000), above(750_000)]
    assert.ok(longer > 300 - 40 - unsent && longest > 100 - 40 - unsent, `${longer} ${longest}`)
    // What came on top is not the server's, on a machine that held the load test up.
    if (isHeldUp(document)) return
    assert.ok(response.p99Us < (stoodStillMs + 200) * 1000, `${response.p99Us} of ${stoodStillMs}`)
    const most = (aboveMs: number): number => (stoodStillMs - aboveMs) * 0.4 + 60
    assert.ok(longer < most(250) && longest < most(750), `${longer} ${longest} of ${stoodStillMs}`)
  })

  it('has percentiles of what the server made it wait, never too low', async t => {
    const delays: number[] = []
    let asked = 0
    const { document } = await watch(t, [...brief, '--mix', '0:1:0'], ask => {
      if (ask.action !== ANNOUNCE) return answering(ask)
      const startMs = performance.now()
      later(asked++ % 10 === 9 ? 60 : 20, () => {
        answering(ask)
        delays.push(performance.now() - startMs)
      })
    })
    const { service } = document.kinds[ANNOUNCE] as never as {
      service: { count: number; p50Us: number; p90Us: number; maxUs: number }
    }
    assert.equal(service.count, delays.length)
    delays.sort((left, right) => left - right)
    // What is in between is the way and the machine: the least of all waits is short of it.
    const at = (share: number): number => delays[Math.ceil(share * delays.length) - 1]! * 1000
    for (const [us, share] of [
      [service.p50Us, 0.5],
      [service.p90Us, 0.9],
      [service.maxUs, 1],
    ] as const) {
      assert.ok(us >= at(share) * 0.98, `${us} of ${at(share)}`)
      // In between is also what held the load test up; how long that was, its own schedule shows.
      const slackUs = 50_000 + 2 * document.selfCheck.lagMaxUs
      assert.ok(us <= at(share) * 1.02 + slackUs, `${us} of ${at(share)}, ${slackUs}`)
    }
  })
})

describe('Ctrl-C', { concurrency: 3 }, () => {
  const args = ['--workers', '1', '--sockets', '1', '--torrents', '9', '--peers', '1000', '--rate', '100']
  const start = async (t: TestContext, serve: (ask: Ask) => void, more: string[]) => {
    const { port } = await UdpResponder.open(t, serve)
    return startBinary(t, ['loadtest', 'udp', `udp://127.0.0.1:${port}`, ...args, ...more], {})
  }

  it('while connecting: nothing was measured, 130', async t => {
    let isFirst = true
    const child = await start(
      t,
      ask => {
        if (isFirst) answering(ask)
        isFirst = false
      },
      [],
    )
    await child.waitForLines('stderr', /^connect /)
    child.signal('SIGINT')
    const { code, stdout } = await child.ended
    assert.equal(code, 130)
    assert.match(stdout, /^Nothing was measured at udp:/)
    assert.match(stdout, /\nInterrupted: measured 0 s of 30 s\./)
  })

  it('while the swarm is filled: nothing was measured, 130', async t => {
    const onlyIds = (ask: Ask): void => {
      if (ask.action === 0) answering(ask)
    }
    const child = await start(t, onlyIds, ['--fill', '1m', '--timeout', '10s'])
    await child.waitForLines('stderr', /^fill /)
    child.signal('SIGINT')
    const { code, stdout } = await child.ended
    assert.equal(code, 130)
    assert.match(stdout, /^Nothing was measured at udp:/)
  })

  it('in the warm-up: nothing was measured, 130', async t => {
    const child = await start(t, answering, ['--warmup', '1m'])
    await child.waitForLines('stderr', /^warm-up /)
    child.signal('SIGINT')
    const { code, stdout } = await child.ended
    assert.equal(code, 130)
    assert.match(stdout, /^Nothing was measured at udp:/)
  })

  it('in the drain: all was measured, and what is under way is not waited for, 130', async t => {
    let announces = 0
    const half = (ask: Ask): void => {
      if (ask.action !== ANNOUNCE || announces++ % 2 === 0) answering(ask)
    }
    const out = join(scratchDirectory(t), 'result.json')
    const whole = ['--warmup', '0', '--duration', '0.5', '--timeout', '100s', '--out', out]
    const child = await start(t, half, whole)
    await child.waitForLines('stderr', /^drain /)
    child.signal('SIGINT')
    const { code, stdout } = await child.ended
    assert.equal(code, 130)
    assert.match(stdout, /\nInterrupted: measured 0\.5\d* s of 0\.5 s\./)
    // A report of a load test that this machine held up leaves out its figures.
    if (isHeldUp(JSON.parse(readFileSync(out, 'utf8')))) assert.match(stdout, /^The load test was the limit/)
    else assert.match(stdout, /\nfailed +announce: \d+ timed out/)
  })
})
