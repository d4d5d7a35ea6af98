import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../../src/config/load.js'
import { type WsConfig, wsTable } from '../../../src/config/ws.js'
import {
  expectedAnswersOf,
  memberCapacityOf,
  sharedStreamLimits,
  wsStreamLimitsOf,
} from '../../../src/trackers/ws/limits.js'
import { frontRulesOf, wsRulesOf } from '../../../src/trackers/ws/rules.js'

const configOf = async (...set: string[]): Promise<WsConfig> => (await loadConfig(wsTable, { set })).config

test('rules are what the configuration says', async () => {
  const rules = wsRulesOf(
    await configOf(
      'network.websocket_max_message_size=50000',
      'network.allowed_origins=https://a.example, null',
      'network.redirect=https://example.org/',
      'network.enable_http_health_checks=false',
      'cleaning.ping_interval=0',
      'cleaning.close_after_tls_update_grace_period=7',
      'protocol.max_offers=3',
    ),
  )
  assert.deepEqual(rules, {
    messages: { maxOffers: 3, maxOfferBytes: 16_384, maxScrapeTorrents: 255, maxDepth: 32 },
    sockets: {
      maxFrameBytes: 50_000,
      maxMessageBytes: 50_000,
      backlogBytesMax: 262_144,
      pingSeconds: 0,
      idleSeconds: 180,
      closeSeconds: 5,
      allowedOrigins: ['https://a.example', 'null'],
      deniedOrigins: [],
    },
    pages: { redirect: 'https://example.org/', hasHealthCheck: false },
    announceIntervalSeconds: 120,
    maxPeerAgeSeconds: 180,
    maxOfferAgeSeconds: 120,
    maxTorrentsPerConnection: 1000,
    tlsGraceSeconds: 7,
  })
})

test('the front believes proxies and waits as the configuration says', async () => {
  const { proxies, requestSeconds, idleSeconds, writeSeconds } = frontRulesOf(
    await configOf(
      'network.runs_behind_reverse_proxy=true',
      'network.trusted_proxies=10.0.0.0/8, ::1',
      'cleaning.max_request_seconds=4',
      'cleaning.max_write_seconds=6',
    ),
  )
  assert.deepEqual([proxies.headerName, proxies.trusted], ['X-Forwarded-For', ['10.0.0.0/8', '::1']])
  assert.deepEqual([requestSeconds, idleSeconds, writeSeconds], [4, 180, 6])
})

test('streams have room for a whole frame, a backlog and what ends it, and the longest message', async () => {
  const config = await configOf(
    'network.max_connections=101',
    'network.websocket_max_message_size=1000000',
    'network.websocket_max_frame_size=1000000',
    'network.websocket_max_backlog_bytes=1100000',
    'protocol.max_offer_bytes=1000000',
  )
  const limits = wsStreamLimitsOf(config, 2, 9)
  assert.deepEqual([limits.capacity, limits.protocolWordCount], [51, 9])
  assert.ok(limits.inputBytesMax >= 1_000_014)
  assert.ok(limits.outputBytesMax >= 1_100_000 + 4 + 125)
  assert.ok(limits.outputScratchBytes >= 1_000_000 + 14)
  const small = wsStreamLimitsOf(await configOf('network.websocket_max_message_size=1024'), 1, 9)
  assert.ok(small.inputBytesMax > 16_384, 'the request that opens a WebSocket fits')
})

test('limits of a shared listener are the wider ones', async () => {
  const wide = wsStreamLimitsOf(
    await configOf('network.max_connections=200', 'cleaning.max_write_seconds=9'),
    1,
    9,
  )
  const many = { ...wide, capacity: 300, writeSeconds: 3, connectionsPerAddressMax: 5, protocolWordCount: 4 }
  const { capacity, writeSeconds, connectionsPerAddressMax, protocolWordCount } = sharedStreamLimits(
    many,
    wide,
  )
  assert.deepEqual([capacity, writeSeconds, connectionsPerAddressMax, protocolWordCount], [300, 9, 0, 9])
  assert.equal(sharedStreamLimits(many, { ...wide, connectionsPerAddressMax: 7 }).connectionsPerAddressMax, 7)
})

test('members and expected answers grow with connections, within bounds', async () => {
  const few = await configOf('network.max_connections=10', 'protocol.max_torrents_per_connection=3')
  assert.equal(memberCapacityOf(few, 2, 2 ** 30), 30)
  assert.equal(memberCapacityOf(few, 2, 640), 10)
  const many = await configOf('network.max_connections=1000000')
  assert.equal(memberCapacityOf(many, 4, 2 ** 33), 4_194_304)
  assert.equal(expectedAnswersOf(few, 2), 4096)
  assert.equal(expectedAnswersOf(await configOf('network.max_connections=20000'), 2), 200_000)
  assert.equal(
    expectedAnswersOf(await configOf('network.max_connections=20000', 'cleaning.max_offer_age=121'), 2),
    400_000,
  )
  assert.equal(expectedAnswersOf(many, 1), 4_194_304)
})
