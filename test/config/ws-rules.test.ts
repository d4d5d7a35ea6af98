import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.js'
import { wsTable } from '../../src/config/ws.js'
import { problemsOf } from './problems.js'

/** `--set KEY: ` and its problem, for a configuration that has this one. */
async function problem(...set: readonly string[]): Promise<string> {
  const problems = await problemsOf(wsTable, { set })
  assert.equal(problems.length, 1, problems.join('\n'))
  return problems[0]!
}

const noticesOf = async (...set: readonly string[]): Promise<readonly string[]> =>
  (await loadConfig(wsTable, { set })).notices

test('the rules of sockets, TLS and proxies hold as for HTTP', async () => {
  assert.match(await problem('network.use_ipv4=false', 'network.use_ipv6=false'), /nobody could reach/)
  assert.match(await problem('network.set_only_ipv6=false'), /are the same to IPv4 clients \(port 3000\)/)
  assert.match(await problem('network.enable_tls=true'), /without network.tls_certificate_path and/)
  assert.match(await problem('network.unix_socket_path=/run/a'), /a client on a Unix socket has no address/)
  assert.match(
    await problem('network.proxy_protocol=required', 'network.runs_behind_reverse_proxy=true'),
    /only one of them can tell/,
  )
  assert.match(await problem('network.trusted_proxies=10.0.0.0/33'), /has more than 32 bits/)
})

test('health checks go together with TLS', async () => {
  const files = ['network.tls_certificate_path=c', 'network.tls_private_key_path=k']
  const both = ['network.enable_tls=true', 'network.enable_http_health_checks=true']
  assert.deepEqual(await noticesOf(...both, ...files), [])
})

test('a frame is no longer than its message; the default is no wish', async () => {
  const message = 'network.websocket_max_message_size=32768'
  assert.deepEqual(await noticesOf(message), [])
  assert.deepEqual(await noticesOf(message, 'network.websocket_max_frame_size=32768'), [])
  assert.deepEqual(await noticesOf(message, 'network.websocket_max_frame_size=32769'), [
    'network.websocket_max_frame_size (32769 bytes) is above network.websocket_max_message_size (32768 bytes), ' +
      'which limits frames too.',
  ])
})

test('the backlog has room for one offer, and should have it for one scrape', async () => {
  const backlog = 'network.websocket_max_backlog_bytes'
  const few = 'protocol.max_scrape_torrents=10'
  assert.equal(
    await problem(`${backlog}=17407`, few),
    `--set ${backlog}: ${backlog} is 17407, and one offer of protocol.max_offer_bytes takes up to 17408. ` +
      `Set ${backlog} = 17408 or more.`,
  )
  assert.deepEqual(await noticesOf(`${backlog}=17408`, few), [])
  assert.deepEqual(await noticesOf('protocol.max_scrape_torrents=1310'), [])
  assert.match(
    (await noticesOf('protocol.max_scrape_torrents=1311')).join(),
    /^network.websocket_max_backlog_bytes is 262144, and a scrape of protocol.max_scrape_torrents takes up to 262200: /,
  )
})

test('an offer is no longer than its message', async () => {
  assert.deepEqual(await noticesOf('protocol.max_offer_bytes=65536'), [])
  assert.match(
    (await noticesOf('protocol.max_offer_bytes=65537')).join(),
    /^protocol.max_offer_bytes \(65537\) is above network.websocket_max_message_size \(65536\), which /,
  )
})

test('an inbox has room for four offers', async () => {
  const inbox = 'network.relay_inbox_bytes'
  assert.deepEqual(await noticesOf(`${inbox}=69632`), [])
  assert.equal(
    await problem(`${inbox}=69631`),
    `--set ${inbox}: ${inbox} is 69631, which has no room for 4 offers of protocol.max_offer_bytes. ` +
      `Set ${inbox} = 69632 or more.`,
  )
})

test('origins are written as browsers send them', async () => {
  for (const key of ['network.allowed_origins', 'network.denied_origins']) {
    assert.deepEqual(await noticesOf(`${key}=https://a.example, http://[::1]:8080,null`), [])
    const wrong = {
      'a.example': 'is no origin such as "https://example.org" or "http://localhost:8080"',
      '': 'is no origin such as "https://example.org" or "http://localhost:8080"',
      'file:///x': 'is no origin such as "https://example.org" or "http://localhost:8080"',
      'https://a.example/': 'is written as "https://a.example" by browsers: write it like that',
      'https://a.example:443': 'is written as "https://a.example" by browsers: write it like that',
      'HTTPS://A.example/x': 'is written as "https://a.example" by browsers: write it like that',
    }
    for (const [entry, text] of Object.entries(wrong)) {
      assert.equal(
        await problem(`${key}=https://b.example, ${entry}`),
        `--set ${key}: ${key} has ${JSON.stringify(entry)}, which ${text}. Write entries with commas between them.`,
      )
    }
  }
})

test('an origin is allowed or denied', async () => {
  assert.equal(
    await problem('network.allowed_origins=https://a.example,null', 'network.denied_origins=null'),
    '--set network.denied_origins: "null" is in network.allowed_origins and in network.denied_origins. ' +
      'Remove it from one of them.',
  )
})

test('the redirect is a URL that fits into a header', async () => {
  for (const url of ['https://example.org/', 'http://example.org/a?b=c#d', 'https://[::1]:8/']) {
    assert.deepEqual(await noticesOf(`network.redirect=${url}`), [])
  }
  for (const url of [
    'example.org',
    '/page',
    'ftp://example.org/',
    'https://',
    'https://a b/',
    'https://ö.de/',
    'https://a/\r\nX: y',
  ]) {
    assert.match(
      await problem(`network.redirect=${url}`),
      /which browsers can't be sent to\. Write a whole URL/,
      url,
    )
  }
})

test('peers, connections and offers live longer than what renews them', async () => {
  assert.match(
    (await noticesOf('cleaning.max_peer_age=120')).join(),
    /^cleaning.max_peer_age \(120 s\) is not above /,
  )
  assert.deepEqual(await noticesOf('cleaning.max_peer_age=121'), [])
  assert.match(
    (await noticesOf('cleaning.max_connection_idle=120')).join(),
    /^cleaning.max_connection_idle \(120 s\) is not above protocol.peer_announce_interval \(120 s\): connections are /,
  )
  assert.deepEqual(await noticesOf('cleaning.max_connection_idle=121'), [])
  assert.deepEqual(await noticesOf('cleaning.max_offer_age=180'), [])
  assert.match(
    (await noticesOf('cleaning.max_offer_age=181')).join(),
    /^cleaning.max_offer_age \(181 s\) is above cleaning.max_peer_age \(180 s\): /,
  )
})

test('pings come before the connection ends', async () => {
  assert.deepEqual(await noticesOf('cleaning.ping_interval=179'), [])
  assert.match(
    (await noticesOf('cleaning.ping_interval=180')).join(),
    /^cleaning.ping_interval \(180 s\) is not below /,
  )
  assert.deepEqual(await noticesOf('cleaning.ping_interval=0'), [])
  const behind = 'network.runs_behind_reverse_proxy=true'
  assert.deepEqual(await noticesOf(behind, 'cleaning.ping_interval=59'), [])
  for (const seconds of [0, 60]) {
    assert.match(
      (await noticesOf(behind, `cleaning.ping_interval=${seconds}`)).join(),
      /^cleaning.ping_interval is \d+, and most reverse proxies close connections that are silent for 60 seconds\.$/,
    )
  }
})
