// The file of all trackers in one process: three parts, and the port that two of them share.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { diffConfigs } from '../../src/config/diff.js'
import { defaultConfig, loadConfig } from '../../src/config/load.js'
import { httpPart, serveTable, sharesListener, udpPart, wsPart } from '../../src/config/serve.js'
import { wsTable } from '../../src/config/ws.js'
import { packageRoot } from '../support/tracker-process.js'
import { problemsOf } from './problems.js'
import { scratchFile } from './scratch.js'

const defaults = defaultConfig(serveTable)

async function problem(...set: readonly string[]): Promise<string> {
  const problems = await problemsOf(serveTable, { set })
  assert.equal(problems.length, 1, problems.join('\n'))
  return problems[0]!
}

const load = async (...set: readonly string[]) => await loadConfig(serveTable, { set })

test('a file has a part for each tracker, and each tracker gets its own', async t => {
  const file = scratchFile(
    t,
    [
      'log_level = "info"',
      '[network]\nengine = "node"',
      '[swarm]\nmemory_limit = 2000000',
      '[cleaning]\nmax_peer_age = 2000',
      '[scrape_exports]\nenable_scrape_exports = true',
      '[udp]\nsocket_workers = 2',
      '[udp.network]\naddress_ipv4 = "127.0.0.1:6969"',
      '[http.network]\naddress_ipv4 = "127.0.0.1:7000"\nuse_ipv6 = false',
      '[http.protocol]\nmax_peers = 40',
      '[ws]\nsocket_workers = 3',
      '[ws.network]\naddress_ipv4 = "127.0.0.1:8000"\nuse_ipv6 = false\nredirect = "https://example.org/"',
      '[ws.swarm]\nmemory_limit = 3000000',
      '[ws.protocol]\nmax_offers = 5',
      '[ws.cleaning]\nmax_peer_age = 200',
    ].join('\n'),
  )
  const { config, notices } = await loadConfig(serveTable, { file })
  assert.deepEqual(notices, [])
  const [udp, http, ws] = [udpPart(config), httpPart(config), wsPart(config)]
  assert.deepEqual(
    [udp.socketWorkers, udp.network.addressIpv4.port, udp.cleaning.maxPeerAge],
    [2, 6969, 2000],
  )
  assert.deepEqual(
    [http.protocol.maxPeers, http.network.addressIpv4.port, http.cleaning.maxPeerAge],
    [40, 7000, 2000],
  )
  assert.deepEqual([ws.socketWorkers, ws.network.addressIpv4.port, ws.cleaning.maxPeerAge], [3, 8000, 200])
  assert.deepEqual([ws.protocol.maxOffers, ws.network.redirect], [5, 'https://example.org/'])
  assert.deepEqual(
    [udp.swarm, http.swarm, ws.swarm].map(swarm => swarm.memoryLimit),
    [2_000_000, 2_000_000, 3_000_000],
  )
  assert.deepEqual(
    [udp, http, ws].map(({ network, logLevel }) => [network.engine, logLevel]),
    Array(3).fill(['node', 'info']),
  )
  assert.ok(udp.scrapeExports.enableScrapeExports && http.scrapeExports.enableScrapeExports)
  assert.ok(!('scrapeExports' in ws))
  assert.equal(sharesListener(config), false)
})

test('every key of the WebTorrent tracker has a place in the common file', () => {
  const own = wsPart(defaults)
  const alone = defaultConfig(wsTable)
  assert.deepEqual(own.network, alone.network)
  assert.deepEqual(own.protocol, alone.protocol)
  assert.deepEqual(own.cleaning, alone.cleaning)
  assert.deepEqual(Object.keys(own).sort(), Object.keys(alone).sort())
})

test('by default HTTP and WebTorrent share one port', async () => {
  assert.equal(sharesListener(defaults), true)
  assert.equal(sharesListener((await load('http.enabled=false')).config), false)
  assert.equal(sharesListener((await load('ws.enabled=false')).config), false)
  const zero = ['http', 'ws'].flatMap(part => [
    `${part}.network.address_ipv4=127.0.0.1:0`,
    `${part}.network.use_ipv6=false`,
  ])
  assert.equal(sharesListener((await load(...zero)).config), true)
  const unix = ['http', 'ws'].flatMap(part => [
    `${part}.network.use_ipv4=false`,
    `${part}.network.use_ipv6=false`,
    `${part}.network.unix_socket_path=/run/a`,
    `${part}.network.proxy_protocol=required`,
  ])
  assert.equal(sharesListener((await load(...unix)).config), true)
})

test('whoever shares a port says the same about it', async () => {
  assert.equal(
    await problem('ws.network.proxy_protocol=required'),
    '--set ws.network.proxy_protocol: HTTP and WebTorrent share 0.0.0.0:3000, so they are reached in the same way; but ' +
      'http.network.proxy_protocol is "off", ws.network.proxy_protocol is "required". ' +
      'Make them equal, or give ws.network other addresses.',
  )
  const tls = ['enable_tls=true', 'tls_certificate_path=c', 'tls_private_key_path=k']
  const onlyHttp = await problem(...tls.map(setting => `http.network.${setting}`))
  for (const key of ['enable_tls', 'tls_certificate_path', 'tls_private_key_path']) {
    assert.ok(onlyHttp.includes(`http.network.${key} is `), key)
  }
  assert.deepEqual(
    (await load(...['http', 'ws'].flatMap(part => tls.map(setting => `${part}.network.${setting}`)))).notices,
    [],
  )
  const elsewhere = ['ws.network.address_ipv4=0.0.0.0:3001', 'ws.network.address_ipv6=[::]:3001']
  assert.deepEqual((await load(...tls.map(setting => `http.network.${setting}`), ...elsewhere)).notices, [])
})

test('a port is shared in both families or in none', async () => {
  assert.match(
    await problem('http.network.address_ipv4=0.0.0.0:8080'),
    /share \[::\]:3000, .* http.network.address_ipv4 is "0.0.0.0:8080", ws.network.address_ipv4 is "0.0.0.0:3000"\. /,
  )
  assert.match(
    await problem('ws.network.use_ipv6=false'),
    /http.network.use_ipv6 is true, ws.network.use_ipv6 is false/,
  )
})

test('addresses that differ have no clients in common', async () => {
  const only = (part: string, address: string) => [
    `${part}.network.address_ipv4=${address}`,
    `${part}.network.use_ipv6=false`,
  ]
  const clash =
    /have clients in common\. Make the addresses of both equal, to share them, or choose another port/
  assert.match(await problem(...only('http', '0.0.0.0:80'), ...only('ws', '127.0.0.1:80')), clash)
  assert.match(await problem(...only('http', '127.0.0.1:80'), ...only('ws', '0.0.0.0:80')), clash)
  assert.deepEqual((await load(...only('http', '127.0.0.1:80'), ...only('ws', '127.0.0.2:80'))).notices, [])
  assert.deepEqual((await load(...only('http', '0.0.0.0:80'), ...only('ws', '127.0.0.1:81'))).notices, [])
  const dual = [
    'ws.network.use_ipv4=false',
    'ws.network.set_only_ipv6=false',
    'ws.network.address_ipv6=[::]:80',
  ]
  assert.match(await problem(...only('http', '0.0.0.0:80'), ...dual), clash)
  assert.deepEqual(
    (await load(...only('http', '0.0.0.0:80'), ...dual, 'ws.network.set_only_ipv6=true')).notices,
    [],
  )
  assert.deepEqual((await load('ws.enabled=false', ...only('http', '127.0.0.1:3000'))).notices, [])
})

test('what a shared port leaves without effect is told', async () => {
  const { notices } = await load('ws.socket_workers=3', 'ws.network.redirect=https://example.org/')
  assert.deepEqual(notices, [
    'HTTP and WebTorrent share their addresses, so http.socket_workers (0) counts, and ws.socket_workers does not.',
    "HTTP and WebTorrent share their addresses, so plain requests are the HTTP tracker's; without use: ws.network.redirect.",
  ])
  assert.deepEqual((await load('ws.socket_workers=3', 'http.enabled=false')).notices, [])
})

test("rules of WebTorrent name the keys of their part; a disabled one's are silent", async () => {
  const key = 'ws.network.denied_origins'
  assert.match(
    await problem(`${key}=x`),
    /^--set ws.network.denied_origins: ws.network.denied_origins has "x", which /,
  )
  assert.deepEqual((await load(`${key}=x`, 'ws.enabled=false')).notices, [])
  assert.match(
    (await load('ws.cleaning.max_peer_age=120')).notices.join(),
    /^ws.cleaning.max_peer_age .* ws.protocol.peer_/,
  )
})

test('there is something to serve', async () => {
  const off = ['udp.enabled=false', 'http.enabled=false']
  assert.deepEqual((await load(...off)).notices, [])
  assert.match(
    await problem(...off, 'ws.enabled=false'),
    /are all false, so there is nothing to serve\. Set one to true\.$/,
  )
  assert.match(
    (await load(...off, 'scrape_exports.enable_scrape_exports=true')).notices.join(),
    /neither of which is served/,
  )
})

test('a tracker that nobody could reach is to be opened or left out', async () => {
  const closed = (part: string) => [`${part}.network.use_ipv4=false`, `${part}.network.use_ipv6=false`]
  for (const part of ['udp', 'http', 'ws']) {
    const others = part === 'udp' ? [] : [`${part === 'http' ? 'ws' : 'http'}.enabled=false`]
    assert.equal(
      await problem(...closed(part), ...others),
      `--set ${part}.network.use_ipv6: ${part}.network.use_ipv4 and ${part}.network.use_ipv6 are both false, ` +
        `so nobody could reach the tracker. Set one to true, or ${part}.enabled = false.`,
    )
    assert.deepEqual((await load(...closed(part), `${part}.enabled=false`)).notices, [])
  }
})

test('differences are found in every part', async () => {
  const changed = await load('ws.network.redirect=https://example.org/', 'udp.enabled=false')
  const unchanged = { config: defaults, origins: new Map() }
  assert.deepEqual(
    diffConfigs(serveTable, unchanged, changed).map(({ key }) => key),
    ['udp.enabled', 'ws.network.redirect'],
  )
})

test('variables of one tracker are no doubt where those that count are set too, as in the image', async () => {
  const dockerfile = readFileSync(join(packageRoot, 'deploy', 'Dockerfile'), 'utf8')
  const image = Object.fromEntries(
    [...dockerfile.matchAll(/\b(AQUATIC_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
  )
  assert.equal(image.AQUATIC_UDP__STATISTICS__RUN_PROMETHEUS_ENDPOINT, 'true')
  const doubtsWith = async (env: NodeJS.ProcessEnv): Promise<string[]> =>
    (await loadConfig(serveTable, { env })).doubts.map(({ remedy }) => remedy)
  assert.deepEqual(await doubtsWith(image), [])
  assert.deepEqual(await doubtsWith({ ...image, AQUATIC_UDP__LOG_LEVEL: 'info' }), [
    'set AQUATIC_SERVE__LOG_LEVEL',
  ])
})
