import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaultConfig, loadConfig } from '../../src/config/load.js'
import { printConfig } from '../../src/config/print.js'
import { entriesOf } from '../../src/config/schema.js'
import { type WsConfig, wsTable } from '../../src/config/ws.js'
import { problemsOf } from './problems.js'
import { dataFile, scratchFile } from './scratch.js'

const defaults = defaultConfig(wsTable)

const originalFile = dataFile('ws-released-0.9.0.toml')

test("a complete file of the original loads unchanged, and has the original's meaning", async () => {
  const { config, notices } = await loadConfig(wsTable, { file: originalFile })
  const expected: WsConfig = {
    ...defaults,
    socketWorkers: 1,
    network: {
      ...defaults.network,
      useIpv6: false,
      websocketMaxFrameSize: 16_384,
      enableHttpHealthChecks: false,
    },
  }
  assert.deepEqual(config, expected)
  assert.deepEqual(notices, [])
})

test("every key of the original's file is known here, with another value too", async t => {
  const others: Readonly<Record<string, string>> = {
    '"warn"': '"debug"',
    '"0.0.0.0:3000"': '"[::]:4000"',
    '"0.0.0.0:9000"': '"127.0.0.1:9001"',
    '"nogroup"': '"users"',
    '"nobody"': '"tracker"',
    '"."': '"/srv"',
    '"off"': '"allow"',
    '"./access-list.txt"': '"list"',
    false: 'true',
    '""': '"file.pem"',
  }
  const text = readFileSync(originalFile, 'utf8').replace(/ = (.+)$/gm, (_, value: string) => {
    return ` = ${others[value] ?? Number(value) + 1}`
  })
  const { config, notices } = await loadConfig(wsTable, { file: scratchFile(t, text) })
  const { network, protocol, cleaning, statistics, privileges, accessList } = config
  assert.equal(config.socketWorkers, 2)
  assert.deepEqual(
    [network.useIpv4, network.useIpv6, network.addressIpv6.port, network.setOnlyIpv6],
    [false, true, 4000, true],
  )
  assert.deepEqual(
    [network.tcpBacklog, network.enableTls, network.tlsCertificatePath, network.tlsPrivateKeyPath],
    [1025, true, 'file.pem', 'file.pem'],
  )
  assert.deepEqual(
    [network.websocketMaxMessageSize, network.websocketMaxFrameSize, network.enableHttpHealthChecks],
    [65_537, 16_385, true],
    'health checks go together with TLS',
  )
  assert.deepEqual(
    [protocol.maxScrapeTorrents, protocol.maxOffers, protocol.peerAnnounceInterval],
    [256, 11, 121],
  )
  assert.deepEqual(
    [cleaning.torrentCleaningInterval, cleaning.maxPeerAge, cleaning.maxOfferAge],
    [31, 181, 121],
  )
  assert.deepEqual([cleaning.maxConnectionIdle, cleaning.closeAfterTlsUpdateGracePeriod], [181, 216_001])
  assert.deepEqual([privileges.user, accessList.mode], ['tracker', 'allow'])
  assert.deepEqual(
    [statistics.runPrometheusEndpoint, statistics.peerClients, statistics.prometheusPeerIdPrefixes],
    [true, true, true],
  )
  assert.deepEqual(notices.map(notice => notice.replace(/ has no effect.*/, '')).sort(), [
    'cleaning.connection_cleaning_interval',
    'metrics.torrent_count_update_interval',
    'network.websocket_write_buffer_size',
    'swarm_workers',
  ])
})

test('one address of the original is one socket, which serves both families if it is [::]', async () => {
  const listening = async (...set: string[]) => {
    const { useIpv4, useIpv6, setOnlyIpv6 } = (await loadConfig(wsTable, { set })).config.network
    return { useIpv4, useIpv6, setOnlyIpv6 }
  }
  assert.deepEqual(await listening('network.address=127.0.0.1:1'), {
    useIpv4: true,
    useIpv6: false,
    setOnlyIpv6: true,
  })
  assert.deepEqual(await listening('network.address=[::]:3000'), {
    useIpv4: false,
    useIpv6: true,
    setOnlyIpv6: false,
  })
  assert.deepEqual(await listening('network.address=[::]:3000', 'network.only_ipv6=true'), {
    useIpv4: false,
    useIpv6: true,
    setOnlyIpv6: true,
  })
})

test('[metrics] means the same keys of [statistics], two of them by another name', async t => {
  const text =
    '[metrics]\nrun_prometheus_endpoint = true\nprometheus_endpoint_address = "[::1]:9001"\n' +
    'peer_clients = true\npeer_id_prefixes = true\n'
  const file = scratchFile(t, text)
  const { statistics } = (await loadConfig(wsTable, { file })).config
  assert.deepEqual(
    [statistics.runPrometheusEndpoint, statistics.prometheusEndpointAddress.port],
    [true, 9001],
  )
  assert.deepEqual([statistics.peerClients, statistics.prometheusPeerIdPrefixes], [true, true])
  const mixed = scratchFile(t, `${text}[statistics]\nprometheus_peer_id_prefixes = false\n`)
  assert.deepEqual(await problemsOf(wsTable, { file: mixed }), [
    `${mixed}:5:1: metrics.peer_id_prefixes is a key of aquatic 0.9 and must not be mixed with ` +
      'statistics.prometheus_peer_id_prefixes. Remove metrics.peer_id_prefixes.',
  ])
})

test('what only older files have is not written', () => {
  const text = printConfig(wsTable, defaults)
  assert.doesNotMatch(text, /metrics\]|swarm_workers|connection_cleaning|write_buffer|^address =|^only_ipv6/m)
  assert.ok(!('metrics' in defaults))
})

test('limits of ranges are accepted and one beyond is not', async () => {
  const limits = [
    ['protocol.max_scrape_torrents', 1, 10_000],
    ['protocol.max_offers', 0, 1000],
    ['protocol.max_offer_bytes', 256, 2_097_152, 'network.websocket_max_backlog_bytes=67108864'],
    ['protocol.max_torrents_per_connection', 1, 1_000_000],
    ['network.websocket_max_message_size', 1024, 2_097_152],
    ['network.websocket_max_frame_size', 1024, 2_097_152],
    ['network.websocket_max_backlog_bytes', 4096, 67_108_864, 'protocol.max_offer_bytes=256'],
    ['network.relay_inbox_bytes', 65_536, 1_073_741_824, 'protocol.max_offer_bytes=256'],
    ['cleaning.max_offer_age', 1, 86_400],
    ['cleaning.ping_interval', 0, 86_400],
    ['cleaning.close_after_tls_update_grace_period', 0, 2_000_000],
  ] as const
  for (const [key, min, max, ...more] of limits) {
    for (const value of [min, max]) await loadConfig(wsTable, { set: [`${key}=${value}`, ...more] })
    for (const value of [-1, max + 1]) {
      assert.equal((await problemsOf(wsTable, { set: [`${key}=${value}`] })).length, 1, `${key} = ${value}`)
    }
  }
})

test('every leaf says what it is for in whole sentences', () => {
  for (const { dotted, leaf } of entriesOf(wsTable).values()) {
    assert.match(leaf.doc.trim(), /^["A-Z][\s\S]{10,}\.$|\$ .*$/, dotted)
    if (leaf.noEffect !== undefined) assert.match(leaf.noEffect, /^[a-z].*\.$/, dotted)
  }
})
