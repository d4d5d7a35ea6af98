import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpTable } from '../../src/config/http.js'
import { loadConfig } from '../../src/config/load.js'
import { problemsOf } from './problems.js'

/** `--set KEY: ` and its problem, for a configuration that has this one. */
async function problem(...set: readonly string[]): Promise<string> {
  const problems = await problemsOf(httpTable, { set })
  assert.equal(problems.length, 1, problems.join('\n'))
  return problems[0]!
}

const noticesOf = async (...set: readonly string[]): Promise<readonly string[]> =>
  (await loadConfig(httpTable, { set })).notices

const behind = 'network.runs_behind_reverse_proxy=true'
const unix = 'network.unix_socket_path=/run/aquatic/http.sock'
const noAddresses = ['network.use_ipv4=false', 'network.use_ipv6=false']

test('a Unix socket may be the only way in', async () => {
  assert.match(await problem(...noAddresses), /are both false, so nobody could reach the tracker/)
  assert.deepEqual(await noticesOf(unix, behind, ...noAddresses), [])
})

test('a Unix socket needs somebody who tells the address of clients', async () => {
  assert.match(
    await problem(unix),
    /^--set network.unix_socket_path: .* Set network.runs_behind_reverse_proxy = true or network.proxy_protocol = /,
  )
  assert.deepEqual(await noticesOf(unix, behind), [])
  assert.deepEqual(await noticesOf(unix, 'network.proxy_protocol=required'), [])
})

test('the path of a Unix socket is no longer than the system takes', async () => {
  const pathOf = (bytes: number): string =>
    `network.unix_socket_path=${'ö'.repeat(50)}${'x'.repeat(bytes - 100)}`
  assert.deepEqual(await noticesOf(pathOf(107), behind), [])
  assert.match(await problem(pathOf(108), behind), /unix_socket_path has 108 bytes, .* takes 107 at most/)
})

test('one address for both families is a problem', async () => {
  assert.match(await problem('network.set_only_ipv6=false'), /are the same to IPv4 clients \(port 3000\)/)
})

test('TLS needs a certificate and its key', async () => {
  const [tls, certificate, key] = ['enable_tls=true', 'tls_certificate_path=c', 'tls_private_key_path=k'].map(
    text => `network.${text}`,
  ) as [string, string, string]
  const start = '--set network.enable_tls: network.enable_tls is true without '
  assert.equal(
    await problem(tls),
    `${start}network.tls_certificate_path and network.tls_private_key_path. Name a PEM file for each.`,
  )
  assert.ok((await problem(tls, certificate)).startsWith(`${start}network.tls_private_key_path.`))
  assert.ok((await problem(tls, key)).startsWith(`${start}network.tls_certificate_path.`))
  assert.deepEqual(await noticesOf(tls, certificate, key), [])
})

test('paths of TLS without TLS are a notice', async () => {
  assert.deepEqual(
    await noticesOf('network.tls_certificate_path=c', 'network.tls_private_key_passphrase_path=p'),
    [
      'network.enable_tls is false, so TLS is not spoken; without use: network.tls_certificate_path, ' +
        'network.tls_private_key_passphrase_path.',
    ],
  )
})

test('name and format of the proxy’s header fit each other', async () => {
  const name = (text: string): string => `network.reverse_proxy_ip_header_name=${text}`
  const format = (text: string): string => `network.reverse_proxy_ip_header_format=${text}`
  assert.match(await problem(behind, name('X Forwarded')), /"X Forwarded", which no header can be called/)
  assert.match(
    await problem(behind, format('forwarded')),
    /Set network.reverse_proxy_ip_header_name = "Forwarded"\.$/,
  )
  assert.match(
    await problem(behind, name('forwarded')),
    /^--set network.reverse_proxy_ip_header_name: .* Set network.reverse_proxy_ip_header_format = "forwarded"\.$/,
  )
  assert.deepEqual(await noticesOf(behind, name('FORWARDED'), format('forwarded')), [])
  assert.deepEqual(await noticesOf(behind, name('X-Real-IP')), [])
})

test('hops count where they are asked for', async () => {
  const hops = 'network.reverse_proxy_hops=2'
  const format = 'network.reverse_proxy_ip_header_format='
  assert.match(await problem(behind, hops), /Set network.reverse_proxy_ip_header_format = "hops"\.$/)
  assert.deepEqual(await noticesOf(behind, hops, `${format}hops`), [])
  assert.deepEqual(
    await noticesOf(behind, hops, `${format}forwarded`, 'network.reverse_proxy_ip_header_name=Forwarded'),
    [],
  )
  const trusted = 'network.trusted_proxies=10.0.0.0/8'
  assert.match(await problem(behind, hops, `${format}hops`, trusted), /^--set network.reverse_proxy_hops: /)
})

test('every wrong entry of trusted_proxies is a problem', async () => {
  assert.deepEqual(
    await noticesOf(behind, 'network.trusted_proxies= 192.0.2.7,10.0.0.0/8 , 2001:db8::/32'),
    [],
  )
  const problems = await problemsOf(httpTable, { set: [behind, 'network.trusted_proxies=10.0.0.1/8,,proxy'] })
  const start = '--set network.trusted_proxies: network.trusted_proxies has'
  const word = 'which is no IP address or network such as "192.0.2.7" or "10.0.0.0/8"'
  const end = 'Write entries with commas between them.'
  assert.deepEqual(problems, [
    `${start} "10.0.0.1/8", which has bits behind the first 8, which must be 0. ${end}`,
    `${start} "", ${word}. ${end}`,
    `${start} "proxy", ${word}. ${end}`,
  ])
})

test('only one may tell the client’s address', async () => {
  assert.match(await problem(behind, 'network.proxy_protocol=required'), /^--set network.proxy_protocol: /)
})

test('the PROXY protocol comes before TLS, so it is not read there', async () => {
  const tls = ['enable_tls=true', 'tls_certificate_path=c', 'tls_private_key_path=k'].map(
    text => `network.${text}`,
  )
  assert.match(
    await problem(...tls, 'network.proxy_protocol=required'),
    /^--set network.proxy_protocol: .* Set network.enable_tls = false /,
  )
  assert.deepEqual(await noticesOf(...tls, behind), [])
})

test('keys of a proxy without one are a notice', async () => {
  const header = ['network.reverse_proxy_ip_header_format=hops', 'network.reverse_proxy_hops=2']
  assert.deepEqual(await noticesOf(...header), [
    'network.runs_behind_reverse_proxy is false, so no header is read; without use: network.reverse_proxy_hops, ' +
      'network.reverse_proxy_ip_header_format.',
  ])
  const trusted = 'network.trusted_proxies=10.0.0.0/8'
  assert.match((await noticesOf(trusted))[0]!, /without use: network.trusted_proxies\.$/)
  assert.deepEqual(await noticesOf(trusted, 'network.proxy_protocol=required'), [])
})

test('a limit for each address limits the proxy', async () => {
  const limit = 'network.max_connections_per_address=8'
  assert.deepEqual(await noticesOf(limit), [])
  for (const way of [behind, 'network.proxy_protocol=required']) {
    assert.match((await noticesOf(limit, way))[0]!, /is 8, and all connections are from the proxy/)
  }
})

test('intervals that do not fit each other are notices, but not the default of one', async () => {
  const interval = 'protocol.peer_announce_interval=120'
  assert.deepEqual(await noticesOf(interval), [])
  assert.deepEqual(await noticesOf(interval, 'protocol.min_announce_interval=120'), [])
  assert.deepEqual(await noticesOf(interval, 'protocol.min_announce_interval=121'), [
    'protocol.min_announce_interval (121 s) is above protocol.peer_announce_interval (120 s), which clients are ' +
      'told in its place.',
  ])
  assert.match((await noticesOf('cleaning.max_peer_age=900'))[0]!, /peers are forgotten between two/)
})

test('a Prometheus endpoint without statistics is a notice, also by its older name', async () => {
  const notices = await noticesOf('metrics.run_prometheus_endpoint=true', 'statistics.interval=0')
  assert.deepEqual(notices, ['statistics.interval is 0, so there is no Prometheus endpoint.'])
})
