// The client's address where proxies stand before the built HTTP tracker: every header and format, trusted networks,
// and the PROXY protocol, on both engines. (Proxies themselves are run elsewhere.)

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { scratchDirectory } from '../support/certificates.js'
import {
  announceReplyOf,
  announceTarget,
  failureOf,
  getRequest,
  httpClient,
} from '../support/http-announce.js'
import { exchange, type HttpAnswer, HttpConnection, type HttpPlace } from '../support/http-connection.js'
import {
  connectionOptions,
  placeOf,
  plainVariants,
  type Settings,
  startHttp,
  type Variant,
} from '../support/http-variants.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { infoHash } from '../support/udp-messages.js'

const hash = infoHash(0x5000)
const PORT = 4660
const IPV4 = 'c0000207'
const IPV6 = '20010db8000000000000000000000007'
const LOOPBACK = '7f000001'

/** `2`, then who it is: PROXY protocol version 2 with an address, or LOCAL. */
function proxyVersion2(family: 0 | 4 | 6, addresses: string, command = 1, tlvBytes = 0): Buffer {
  const bytes = Buffer.concat([Buffer.from(addresses, 'hex'), Buffer.alloc(tlvBytes, 4)])
  const head = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')
  head[12] = 0x20 | command
  head[13] = family === 4 ? 0x11 : family === 6 ? 0x21 : 0
  head.writeUInt16BE(bytes.length, 14)
  return Buffer.concat([head, bytes])
}

/** Starts a tracker for one test, stops it behind it and checks what it counted. */
async function withTracker(
  t: TestContext,
  variant: Variant,
  settings: Settings,
  use: (place: HttpPlace) => Promise<void>,
): Promise<Readonly<Record<string, number>>> {
  const tracker = await startHttp(t, variant, settings, { families: [4] })
  await use(placeOf(tracker))
  const end = await tracker.stop()
  assert.equal(end.code, 0, end.stderr)
  return stoppedEventOf(end).counters
}

const announceWith = (place: HttpPlace, headers: readonly string[], from?: string): Promise<HttpAnswer> =>
  exchange(place, getRequest(announceTarget(hash, { port: PORT }), ...headers), from ? { from } : {})

/** Whom the tracker takes the sender of these headers for. */
const seenWith = async (place: HttpPlace, headers: readonly string[], from?: string): Promise<string> =>
  announceReplyOf(await announceWith(place, headers, from)).externalIp

const reasonWith = async (place: HttpPlace, headers: readonly string[]): Promise<unknown> =>
  failureOf(await announceWith(place, headers))['failure reason']

const MISSING = 'The reverse proxy did not say who you are'
const INVALID = 'The reverse proxy named no address'

describe('HTTP behind a proxy', { concurrency: true }, () => {
  for (const variant of plainVariants) {
    describe(variant.name, () => {
      it('X-Forwarded-For: the last address counts, over several headers, and mapped ones are IPv4', async t => {
        const counters = await withTracker(
          t,
          variant,
          { 'network.runs_behind_reverse_proxy': true },
          async place => {
            for (const [headers, expected] of [
              [['X-Forwarded-For: 192.0.2.7'], IPV4],
              [['x-forwarded-for:192.0.2.7'], IPV4],
              [['X-Forwarded-For: 6.6.6.6, junk, 192.0.2.7'], IPV4],
              [['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 192.0.2.7'], IPV4],
              [['X-Forwarded-For: ::ffff:192.0.2.7'], IPV4],
              [['X-Forwarded-For: 192.0.2.7:51234'], IPV4],
              [['X-Forwarded-For: 6.6.6.6, 2001:db8::7'], IPV6],
              [['X-Forwarded-For: [2001:db8::7]:51234'], IPV6],
            ] as const) {
              assert.equal(await seenWith(place, headers), expected, headers.join())
            }
          },
        )
        assert.equal(counters.failuresProxyHeaderMissing, 0)
      })

      it('a missing or foreign header is an answered, counted error; pages need none', async t => {
        const counters = await withTracker(
          t,
          variant,
          { 'network.runs_behind_reverse_proxy': true },
          async place => {
            const connection = await HttpConnection.open(place)
            const ask = async (...headers: readonly string[]): Promise<unknown> =>
              failureOf(await connection.get(announceTarget(hash), ...headers))['failure reason']
            assert.equal(await ask(), MISSING)
            assert.equal(await ask('X-Real-IP: 192.0.2.7'), MISSING)
            assert.equal(await ask('X-Forwarded-For:'), MISSING)
            for (const value of [
              'unknown',
              'tracker.example',
              '1.2.3',
              '1.2.3.4, junk',
              '1.2.3.4 5',
              '::g',
            ]) {
              assert.equal(await ask(`X-Forwarded-For: ${value}`), INVALID, value)
            }
            const scrape = await connection.get('/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa')
            assert.equal(failureOf(scrape)['failure reason'], MISSING)
            assert.equal((await connection.get('/health')).body.toString(), 'OK')
            assert.equal((await connection.get('/none')).status, 404)
            connection.close()
          },
        )
        assert.deepEqual([counters.failuresProxyHeaderMissing, counters.failuresProxyHeaderInvalid], [4, 6])
      })

      it('X-Real-IP, or any other name, in any case', async t => {
        const settings = {
          'network.runs_behind_reverse_proxy': true,
          'network.reverse_proxy_ip_header_name': 'X-Real-IP',
        }
        await withTracker(t, variant, settings, async place => {
          assert.equal(await seenWith(place, ['X-Forwarded-For: 6.6.6.6', 'x-real-ip: 192.0.2.7']), IPV4)
          assert.equal(await reasonWith(place, ['X-Forwarded-For: 6.6.6.6']), MISSING)
        })
      })

      it('Forwarded (RFC 7239), with quotes, brackets, ports and other parameters', async t => {
        const settings = {
          'network.runs_behind_reverse_proxy': true,
          'network.reverse_proxy_ip_header_format': 'forwarded',
          'network.reverse_proxy_ip_header_name': 'Forwarded',
        }
        await withTracker(t, variant, settings, async place => {
          for (const [value, expected] of [
            ['for=192.0.2.7', IPV4],
            ['proto=https;For="192.0.2.7:51234";by=203.0.113.43', IPV4],
            ['for=6.6.6.6, for="[2001:db8::7]:51234";proto=http', IPV6],
          ]) {
            assert.equal(await seenWith(place, [`Forwarded: ${value}`]), expected, value)
          }
          assert.equal(await reasonWith(place, ['Forwarded: for=_hidden']), INVALID)
          assert.equal(await reasonWith(place, ['Forwarded: proto=http']), INVALID)
          assert.equal(await reasonWith(place, ['X-Forwarded-For: 192.0.2.7']), MISSING)
        })
      })

      it('several hops: the client is so many entries from the right', async t => {
        const settings = {
          'network.runs_behind_reverse_proxy': true,
          'network.reverse_proxy_ip_header_format': 'hops',
          'network.reverse_proxy_hops': 3,
        }
        await withTracker(t, variant, settings, async place => {
          const value = 'X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.1'
          assert.equal(await seenWith(place, [value, 'X-Forwarded-For: 10.0.0.2']), IPV4)
          assert.equal(await reasonWith(place, ['X-Forwarded-For: 192.0.2.7, 10.0.0.1']), MISSING)
          assert.equal(await reasonWith(place, ['X-Forwarded-For: junk, 10.0.0.1, 10.0.0.2']), INVALID)
        })
      })

      it('trusted networks: only these may tell an address, and they are passed over in the list', async t => {
        const settings = {
          'network.runs_behind_reverse_proxy': true,
          'network.reverse_proxy_ip_header_format': 'hops',
          'network.trusted_proxies': '127.0.0.1, 10.0.0.0/8, 2001:db8:ffff::/48',
        }
        await withTracker(t, variant, settings, async place => {
          const chain = ['X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.2.3, 2001:db8:ffff::9']
          assert.equal(await seenWith(place, chain), IPV4)
          assert.equal(await seenWith(place, chain, '127.0.0.2'), '7f000002', 'a stranger has its own')
          assert.equal(await seenWith(place, [], '127.0.0.2'), '7f000002')
          assert.equal(await reasonWith(place, []), MISSING)
        })
      })

      it('PROXY protocol 1 and 2: the header’s address is the client’s, also split at any byte', async t => {
        await withTracker(t, variant, { 'network.proxy_protocol': 'required' }, async place => {
          const request = getRequest(announceTarget(hash, { port: PORT }))
          const seen = async (header: string | Buffer): Promise<string> => {
            const bytes = Buffer.concat([Buffer.from(header), Buffer.from(request)])
            return announceReplyOf(await exchange(place, bytes)).externalIp
          }
          assert.equal(await seen('PROXY TCP4 192.0.2.7 198.51.100.1 51234 80\r\n'), IPV4)
          assert.equal(await seen('PROXY TCP6 2001:db8::7 2001:db8::1 51234 80\r\n'), IPV6)
          assert.equal(await seen('PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 51234 80\r\n'), IPV4)
          assert.equal(await seen('PROXY UNKNOWN\r\n'), LOOPBACK, 'the proxy speaks for itself')
          const version2 = proxyVersion2(4, `${IPV4}c6336401c8220050`)
          assert.equal(await seen(version2), IPV4)
          assert.equal(await seen(proxyVersion2(4, `${IPV4}c6336401c8220050`, 1, 200)), IPV4, 'with TLVs')
          const [source, destination] = [IPV6, IPV6.replace(/7$/, '1')]
          assert.equal(await seen(proxyVersion2(6, `${source}${destination}c8220050`)), IPV6)
          assert.equal(await seen(proxyVersion2(0, '', 0)), LOOPBACK, 'LOCAL: a health check')
          for (const header of [Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n'), version2]) {
            for (let at = 1; at < header.length; at++) {
              const connection = await HttpConnection.open(place)
              await connection.sent(header.subarray(0, at))
              connection.send(Buffer.concat([header.subarray(at), Buffer.from(request)]))
              assert.equal(announceReplyOf(await connection.answer()).externalIp, IPV4, `split at ${at}`)
              connection.close()
            }
          }
          const kept = await HttpConnection.open(place)
          kept.send(version2)
          for (let round = 0; round < 3; round++) {
            const { externalIp } = announceReplyOf(await kept.get(announceTarget(hash)))
            assert.equal(externalIp, IPV4, 'one header for the whole connection')
          }
          kept.close()
        })
      })

      it('PROXY protocol: what is none, or comes from elsewhere, is closed and counted', async t => {
        const settings = {
          'network.proxy_protocol': 'required',
          'network.trusted_proxies': '127.0.0.0/30',
          'network.max_request_bytes': 2048,
        }
        const counters = await withTracker(t, variant, settings, async place => {
          const request = getRequest('/health')
          const bad = [
            request,
            `PROXY TCP4 192.0.2.7\r\n${request}`,
            `PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n${request}`,
            `PROXY ${'x'.repeat(200)}`,
            '\x16\x03\x01',
            Buffer.concat([proxyVersion2(4, 'c0000207'), Buffer.from(request)]),
            Buffer.from('0d0a0d0a000d0a515549540a2111ffff', 'hex'),
            proxyVersion2(4, `${IPV4}c6336401c8220050`, 1, 3000),
          ]
          for (const bytes of bad) {
            const connection = await HttpConnection.open(place)
            connection.send(bytes)
            await connection.ended()
            assert.equal(connection.rest, '')
            connection.close()
          }
          const stranger = await HttpConnection.open(place, { from: '127.0.0.8' })
          stranger.send(`PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n${request}`)
          await stranger.ended()
          assert.equal(stranger.rest, '')
          stranger.close()
          const header = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n')
          const last = await exchange(place, Buffer.concat([header, Buffer.from(request)]), {
            from: '127.0.0.3',
          })
          assert.equal(last.status, 200)
        })
        assert.equal(counters.droppedProxyProtocol, 9)
      })

      it('PROXY protocol on a Unix socket: LOCAL has no address, and is told so', async t => {
        const path = join(scratchDirectory(t), 'aquatic.sock')
        const settings = { 'network.proxy_protocol': 'required', 'network.unix_socket_path': path }
        const counters = await withTracker(t, variant, settings, async () => {
          const request = Buffer.from(getRequest(announceTarget(hash)))
          const header = proxyVersion2(4, `${IPV4}c6336401c8220050`)
          const known = await exchange({ path }, Buffer.concat([header, request]))
          assert.equal(announceReplyOf(known).externalIp, IPV4)
          const local = await exchange({ path }, Buffer.concat([proxyVersion2(0, '', 0), request]))
          assert.equal(failureOf(local)['failure reason'], 'Your address is not known to the tracker')
        })
        assert.equal(counters.failuresNoAddress, 1)
      })

      it('without a proxy nobody’s header counts', async t => {
        await withTracker(t, variant, {}, async place => {
          const claims = ['X-Forwarded-For: 6.6.6.6', 'X-Real-IP: 6.6.6.6', 'Forwarded: for=6.6.6.6']
          assert.equal(await seenWith(place, claims), LOOPBACK)
          const { peers } = await httpClient(place, connectionOptions(variant)).announce(hash, { port: 2 })
          assert.deepEqual(peers, [`127.0.0.1:${PORT}`])
        })
      })
    })
  }
})
