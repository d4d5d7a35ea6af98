// The real nginx and HAProxy, set up by the files in docs, in front of this tracker: whose peer is listed, and who is
// believed.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type BencodeDictionary, decodeBencode } from '../support/bencode.js'
import { opensslMissing, scratchDirectory } from '../support/certificates.js'
import type { Owner } from '../support/child-process.js'
import { engineMissing, meets } from '../support/requirement.js'
import { hasIpv6Loopback, startTracker, type TrackerProcess } from '../support/tracker-process.js'
import { type Proxies, type ProxyPort, proxiesMissing, startProxies } from './proxies.js'

/** A client, told apart by the loopback address that it speaks from. */
type Place = { readonly host: string; readonly localAddress: string }
const first: Place = { host: '127.0.0.1', localAddress: '127.0.0.2' }
const second: Place = { host: '127.0.0.1', localAddress: '127.0.0.3' }
const third: Place = { host: '::1', localAddress: '::1' }

const addressBytes: Readonly<Record<string, string>> = {
  '127.0.0.1': '\x7f\0\0\x01',
  '127.0.0.2': '\x7f\0\0\x02',
  '127.0.0.3': '\x7f\0\0\x03',
  '::1': `${'\0'.repeat(15)}\x01`,
}

/** Headers in which a client lies about its address. */
const lies = {
  'X-Forwarded-For': '203.0.113.9',
  'x-forwarded-for': '203.0.113.10, 203.0.113.11',
  'X-Real-IP': '203.0.113.12',
  Forwarded: 'for=203.0.113.13',
} as const

type Ask = Place & {
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** HTTPS, with this certificate. */
  readonly ca?: Buffer
}

/** One request on a connection of its own, and the bencoded answer. */
async function ask({ path, ca, ...where }: Ask): Promise<BencodeDictionary> {
  const options = { ...where, path, agent: false as const, servername: '' }
  const request = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = Buffer.concat(await response.toArray())
  assert.equal(response.statusCode, 200, body.toString())
  return decodeBencode(body) as BencodeDictionary
}

const escaped = (bytes: Buffer): string =>
  [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')

const announcePath = (infoHash: Buffer, port: number): string =>
  `/announce?info_hash=${escaped(infoHash)}&peer_id=-TS0001-abcdefghijkl&port=${port}&left=0&compact=1`

const peer = (address: string, port: number): string =>
  `${addressBytes[address]}${String.fromCharCode(port >> 8, port & 0xff)}`

/** Passes bytes on to the tracker, and counts the connections that the proxy opened for that. */
async function startRelay(owner: Owner, listenOn: { port: 0 } | { path: string }, to: number | string) {
  let accepted = 0
  const open = new Set<Socket>()
  const server = createServer(from => {
    accepted++
    const onward = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to)
    for (const [end, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      open.add(end)
      end.pipe(other)
      end.on('error', () => other.destroy())
      end.on('close', () => {
        open.delete(end)
        other.destroy()
      })
    }
  })
  server.listen('port' in listenOn ? { port: 0, host: '127.0.0.1' } : listenOn)
  await once(server, 'listening')
  owner.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { address: server.address() as AddressInfo, accepted: () => accepted }
}

type Scene = {
  readonly byHeader: TrackerProcess
  readonly byProxyProtocol: TrackerProcess
  readonly proxies: Proxies
  readonly tcpConnections: () => number
  readonly unixConnections: () => number
}

async function setUp(t: TestContext, engine: 'native' | 'node'): Promise<Scene> {
  const directory = scratchDirectory(t)
  const common = { 'network.engine': engine, 'network.trusted_proxies': '127.0.0.1' }
  const trackerPath = join(directory, 'tracker.sock')
  const [byHeader, byProxyProtocol] = await Promise.all([
    startTracker(t, {
      protocol: 'http',
      families: [4],
      settings: {
        ...common,
        'network.runs_behind_reverse_proxy': true,
        'network.unix_socket_path': trackerPath,
      },
    }),
    startTracker(t, {
      protocol: 'http',
      families: [4],
      settings: { ...common, 'network.proxy_protocol': 'required' },
    }),
  ])
  const relayPath = join(directory, 'relay.sock')
  const [tcp, unix] = await Promise.all([
    startRelay(t, { port: 0 }, byHeader.port(4)),
    startRelay(t, { path: relayPath }, trackerPath),
  ])
  const proxies = await startProxies(t, {
    http: tcp.address.port,
    proxyProtocol: byProxyProtocol.port(4),
    unixPath: relayPath,
  })
  return { byHeader, byProxyProtocol, proxies, tcpConnections: tcp.accepted, unixConnections: unix.accepted }
}

async function clientsMeet({ port, name }: ProxyPort, ca: Buffer): Promise<void> {
  const infoHash = randomBytes(20)
  const announce = (place: Place, peerPort: number, headers: Record<string, string> = {}) =>
    ask({ ...place, port, ca, headers, path: announcePath(infoHash, peerPort) })
  const one = await announce(first, 7001)
  assert.equal(one['external ip'], addressBytes['127.0.0.2'], name)
  // Seven more on the connections that the proxy keeps: none is taken for another.
  for (const [place, external] of [first, second, third, second, first, third, second].map(
    each => [each, addressBytes[each.localAddress]] as const,
  )) {
    assert.equal((await announce(place, 7002, lies))['external ip'], external, name)
  }
  const answer = await announce(third, 7003)
  const peers = (answer['peers'] as string).match(/.{6}/gs)?.sort()
  assert.deepEqual(peers, [peer('127.0.0.2', 7001), peer('127.0.0.2', 7002), peer('127.0.0.3', 7002)], name)
  assert.equal(answer['peers6'], peer('::1', 7002), name)
}

async function longAndOddRequests({ port, name }: ProxyPort, ca: Buffer): Promise<void> {
  const infoHashes = Array.from({ length: 100 }, () => randomBytes(20))
  const query = infoHashes.map(infoHash => `info_hash=${escaped(infoHash)}`).join('&')
  const scraped = await ask({ ...first, port, ca, path: `/scrape?${query}` })
  assert.equal(Object.keys(scraped['files'] as BencodeDictionary).length, 100, name)
  // Bytes above 0x7f unescaped, and zero bytes escaped.
  const odd = `%00%00${String.fromCharCode(...Array.from({ length: 18 }, (_, index) => 0xe0 + index))}`
  const answer = await ask({
    ...second,
    port,
    ca,
    path: `/announce?info_hash=${odd}&peer_id=-TS0001-abcdefghijkl&port=7009&left=1`,
  })
  assert.equal(answer['incomplete'], 0, name)
  const found = await ask({ ...first, port, ca, path: `/scrape?info_hash=${odd}` })
  const [counts] = Object.values(found['files'] as BencodeDictionary)
  assert.deepEqual(counts, { complete: 0, downloaded: 0, incomplete: 1 }, name)
}

async function strangersAreNotBelieved({ byHeader, byProxyProtocol }: Scene): Promise<void> {
  const path = announcePath(randomBytes(20), 7010)
  const headers = { 'X-Forwarded-For': '127.0.0.3' }
  const port = byHeader.port(4)
  const stranger = await ask({ ...first, port, path, headers })
  assert.equal(stranger['external ip'], addressBytes['127.0.0.2'])
  const trusted = await ask({ host: '127.0.0.1', localAddress: '127.0.0.1', port, path, headers })
  assert.equal(trusted['external ip'], addressBytes['127.0.0.3'])

  const socket = connect({ host: '127.0.0.1', localAddress: '127.0.0.2', port: byProxyProtocol.port(4) })
  await once(socket, 'connect')
  socket.end(`PROXY TCP4 127.0.0.3 127.0.0.1 7010 80\r\nGET ${path} HTTP/1.1\r\n\r\n`)
  socket.on('error', () => undefined)
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await once(socket, 'close')
  assert.equal(Buffer.concat(chunks).toString(), '')
}

async function standBehind(t: TestContext, engine: 'native' | 'node'): Promise<void> {
  const scene = await setUp(t, engine)
  const { proxies } = scene
  const ca = proxies.certificate
  const ways = [
    proxies.nginxTcp,
    proxies.nginxUnix,
    proxies.nginxStream,
    proxies.haproxyHttp,
    proxies.haproxyTcp,
  ]
  for (const way of ways) {
    const before = [scene.tcpConnections(), scene.unixConnections()] as const
    await clientsMeet(way, ca)
    // Nine requests of three clients, each on a connection of its own to the proxy.
    const opened = [scene.tcpConnections() - before[0], scene.unixConnections() - before[1]]
    const expected = {
      [proxies.nginxTcp.name]: [1, 0],
      [proxies.nginxUnix.name]: [0, 1],
      [proxies.haproxyHttp.name]: [1, 0],
    }[way.name]
    assert.deepEqual(opened, expected ?? [0, 0], `connections for ${way.name}`)
    await longAndOddRequests(way, ca)
  }
  await strangersAreNotBelieved(scene)
  for (const tracker of [scene.byHeader, scene.byProxyProtocol]) {
    const { code, stderr } = await tracker.stop()
    assert.equal(code, 0, stderr)
  }
}

describe('behind nginx and HAProxy, as docs sets them up', () => {
  for (const engine of ['native', 'node'] as const) {
    test(`${engine} engine: every client is itself`, async t => {
      const needs = {
        ...engineMissing(engine),
        ...proxiesMissing,
        ...opensslMissing(),
        'this machine has no ::1': !hasIpv6Loopback(),
      }
      if (meets(t, needs)) await standBehind(t, engine)
    })
  }
})
