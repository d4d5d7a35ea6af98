// The tables of the load tests: aquatic's own files with their meaning, ways to say how fast, flags, and targets.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ConfigSources, defaultConfig, loadConfig } from '../../src/config/load.js'
import { loadtestHttpTable } from '../../src/config/loadtest-http.js'
import { loadtestUdpTable } from '../../src/config/loadtest-udp.js'
import { loadtestWsTable } from '../../src/config/loadtest-ws.js'
import { entriesOf, type Table } from '../../src/config/schema.js'
import type { FlagSetting } from '../../src/config/settings.js'
import { problemsOf } from './problems.js'
import { dataFile, scratchFile } from './scratch.js'

const udp = defaultConfig(loadtestUdpTable)
const http = defaultConfig(loadtestHttpTable)
const ws = defaultConfig(loadtestWsTable)
const tables: readonly Table[] = [loadtestUdpTable, loadtestHttpTable, loadtestWsTable]

const flag = (name: string, dotted: string, value: boolean | string | readonly string[]): FlagSetting => ({
  flag: `--${name}`,
  dotted,
  value,
})
const rate = (text: string): FlagSetting => flag('rate', 'load.rate', text)
const stages = (...texts: string[]): FlagSetting => flag('stage', 'load.stages', texts)

async function loadOf(sources: ConfigSources): Promise<typeof udp.load> {
  return (await loadConfig(loadtestUdpTable, sources)).config.load
}

// What `aquatic_udp_load_test -p` and its sisters print, unchanged.
describe('files of aquatic 0.9’s load tests', () => {
  it('load with their meaning: UDP', async () => {
    const { config, notices } = await loadConfig(loadtestUdpTable, { file: dataFile('loadtest-udp.toml') })
    assert.deepEqual(config, {
      ...udp,
      logLevel: 'error',
      workers: 1,
      duration: 0,
      network: { ...udp.network, socketsPerWorker: 4 },
    })
    assert.deepEqual(notices, [])
  })

  it('load with their meaning: HTTP', async () => {
    const { config, notices } = await loadConfig(loadtestHttpTable, { file: dataFile('loadtest-http.toml') })
    assert.deepEqual(config, {
      ...http,
      logLevel: 'error',
      workers: 1,
      duration: 0,
      network: { ...http.network, connections: 128, tls: 'on' },
    })
    assert.deepEqual(notices, [])
  })

  it('load with their meaning: WebTorrent, with TLS where the tracker has it', async () => {
    const { config, notices } = await loadConfig(loadtestWsTable, { file: dataFile('loadtest-ws.toml') })
    assert.deepEqual(config, {
      ...ws,
      workers: 1,
      duration: 0,
      network: { ...ws.network, connections: 16, connectionRate: 100 },
    })
    assert.equal(config.network.tls, 'auto')
    assert.deepEqual(notices, [])
  })

  it('connections of each worker are multiplied', async t => {
    const file = scratchFile(t, 'num_workers = 3\nnum_connections = 50\nenable_tls = false\n')
    const { config } = await loadConfig(loadtestHttpTable, { file })
    assert.deepEqual([config.workers, config.network.connections, config.network.tls], [3, 150, 'off'])
    const crowd = scratchFile(t, 'num_workers = 1024\nnum_connections = 1000000\n')
    assert.ok((await loadConfig(loadtestHttpTable, { file: crowd })).config.network.connections <= 1_000_000)
    const ramp = scratchFile(t, 'num_workers = 2\nconnection_creation_interval_ms = 5\n')
    assert.equal((await loadConfig(loadtestWsTable, { file: ramp })).config.network.connectionRate, 400)
  })

  it('an interval of 0 is one connection for each worker over HTTP, and no ramp over WebTorrent', async t => {
    const file = scratchFile(t, 'num_workers = 3\nconnection_creation_interval_ms = 0\n')
    assert.equal((await loadConfig(loadtestHttpTable, { file })).config.network.connections, 3)
    assert.equal((await loadConfig(loadtestWsTable, { file })).config.network.connectionRate, 0)
    const other = scratchFile(t, 'connection_creation_interval_ms = 20\n')
    const { notices } = await loadConfig(loadtestHttpTable, { file: other })
    assert.match(notices.join(), /^connection_creation_interval_ms has no effect: /)
  })

  it('summarize_last is a shorter measurement after a longer warm-up', async t => {
    const file = scratchFile(t, 'duration = 60\nsummarize_last = 50\n')
    const { config } = await loadConfig(loadtestUdpTable, { file })
    assert.deepEqual([config.duration, config.phases.warmUp], [50, 10])
    const longer = scratchFile(t, 'duration = 60\nsummarize_last = 61\n')
    assert.match(
      (await problemsOf(loadtestUdpTable, { file: longer })).join(),
      /:2:1: .* is longer than duration/,
    )
  })

  it('one address for all workers', async t => {
    const file = scratchFile(t, '[network]\nmultiple_client_ipv4s = false\n')
    assert.equal((await loadConfig(loadtestUdpTable, { file })).config.network.sourceAddresses, 1)
  })

  it('both names of a key in one file are a problem', async t => {
    const file = scratchFile(t, 'num_workers = 3\nworkers = 3\n')
    assert.match(
      (await problemsOf(loadtestHttpTable, { file })).join(),
      /:1:1: num_workers .* Remove num_workers/,
    )
    const mixed = scratchFile(t, '[network]\nmultiple_client_ipv4s = true\nsource_addresses = 2\n')
    assert.match((await problemsOf(loadtestUdpTable, { file: mixed })).join(), /:2:1: .* Remove network/)
  })

  it('keys without an effect are named once they are changed', async () => {
    const { notices } = await loadConfig(loadtestUdpTable, { set: ['extra_statistics=false'] })
    assert.match(notices.join(), /^extra_statistics has no effect: /)
    const set = ['measure_after_max_connections_reached=false']
    assert.match((await loadConfig(loadtestWsTable, { set })).notices.join(), /has no effect: it always does/)
  })
})

describe('how fast', () => {
  it('whoever says it last has said all about it', async t => {
    const file = scratchFile(t, '[load]\nstages = ["10s:0-5k", "20s:5k"]\n')
    assert.equal((await loadOf({ file })).stages.length, 2)
    const byRate = await loadOf({ file, flags: [rate('50k')] })
    assert.deepEqual([byRate.rate, byRate.stages], [50_000, []])
    const closed = await loadOf({ file, flags: [flag('saturate', 'load.saturate', true)] })
    assert.deepEqual([closed.saturate, closed.stages], [true, []])
    const env = { AQUATIC_LOADTEST_UDP__LOAD__SATURATE: 'true' }
    assert.equal((await loadOf({ file, env, flags: [rate('1.5M')] })).saturate, false)
    assert.equal((await loadOf({ env, flags: [rate('1.5M')] })).rate, 1_500_000)
  })

  it('two ways in one source are a problem, at the flag', async () => {
    const flags = [rate('5'), flag('saturate', 'load.saturate', true)]
    assert.deepEqual(await problemsOf(loadtestUdpTable, { flags }), [
      '--saturate: load.rate and load.saturate are different loads. Keep one of them.',
    ])
    const lengths = [stages('5s:1'), flag('duration', 'duration', '5')]
    assert.match((await problemsOf(loadtestUdpTable, { flags: lengths })).join(), /^--duration: Stages have/)
  })

  it('a rate of 0 is no rate, one of 10^9 is one, more is none', async () => {
    assert.match(
      (await problemsOf(loadtestUdpTable, { flags: [rate('0')] })).join(),
      /^--rate: A rate of 0 sends/,
    )
    assert.equal((await loadOf({ set: ['load.rate=0'] })).rate, 0)
    assert.equal((await loadOf({ flags: [rate('1000000000')] })).rate, 1e9)
    assert.match((await problemsOf(loadtestUdpTable, { flags: [rate('1001M')] })).join(), /Try 1000000000\.$/)
    for (const text of ['nan', 'x', '5q', '-1', '1e999']) {
      assert.match(
        (await problemsOf(loadtestUdpTable, { flags: [rate(text)] })).join(),
        /^--rate: load.rate is /,
      )
    }
    const still = { flags: [stages('5s:0', '3s:0-0')] }
    assert.match((await problemsOf(loadtestUdpTable, still)).join(), /^--stage: Stages at a rate of 0/)
  })

  it('times have units, and 0 is until interrupted but for a search', async () => {
    const durationOf = async (text: string): Promise<number> =>
      (await loadConfig(loadtestUdpTable, { flags: [flag('duration', 'duration', text)] })).config.duration
    assert.deepEqual(
      await Promise.all(['60', '60s', '2m', '1h', '1500ms', '0'].map(durationOf)),
      [60, 60, 120, 3600, 1.5, 0],
    )
    const set = ['duration=0', 'load.search=true']
    assert.match((await problemsOf(loadtestUdpTable, { set })).join(), /Try 10\.$/)
  })

  it('something has to be asked', async () => {
    const set = ['weight_connect', 'weight_announce', 'weight_scrape'].map(key => `requests.${key}=0`)
    assert.match((await problemsOf(loadtestUdpTable, { set })).join(), /All weights are 0/)
  })
})

describe('flags', () => {
  it('each is one key’s, and every key of ours that a command needs has one', () => {
    for (const table of tables) {
      const flags = [...entriesOf(table).values()].flatMap(({ leaf }) => leaf.flag ?? [])
      assert.equal(new Set(flags).size, flags.length, table.application)
      const wanted =
        'duration rate saturate stage spacing search warmup drain fill timeout workers torrents numwant seed slo verify engine out tui'
      assert.deepEqual(
        wanted.split(' ').filter(name => !flags.includes(name)),
        [],
      )
    }
  })

  it('override --set, environment and file, and are named in problems', async t => {
    const file = scratchFile(t, 'workers = 1\nduration = 1\nseed = 1\n[load]\ntimeout = "500ms"\n')
    const env = { AQUATIC_LOADTEST_UDP__DURATION: '2', AQUATIC_LOADTEST_UDP__SEED: '2' }
    const set = ['seed=3', 'load.verify=5%']
    const flags = [flag('seed', 'seed', '4')]
    const { config, origins } = await loadConfig(loadtestUdpTable, { file, env, set, flags })
    assert.deepEqual(
      [config.workers, config.duration, config.seed, config.load.timeout, config.load.verify],
      [1, 2, 4, 0.5, 0.05],
    )
    assert.deepEqual(origins.get('seed'), { kind: 'flag', flag: '--seed' })
    assert.match(
      (await problemsOf(loadtestUdpTable, { flags: [flag('seed', 'seed', 'x')] })).join(),
      /^--seed: seed is "x"/,
    )
  })

  it('items of a list keep their commas, and each is checked', async () => {
    const flags = [flag('out', 'output.files', ['a,b.json', 'c.html'])]
    const { config } = await loadConfig(loadtestUdpTable, { flags })
    assert.deepEqual(config.output.files, ['a,b.json', 'c.html'])
    const set = ['load.objectives=p99<5ms, loss<0.1%']
    assert.deepEqual((await loadOf({ set })).objectives, ['p99<5ms', 'loss<0.1%'])
    assert.deepEqual((await loadOf({ set: ['load.objectives=["p99<5ms"]'] })).objectives, ['p99<5ms'])
    const wrong = await problemsOf(loadtestUdpTable, { flags: [stages('5s:1', 'soon')] })
    assert.match(wrong.join(), /^--stage: load.stages is "soon", but must be a time and a rate/)
  })
})

describe('targets', () => {
  it('scrapes need a place to go', async () => {
    const flags = [
      { flag: 'URL', dotted: 'server_address', value: 'http://a/key' },
      flag('mix', 'torrents.weight_scrape', '1'),
    ]
    assert.match(
      (await problemsOf(loadtestHttpTable, { flags })).join(),
      /^URL: .*does not begin with "announce"/,
    )
    await loadConfig(loadtestHttpTable, { flags: flags.slice(0, 1) })
  })

  it('a scheme decides over network.tls, and that is said', async () => {
    const set = ['server_address=http://a/announce', 'network.tls=on']
    assert.match(
      (await loadConfig(loadtestHttpTable, { set })).notices.join(),
      /network.tls = "on" does not count/,
    )
  })
})
