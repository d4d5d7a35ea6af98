import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadConfig } from '../../src/config/load.js'
import { loadtestHttpTable } from '../../src/config/loadtest-http.js'
import { loadtestUdpTable } from '../../src/config/loadtest-udp.js'
import { loadtestWsTable } from '../../src/config/loadtest-ws.js'
import { loadTestNeeds } from '../../src/loadtest/needs.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { type PlanFacts, planOf, trialPlan } from '../../src/loadtest/plan-of-config.js'
import { planOf as planForTests } from './plans.js'

const { target } = planForTests()
const facts: PlanFacts = { target, engine: 'native', processors: 8, isTargetHere: true }

async function udpPlan(set: readonly string[], changes: Partial<PlanFacts> = {}): Promise<LoadPlan> {
  const { config } = await loadConfig(loadtestUdpTable, { set })
  return planOf({ protocol: 'udp', config }, { ...facts, ...changes })
}

async function httpPlan(set: readonly string[], changes: Partial<PlanFacts> = {}): Promise<LoadPlan> {
  const { config } = await loadConfig(loadtestHttpTable, { set })
  return planOf({ protocol: 'http', config }, { ...facts, ...changes })
}

async function wsPlan(set: readonly string[], changes: Partial<PlanFacts> = {}): Promise<LoadPlan> {
  const { config } = await loadConfig(loadtestWsTable, { set })
  return planOf({ protocol: 'ws', config }, { ...facts, ...changes })
}

describe('the plan of a configuration', () => {
  it('leaves half of the processors to a tracker on this machine', async () => {
    const workersOf = async (set: string[], changes: Partial<PlanFacts>): Promise<number> =>
      (await udpPlan(set, changes)).workers
    assert.equal(await workersOf([], {}), 4)
    assert.equal(await workersOf([], { processors: 1 }), 1)
    assert.equal(await workersOf([], { processors: 2 }), 1)
    assert.equal(await workersOf([], { isTargetHere: false }), 8)
    assert.equal(await workersOf(['workers=3'], {}), 3)
    assert.equal((await httpPlan(['workers=8', 'network.connections=3'])).workers, 3, 'none is without work')
  })

  it('measures as long as duration, or as all stages', async () => {
    const closed = await udpPlan(['duration=0'])
    assert.deepEqual([closed.pacing.mode, closed.phases.measureSeconds], ['closed', Number.POSITIVE_INFINITY])
    const open = await udpPlan(['load.rate=5k', 'duration=60', 'load.spacing=poisson'])
    assert.deepEqual(open.pacing, {
      mode: 'open',
      spacing: 'poisson',
      stages: [{ seconds: 62, from: 5000, to: 5000 }],
    })
    assert.equal(open.phases.measureSeconds, 60)
    const staged = await udpPlan(['load.stages=10s:2k-5k,0.1s:5k,0.2s:5k-0'])
    assert.equal(staged.phases.measureSeconds, 10.3)
    assert.deepEqual(staged.pacing, {
      mode: 'open',
      spacing: 'even',
      stages: [
        { seconds: 2, from: 2000, to: 2000 },
        { seconds: 10, from: 2000, to: 5000 },
        { seconds: 0.1, from: 5000, to: 5000 },
        { seconds: 0.2, from: 5000, to: 0 },
      ],
    })
    const ramp = await udpPlan(['load.stages=10s:0-5k'])
    assert.deepEqual(
      [ramp.phases.warmUpSeconds, (ramp.pacing as { stages: readonly unknown[] }).stages.length],
      [0, 1],
    )
    const endless = await udpPlan(['load.rate=5', 'duration=0'])
    assert.deepEqual((endless.pacing as { stages: readonly unknown[] }).stages, [
      { seconds: Number.POSITIVE_INFINITY, from: 5, to: 5 },
    ])
  })

  it('drains as long as a request may take, unless told', async () => {
    assert.equal((await udpPlan(['load.timeout=3'])).phases.drainSeconds, 3)
    assert.equal((await udpPlan(['load.timeout=3', 'phases.drain=500ms'])).phases.drainSeconds, 0.5)
    assert.equal((await udpPlan(['load.timeout=250ms'])).timeoutMs, 250)
  })

  it('takes several addresses on the loopback interface only', async () => {
    const elsewhere = { target: { ...target, address: '192.0.2.1' } }
    assert.equal((await udpPlan([])).sourceAddresses, 64)
    assert.equal((await udpPlan(['network.source_addresses=5'])).sourceAddresses, 5)
    assert.equal((await udpPlan(['network.source_addresses=5'], elsewhere)).sourceAddresses, 1)
    assert.equal((await udpPlan([], { target: { ...target, address: '::1', family: 6 } })).sourceAddresses, 1)
    assert.equal((await httpPlan([])).sourceAddresses, 1)
    assert.equal((await httpPlan(['keep_alive=false'])).sourceAddresses, 64)
    assert.equal((await wsPlan(['network.connections=10000'])).sourceAddresses, 1)
    assert.equal((await wsPlan(['network.connections=10001'])).sourceAddresses, 2)
  })

  it('has what the protocol needs', async () => {
    const udp = await udpPlan(['requests.popularity=zipf', 'requests.zipf_exponent=1.5'])
    assert.deepEqual(
      [udp.mix, udp.numwant, udp.verifyShare],
      [{ connect: 50, announce: 50, scrape: 1 }, 30, 0.01],
    )
    assert.deepEqual(udp.population.popularity, { kind: 'zipf', exponent: 1.5 })
    const http = await httpPlan([
      'requests_per_connection=100',
      'torrents.weight_scrape=2',
      'network.connections=10',
    ])
    assert.deepEqual(http.http, { keepsAlive: true, requestsPerConnection: 100 })
    assert.deepEqual([http.mix, http.numwant], [{ connect: 0, announce: 5, scrape: 2 }, -1])
    assert.deepEqual([http.workers, http.connectionsPerWorker], [4, 3])
    assert.deepEqual(http.population.popularity, { kind: 'gamma', shape: 0.2, scale: 100 })
    const ws = await wsPlan([
      'network.connection_rate=1k',
      'load.announce_interval=2m',
      'network.connections=10',
    ])
    assert.deepEqual(ws.ws, {
      offersPerAnnounce: 10,
      answers: true,
      connectionsPerSecond: 1000,
      announceIntervalSeconds: 120,
    })
    assert.equal(ws.population.peers, 12)
    assert.equal((await wsPlan([])).ws.connectionsPerSecond, Number.POSITIVE_INFINITY)
  })

  it('of a search has trials at other rates and lengths', async () => {
    const plan = await udpPlan(['load.search=true', 'load.spacing=poisson'])
    assert.equal(trialPlan(plan, null, 2).pacing.mode, 'closed')
    const trial = trialPlan(plan, 1000, 2)
    assert.deepEqual(trial.pacing, {
      mode: 'open',
      spacing: 'even',
      stages: [{ seconds: 4, from: 1000, to: 1000 }],
    })
    assert.equal(trial.phases.measureSeconds, 2)
  })
})

describe('what a load test asks of its machine', () => {
  it('follows from its plan', async () => {
    const { config } = await loadConfig(loadtestUdpTable, {
      set: ['workers=4', 'network.sockets_per_worker=100', 'output.files=r.json'],
    })
    const needs = loadTestNeeds({ protocol: 'udp', config }, 2)
    assert.deepEqual(needs.workers, { key: 'workers', count: 4 })
    assert.ok(needs.openFiles > 400 && needs.openFiles < 600)
    assert.deepEqual(needs.buffers, [{ key: 'network.recv_buffer', direction: 'receive', bytes: 8_000_000 }])
    assert.deepEqual(needs.outputs, [{ key: 'output.files', path: 'r.json' }])
    const { config: ws } = await loadConfig(loadtestWsTable, {
      set: ['server_address=wss://tracker.example', 'network.connections=10000'],
    })
    const wsNeeds = loadTestNeeds({ protocol: 'ws', config: ws }, 2)
    assert.ok(wsNeeds.openFiles > 10_000)
    assert.deepEqual([wsNeeds.buffers, wsNeeds.workers.count], [[], 2])
  })
})
