import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigSources, defaultConfig, loadConfig } from '../../src/config/load.js'
import { entriesOf } from '../../src/config/schema.js'
import { type UdpConfig, udpTable } from '../../src/config/udp.js'
import { problemsOf as problemsOfTable } from './problems.js'
import { dataFile, scratchFile } from './scratch.js'

const ringNotice =
  'network.use_io_uring has no effect: packets are moved by recvmmsg and sendmmsg here; see network.engine.'

const problemsOf = (sources: ConfigSources): Promise<readonly string[]> => problemsOfTable(udpTable, sources)

test('a complete file of release 0.9.0 loads unchanged', async () => {
  const file = dataFile('released-0.9.0.toml')
  const { config, notices } = await loadConfig(udpTable, { file })
  const defaults = defaultConfig(udpTable)
  const expected: UdpConfig = {
    ...defaults,
    socketWorkers: 1,
    logLevel: 'error',
    network: { ...defaults.network, useIpv6: false },
  }
  assert.deepEqual(config, expected)
  assert.deepEqual(notices, [`${ringNotice} (${file}:11:1)`])
})

test('a complete file of the development version loads unchanged', async () => {
  const file = dataFile('development.toml')
  const { config, notices } = await loadConfig(udpTable, { file })
  assert.deepEqual(config, { ...defaultConfig(udpTable), socketWorkers: 1, logLevel: 'error' })
  assert.deepEqual(notices, [`${ringNotice} (${file}:13:1)`])
})

test('address and only_ipv6 of release 0.9.0 mean one socket', async t => {
  const networkOf = async (text: string): Promise<UdpConfig['network']> =>
    (await loadConfig(udpTable, { file: scratchFile(t, `[network]\n${text}`) })).config.network
  const ipv4 = await networkOf('address = "127.0.0.1:5"')
  assert.deepEqual(
    [ipv4.useIpv4, ipv4.useIpv6, ipv4.addressIpv4],
    [true, false, { address: '127.0.0.1', port: 5 }],
  )
  const dual = await networkOf('address = "[::]:3000"')
  assert.deepEqual([dual.useIpv4, dual.useIpv6, dual.setOnlyIpv6], [false, true, false])
  assert.deepEqual(dual.addressIpv6, { address: '::', port: 3000 })
  const only = await networkOf('address = "[::1]:6"\nonly_ipv6 = true')
  assert.deepEqual([only.useIpv4, only.useIpv6, only.setOnlyIpv6], [false, true, true])
  assert.deepEqual(only.addressIpv6, { address: '::1', port: 6 })
  const alone = await networkOf('only_ipv6 = false')
  assert.deepEqual([alone.useIpv4, alone.useIpv6, alone.addressIpv4.port], [true, false, 3000])
})

test('a later source overrides a key of release 0.9.0 with today’s key, and the reverse', async t => {
  const released = scratchFile(t, '[network]\naddress = "0.0.0.0:3000"')
  const later = await loadConfig(udpTable, { file: released, set: ['network.address_ipv4=127.0.0.1:0'] })
  assert.deepEqual(later.config.network.addressIpv4, { address: '127.0.0.1', port: 0 })
  assert.equal(later.config.network.useIpv6, false)
  const todays = scratchFile(t, '[network]\nuse_ipv4 = false')
  const back = await loadConfig(udpTable, {
    file: todays,
    env: { AQUATIC_UDP__NETWORK__ADDRESS: '127.0.0.1:7' },
  })
  assert.equal(back.config.network.useIpv4, true)
  assert.equal(back.config.network.addressIpv4.port, 7)
})

test('keys of release 0.9.0 and today’s in one file are a problem', async t => {
  const file = scratchFile(
    t,
    '[network]\nuse_ipv6 = false\naddress = "0.0.0.0:1"\naddress_ipv4 = "0.0.0.0:1"\n',
  )
  assert.deepEqual(await problemsOf({ file }), [
    `${file}:3:1: network.address is a key of aquatic 0.9 and must not be mixed with ` +
      'network.use_ipv6, network.address_ipv4. Remove network.address.',
  ])
  const second = scratchFile(t, '[network]\nonly_ipv6 = true\nset_only_ipv6 = true\n')
  assert.match(
    (await problemsOf({ file: second }))[0]!,
    /:2:1: network.only_ipv6 is a key .* Remove network.only_ipv6.$/,
  )
})

test('both families off is a problem, at the key that did it', async t => {
  const file = scratchFile(t, '[network]\nuse_ipv4 = false\nuse_ipv6 = false\n')
  const text =
    'network.use_ipv4 and network.use_ipv6 are both false, so nobody could reach the tracker. Set ' +
    'one to true.'
  assert.deepEqual(await problemsOf({ file }), [`${file}:3:1: ${text}`])
  const set = ['network.use_ipv6=false', 'network.use_ipv4=false']
  assert.deepEqual(await problemsOf({ set }), [`--set network.use_ipv6: ${text}`])
})

test('one address for both families is a problem, where it is one', async () => {
  const dual = 'network.set_only_ipv6=false'
  assert.match((await problemsOf({ set: [dual] }))[0]!, /^--set network.set_only_ipv6: .* are the same /)
  const fine = [
    [],
    [dual, 'network.use_ipv4=false'],
    [dual, 'network.use_ipv6=false'],
    [dual, 'network.address_ipv4=0.0.0.0:3001'],
    [dual, 'network.address_ipv6=[::1]:3000'],
    [dual, 'network.address_ipv4=0.0.0.0:0', 'network.address_ipv6=[::]:0'],
  ]
  for (const set of fine) await loadConfig(udpTable, { set })
})

test('rules about several keys wait until each of them is right', async () => {
  const problems = await problemsOf({ set: ['network.set_only_ipv6=false', 'network.address_ipv4=x'] })
  assert.equal(problems.length, 1)
  assert.match(problems[0]!, /^--set network.address_ipv4: /)
})

test('each key without effect is named with the reason once it is changed, whatever its source', async () => {
  const set = ['network.ring_size=64', 'network.resend_buffer_max_len=8', 'network.set_reuseport_lb=false']
  set.push('network.use_io_uring=true', 'privileges.user=aquatic')
  set.push('scrape_exports.frequency=3', 'access_list.mode=deny', 'statistics.interval=5')
  const { notices } = await loadConfig(udpTable, { set })
  assert.deepEqual(
    notices.map(notice => /^(\S+) has no effect: .+\. \(--set \1\)$/.exec(notice)?.[1] ?? notice).sort(),
    [
      'network.resend_buffer_max_len',
      'network.ring_size',
      'network.set_reuseport_lb',
      'network.use_io_uring',
    ],
  )
  const back = await loadConfig(udpTable, {
    env: { AQUATIC_UDP__NETWORK__RING_SIZE: '64' },
    set: ['network.ring_size=128'],
  })
  assert.deepEqual(back.notices, [])
})

test('a peer age below the announce interval is a notice', async () => {
  const { notices } = await loadConfig(udpTable, { set: ['cleaning.max_peer_age=900'] })
  assert.match(
    notices[0]!,
    /^cleaning.max_peer_age \(900 s\) is not above protocol.peer_announce_interval \(900 s\)/,
  )
})

test('limits of ranges are accepted and one beyond is not', async () => {
  const limits = [
    ['protocol.max_response_peers', 1, 3638],
    ['protocol.max_scrape_torrents', 1, 255],
    ['cleaning.max_connection_age', 1, 86_400],
    ['network.batch_size', 1, 1024],
    ['swarm.memory_limit', 1024 ** 2, 8 * 1024 ** 3],
  ] as const
  for (const [key, min, max] of limits) {
    for (const value of [min, max]) await loadConfig(udpTable, { set: [`${key}=${value}`] })
    const zeroAllowed = key === 'swarm.memory_limit'
    for (const value of [zeroAllowed ? min - 1 : 0, max + 1]) {
      assert.equal((await problemsOf({ set: [`${key}=${value}`] })).length, 1, `${key} = ${value}`)
    }
  }
})

test('every leaf says what it is for in whole sentences', () => {
  for (const { dotted, leaf } of entriesOf(udpTable).values()) {
    assert.match(leaf.doc.trim(), /^["A-Z][\s\S]{10,}/, dotted)
    if (leaf.noEffect !== undefined) assert.match(leaf.noEffect, /^[a-z].*\.$/, dotted)
  }
})

test('the types of the config object follow from the table', () => {
  const { network, accessList } = defaultConfig(udpTable)
  const engine: 'auto' | 'native' | 'node' = network.engine
  const mode: 'allow' | 'deny' | 'off' = accessList.mode
  const port: number = network.addressIpv4.port
  // @ts-expect-error A word that is not allowed is not part of the type.
  const other: boolean = network.engine === 'gpu'
  // @ts-expect-error Legacy keys are no part of the object.
  const legacy: unknown = network.ringSize
  assert.deepEqual([engine, mode, port, other, legacy], ['auto', 'off', 3000, false, undefined])
})
