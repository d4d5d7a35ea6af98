// The client of the UDP generators on simulated time: what is known of network and tracker has to come out.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Phase } from '../../src/loadtest/control.js'
import { LoadKind, outcomeNames, WorkerCount } from '../../src/loadtest/kinds.js'
import { percentileUs } from '../../src/loadtest/latency-buckets.js'
import { Random } from '../../src/loadtest/random.js'
import { Latency, Period } from '../../src/loadtest/tally.js'
import { openPacing, planOf } from './plans.js'
import { errorAnswer, plainAnswer, type SimulatedRequest, UdpSimulation } from './udp-simulation.js'

const phases = { connectSeconds: 5, fillSeconds: 0, warmUpSeconds: 1, measureSeconds: 8, drainSeconds: 3 }
const population = {
  torrents: 10,
  peers: 500,
  popularity: { kind: 'uniform' } as const,
  seederShare: 0.5,
  scrapeTorrents: 5,
}
const announceAt = 1

/** Each value of the shares in order, within 2 %. */
function assertPercentiles(histogram: Float64Array, exactMs: readonly number[], what: string): void {
  const sorted = [...exactMs].sort((left, right) => left - right)
  for (const share of [0.5, 0.9, 0.99, 0.999, 1]) {
    const exactUs = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] * 1000
    const foundUs = percentileUs(histogram, share) ?? 0
    assert.ok(
      Math.abs(foundUs - exactUs) <= exactUs * 0.02,
      `${what} p${share * 100}: ${foundUs}, not ${exactUs}`,
    )
  }
}

/** Sum over all outcomes of a kind in both periods. */
function allOutcomes({ context: { tallies } }: UdpSimulation, kind: LoadKind): number {
  return Object.values(tallies.outcomes(kind)).reduce((sum, count) => sum + count, 0)
}

describe('The UDP client on simulated time', () => {
  for (const pacing of [openPacing(2000, 9), { mode: 'closed' } as const]) {
    it(`finds known delays and losses within 2 % in ${pacing.mode} loop`, () => {
      const random = new Random(7)
      const measured: number[] = []
      let asked = 0
      const plan = planOf({ pacing, phases, population, connectionsPerWorker: 4, window: 8, timeoutMs: 500 })
      const simulation: UdpSimulation = new UdpSimulation(plan, request => {
        // A tenth of a millisecond for most, a long tail, and one in twenty lost.
        const afterMs = 0.1 + 5 * random.unit() ** 4 + (random.below(100) === 0 ? 100 * random.unit() : 0)
        const isLost = request.action === announceAt && random.below(20) === 0
        const { control } = simulation.context
        if (request.action === announceAt) {
          asked++
          const { sentMs } = request
          if (sentMs >= control.measureStartMs && sentMs < control.measureEndMs) {
            measured.push(isLost ? 500 : afterMs)
          }
        }
        return isLost ? [] : [{ afterMs, packet: plainAnswer(request) }]
      })
      simulation.runAll()
      const { tallies } = simulation.context
      const { answered, timedOut } = tallies.outcomes(LoadKind.announce, Period.measured)
      assert.equal(answered + timedOut, measured.length)
      assert.equal(timedOut, measured.filter(ms => ms === 500).length)
      assert.equal(allOutcomes(simulation, LoadKind.announce), asked)
      const leading = pacing.mode === 'open' ? Latency.response : Latency.service
      assertPercentiles(tallies.latencies(LoadKind.announce, leading, Period.measured), measured, 'latency')
      assertPercentiles(
        tallies.latencies(LoadKind.announce, Latency.service, Period.measured),
        measured,
        'service',
      )
      if (pacing.mode === 'open') assert.equal(measured.length, 16_000)
    })
  }

  it('shows a tracker that stalls for a second to every request planned in it', () => {
    const plan = planOf({
      pacing: openPacing(1000, 9),
      phases,
      population,
      connectionsPerWorker: 4,
      timeoutMs: 2000,
    })
    const expected: number[] = []
    const simulation: UdpSimulation = new UdpSimulation(plan, request => {
      const intoMs = request.sentMs - simulation.context.control.measureStartMs
      const stallMs = intoMs >= 3000 && intoMs < 4000 ? 4000 - intoMs : 0
      if (request.action === announceAt && intoMs >= 0) expected.push(1 + stallMs)
      return [{ afterMs: 1 + stallMs, packet: plainAnswer(request) }]
    })
    simulation.runAll()
    const { tallies } = simulation.context
    assert.equal(expected.length, 8000)
    const response = tallies.latencies(LoadKind.announce, Latency.response, Period.measured)
    assertPercentiles(response, expected, 'response')
    // 1,000 of 8,000 requests were planned in the stall: the slowest eighth waits for up to a second.
    const p9375 = percentileUs(response, 1 - 500 / 8000) ?? 0
    assert.ok(Math.abs(p9375 - 501_000) < 501_000 * 0.02, `${p9375}`)
  })

  it('charges its own stall to the response time and to the lag, not to the service time', () => {
    const plan = planOf({
      pacing: openPacing(1000, 9),
      phases,
      population,
      connectionsPerWorker: 4,
      timeoutMs: 2000,
    })
    const simulation = new UdpSimulation(plan, request => [{ afterMs: 1, packet: plainAnswer(request) }])
    simulation.stall(4000, 5000)
    simulation.runAll()
    const { tallies } = simulation.context
    const { answered } = tallies.outcomes(LoadKind.announce, Period.measured)
    assert.equal(answered, 8000)
    const of = (latency: Latency): Float64Array =>
      tallies.latencies(LoadKind.announce, latency, Period.measured)
    assert.ok((percentileUs(of(Latency.response), 1) ?? 0) > 990_000)
    assert.ok((percentileUs(of(Latency.response), 1 - 500 / 8000) ?? 0) > 490_000)
    assert.ok((percentileUs(of(Latency.service), 0.999) ?? 0) < 2000)
    assert.ok((percentileUs(tallies.lag(), 1) ?? 0) > 990_000)
    assert.ok((percentileUs(tallies.lag(), 0.8) ?? 0) < 100)
  })

  it('stays within its window, and keeps it full', () => {
    const inFlight = [0, 0]
    let most = 0
    const returns: { atMs: number; socket: number }[] = []
    const plan = planOf({ phases, population, connectionsPerWorker: 2, window: 3 })
    const simulation = new UdpSimulation(plan, request => {
      while (returns.length > 0 && returns[0].atMs <= request.sentMs) inFlight[returns.shift()?.socket ?? 0]--
      inFlight[request.socket]++
      most = Math.max(most, inFlight[request.socket])
      returns.push({ atMs: request.sentMs + 10, socket: request.socket })
      return [{ afterMs: 10, packet: plainAnswer(request) }]
    })
    simulation.runAll()
    assert.equal(most, 3)
    // 2 sockets of 3 requests every 10 ms for 8 s.
    const { answered } = simulation.context.tallies.outcomes(LoadKind.announce, Period.measured)
    assert.ok(Math.abs(answered - 4800) <= 12, `${answered}`)
  })

  it('never uses a connection id that is older than a minute', () => {
    const cameMs = new Map<string, number>()
    let oldestMs = 0
    const plan = planOf({
      pacing: openPacing(20, 181),
      phases: { ...phases, measureSeconds: 180 },
      population,
      connectionsPerWorker: 2,
    })
    const simulation = new UdpSimulation(plan, request => {
      const id = String(cameMs.size).padStart(8, '0')
      if (request.action === 0) cameMs.set(id, request.sentMs + 20)
      else {
        const used = cameMs.get(request.packet.toString('latin1', 0, 8)) ?? Number.NEGATIVE_INFINITY
        oldestMs = Math.max(oldestMs, request.sentMs - used)
      }
      return [{ afterMs: 20, packet: plainAnswer(request, id) }]
    })
    simulation.runAll()
    assert.ok(oldestMs > 40_000 && oldestMs < 50_000, `${oldestMs} ms`)
    // None had to wait for an id.
    const response = simulation.context.tallies.latencies(
      LoadKind.announce,
      Latency.response,
      Period.measured,
    )
    assert.ok((percentileUs(response, 1) ?? 0) < 20_500)
    const { answered } = simulation.context.tallies.outcomes(LoadKind.announce, Period.measured)
    assert.equal(answered, 3600)
  })

  it('waits for an id where the tracker gives none any more, and counts what could not be sent as lost', () => {
    const plan = planOf({
      pacing: openPacing(10, 101),
      phases: { ...phases, measureSeconds: 100 },
      population,
      timeoutMs: 500,
    })
    let connects = 0
    const simulation = new UdpSimulation(plan, request => {
      if (request.action === 0 && connects++ > 0) return []
      return [{ afterMs: 1, packet: plainAnswer(request) }]
    })
    simulation.runAll()
    const { answered, timedOut } = simulation.context.tallies.outcomes(LoadKind.announce, Period.measured)
    assert.equal(answered + timedOut, 1000)
    assert.ok(answered > 560 && answered < 600, `${answered}`)
    assert.ok(simulation.context.tallies.count(WorkerCount.connectionsFailed) > 10)
  })

  for (const [what, answerTo] of [
    [
      'says so',
      (request: SimulatedRequest) => [
        { afterMs: 1, packet: errorAnswer(request, 'Connection ID missmatch.') },
      ],
    ],
    ['is silent', () => []],
  ] as const) {
    it(`asks for a new id when the tracker forgot it and ${what}`, () => {
      let secret = 'secret 1'
      const plan = planOf({
        pacing: openPacing(100, 9),
        phases,
        population,
        connectionsPerWorker: 2,
        timeoutMs: 200,
      })
      const simulation: UdpSimulation = new UdpSimulation(plan, request => {
        const { measureStartMs } = simulation.context.control
        if (measureStartMs > 0 && request.sentMs > measureStartMs + 4000) secret = 'secret 2'
        const isRight = request.action === 0 || request.packet.toString('latin1', 0, 8) === secret
        return isRight ? [{ afterMs: 1, packet: plainAnswer(request, secret) }] : answerTo(request)
      })
      simulation.runAll()
      const { answered, refused, timedOut } = simulation.context.tallies.outcomes(
        LoadKind.announce,
        Period.measured,
      )
      assert.equal(answered + refused + timedOut, 800)
      const lost = refused + timedOut
      assert.ok(lost > 0 && lost < 60, `${lost} lost`)
    })
  }

  it('announces each peer once to fill the swarm, and once more what was lost', () => {
    const announces = new Map<string, number>()
    const plan = planOf({
      phases: { ...phases, fillSeconds: 60 },
      population,
      connectionsPerWorker: 3,
      window: 7,
      timeoutMs: 50,
    })
    const simulation: UdpSimulation = new UdpSimulation(plan, request => {
      if (request.action !== announceAt || simulation.context.control.phase !== Phase.fill) {
        return [{ afterMs: 1, packet: plainAnswer(request) }]
      }
      const peer = request.packet.toString('hex', 36, 56)
      const times = (announces.get(peer) ?? 0) + 1
      announces.set(peer, times)
      // Some are lost once, some twice.
      const isLost = (request.packet[55] < 32 && times === 1) || request.packet[55] < 8
      return isLost ? [] : [{ afterMs: 1, packet: plainAnswer(request) }]
    })
    const { context } = simulation
    simulation.runUntil(() => context.control.isDone(0, Phase.connect))
    context.control.enter(Phase.fill)
    assert.ok(simulation.runUntil(() => context.control.isDone(0, Phase.fill), simulation.nowMs + 60_000))
    assert.equal(announces.size, 500)
    for (const [peer, times] of announces) {
      const isLost = Number.parseInt(peer.slice(-2), 16) < 32
      assert.equal(times, isLost ? 2 : 1, peer)
    }
    const total = [...announces.values()].reduce((sum, times) => sum + times, 0)
    assert.equal(allOutcomes(simulation, LoadKind.announce), total)
  })

  it('stays live at 1,000,000,000 requests per second, and counts what it could not send', () => {
    const plan = planOf({
      pacing: openPacing(1e9, 1),
      phases: { ...phases, warmUpSeconds: 0, measureSeconds: 1 },
      population,
      mix: { connect: 1, announce: 2, scrape: 1 },
      connectionsPerWorker: 2,
    })
    const simulation: UdpSimulation = new UdpSimulation(plan, request => [
      { afterMs: 1, packet: plainAnswer(request) },
    ])
    simulation.runUntil(() => simulation.context.control.isDone(0, Phase.connect))
    simulation.startLoad()
    // On simulated time sending costs nothing: a few turns stand for what a second is enough for.
    const { control, tallies } = simulation.context
    simulation.runUntil(() => false, control.loadStartMs)
    simulation.turnMs = 0.1
    simulation.runUntil(() => false, simulation.nowMs + 3)
    simulation.nowMs = control.measureEndMs + 1000
    control.enter(Phase.drain)
    assert.ok(simulation.runUntil(() => control.isDone(0, Phase.drain), simulation.nowMs + 3000))
    control.enter(Phase.stop)
    simulation.runUntil(() => simulation.client.isStopped)
    const outcomes = [LoadKind.connect, LoadKind.announce, LoadKind.scrape].map(kind =>
      tallies.outcomes(kind, Period.measured),
    )
    const sum = outcomes.reduce(
      (total, counts) => total + outcomeNames.reduce((all, name) => all + counts[name], 0),
      0,
    )
    // Requests for connection ids of the generator's own come on top of the schedule.
    assert.ok(Math.abs(sum - 1e9) <= 2, `${sum}`)
    assert.ok(outcomes[1].answered > 1000)
    const share = outcomes[1].unsent / (outcomes[0].unsent + outcomes[1].unsent + outcomes[2].unsent)
    assert.ok(Math.abs(share - 0.5) < 0.01)
    const [point] = [tallies.seriesAt(0)]
    assert.equal(point.answered + point.failed, sum)
  })

  it('looks closely at the answers it is told to', () => {
    const wrong: ((request: SimulatedRequest) => Buffer)[] = [
      // More peers than counted, more than asked for, the announcer itself, no interval, negative counts.
      request => withPeers(request, 4),
      request => withPeers(request, 6, { seeders: 6 }),
      request => withPeers(request, 1, { first: [127, 0, 0, 1, request.packet[96], request.packet[97]] }),
      request => withPeers(request, 0, { interval: 0 }),
      request => withPeers(request, 0, { seeders: -1 }),
    ]
    const plan = planOf({
      pacing: openPacing(100, 9),
      phases,
      population,
      numwant: 5,
      verifyShare: 1,
    })
    let announces = 0
    const simulation = new UdpSimulation(plan, request => {
      if (request.action !== announceAt) return [{ afterMs: 1, packet: plainAnswer(request) }]
      const which = announces++ % (wrong.length + 1)
      return [{ afterMs: 1, packet: which === wrong.length ? withPeers(request, 3) : wrong[which](request) }]
    })
    simulation.runAll()
    const { tallies } = simulation.context
    assert.equal(announces, 900)
    assert.equal(tallies.count(WorkerCount.verified), 900)
    assert.equal(tallies.count(WorkerCount.verifiedWrong), 750)
    assert.equal(tallies.outcomes(LoadKind.announce).answered, 900)
  })
})

/** An announce answer with peers 10.0.0.i:i, one leecher and two seeders. */
function withPeers(
  request: SimulatedRequest,
  peers: number,
  {
    seeders = 2,
    interval = 1800,
    first,
  }: { seeders?: number; interval?: number; first?: readonly number[] } = {},
): Buffer {
  const answer = plainAnswer(request)
  answer.writeInt32BE(interval, 8)
  answer.writeInt32BE(seeders, 16)
  const list = Array.from({ length: peers }, (_, index) =>
    Buffer.from(index === 0 && first !== undefined ? first : [10, 0, 0, index, 0, index]),
  )
  return Buffer.concat([answer, ...list])
}
