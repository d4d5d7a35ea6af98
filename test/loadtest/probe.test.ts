// Whom a load test meets before it starts: nobody, the right one, or something else.

import assert from 'node:assert/strict'
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { TargetProtocol } from '../../src/config/target-text.js'
import { targetOf } from '../../src/config/target-text.js'
import { AquaticError } from '../../src/errors.js'
import { type ProbeAnswer, type ProbeOptions, probeTarget } from '../../src/loadtest/probe.js'
import { addressesOf, isOnThisMachine, loadTarget } from '../../src/loadtest/target.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { meets } from '../support/requirement.js'

function probe(
  protocol: TargetProtocol,
  text: string,
  changes: Partial<ProbeOptions> = {},
): Promise<ProbeAnswer> {
  const target = targetOf(text, protocol)
  const rest = { tls: 'auto', verifiesCertificate: false, urlSuffix: '' } as const
  return probeTarget({ protocol, target, addresses: ['127.0.0.1'], ...rest, ...changes })
}

async function failureOf(answer: Promise<unknown>): Promise<AquaticError> {
  const error = await answer.then(
    () => assert.fail('it was accepted'),
    (error: unknown) => error,
  )
  return error instanceof AquaticError ? error : assert.fail(String(error))
}

/** Answers every connection in its way; resolves to its port. */
async function stream(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function datagrams(
  t: TestContext,
  answer: (request: Buffer, socket: DatagramSocket) => Buffer | null,
): Promise<number> {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  socket.on('message', (request, from) => {
    const response = answer(request, socket)
    if (response !== null) socket.send(response, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const answering = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text))

describe('probing UDP', () => {
  it('takes who echoes the transaction id', async t => {
    const port = await datagrams(t, request =>
      Buffer.concat([Buffer.alloc(4), request.subarray(12), Buffer.alloc(8)]),
    )
    assert.deepEqual(await probe('udp', `127.0.0.1:${port}`), { address: '127.0.0.1', isTls: false })
  })

  it('asks again: one lost datagram is no silence', async t => {
    let requests = 0
    const port = await datagrams(t, request =>
      ++requests === 1 ? null : Buffer.concat([Buffer.alloc(4), request.subarray(12), Buffer.alloc(8)]),
    )
    await probe('udp', `127.0.0.1:${port}`)
    // Once more where this process stood still for a second.
    assert.ok(requests >= 2, `${requests}`)
  })

  it('says that nobody listens, and how to start one', async () => {
    const port = await freePort()
    const error = await failureOf(probe('udp', `127.0.0.1:${port}`))
    assert.equal(error.code, 'AQ_TARGET_SILENT')
    assert.match(
      error.message,
      /^No tracker answers at 127\.0\.0\.1:\d+: nobody listens there \(ECONNREFUSED\)\.$/,
    )
    assert.match(
      error.remedy!,
      new RegExp(`aquatic serve udp --set network\\.address_ipv4=127\\.0\\.0\\.1:${port}$`),
    )
  })

  it('gives up after three requests, and tells garbage from silence', async t => {
    let requests = 0
    const silent = await datagrams(t, () => {
      requests++
      return null
    })
    const garbage = await datagrams(t, () => Buffer.from('hello, this is no tracker'))
    const [first, second] = await Promise.all([
      failureOf(probe('udp', `127.0.0.1:${silent}`)),
      failureOf(probe('udp', `127.0.0.1:${garbage}`)),
    ])
    assert.deepEqual([first.code, requests], ['AQ_TARGET_SILENT', 3])
    assert.match(first.message, /3 connect requests got no answer\.$/)
    assert.equal(second.code, 'AQ_TARGET_PROTOCOL')
  })

  it('ends at once when it is not wanted any more', async t => {
    const port = await datagrams(t, () => null)
    await failureOf(probe('udp', `127.0.0.1:${port}`, { signal: AbortSignal.abort() }))
  })
})

describe('probing HTTP', () => {
  it('takes any HTTP answer to a scrape, and announces nothing', async t => {
    let request = ''
    const port = await stream(t, socket =>
      socket.once('data', data => {
        request = data.toString('latin1')
        socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
      }),
    )
    const answer = await probe('http', `http://127.0.0.1:${port}/x/announce?k=1`, { urlSuffix: '&s' })
    assert.equal(answer.isTls, false)
    assert.match(
      request,
      /^GET \/x\/scrape\?k=1&s&info_hash=[a-z-]{20} HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/,
    )
  })

  it('finds who answers only requests that it can parse, and waits for it no longer than it takes', async t => {
    let requests = 0
    const port = await stream(t, socket =>
      socket.on('data', data => {
        requests++
        if (/^GET \/\S+\?info_hash=\S{20} HTTP/.test(data.toString('latin1'))) {
          socket.write('HTTP/1.1 200 OK\r\n\r\n')
        }
      }),
    )
    await probe('http', `http://127.0.0.1:${port}/announce`)
    assert.equal(requests, 1)
  })

  it('asks with HEAD who knows no scrape, silent or not, and with GET who hangs up at HEAD', async t => {
    const requests: string[] = []
    const serve = (onScrape: (socket: Socket) => void) =>
      stream(t, socket =>
        socket.once('data', data => {
          const [method, path] = data.toString('latin1').split(/[ ?]/)
          requests.push(`${method} ${path}`)
          if (path === '/scrape') onScrape(socket)
          else socket.end(method === 'GET' ? 'HTTP/1.0 400 Bad\r\n\r\n' : '')
        }),
      )
    const whole = ['GET /scrape', 'HEAD /announce', 'GET /announce']
    for (const onScrape of [(socket: Socket) => socket.end(), () => undefined]) {
      requests.length = 0
      await probe('http', `http://127.0.0.1:${await serve(onScrape)}/announce`)
      assert.deepEqual(requests, whole)
    }
    requests.length = 0
    await probe('http', `http://127.0.0.1:${await serve(socket => socket.end())}/other`)
    assert.deepEqual(requests, ['HEAD /other', 'GET /other'])
  })

  it('without a scheme tries TLS, then does without', async t => {
    let connections = 0
    const port = await stream(t, socket => {
      connections++
      answering('HTTP/1.1 400 Bad Request\r\n\r\n')(socket)
    })
    assert.equal((await probe('http', `127.0.0.1:${port}`)).isTls, false)
    assert.equal(connections, 2)
    assert.equal((await probe('http', `127.0.0.1:${port}`, { tls: 'off' })).isTls, false)
    assert.equal(connections, 3)
  })

  it('names what is spoken instead', async t => {
    const plain = await stream(t, answering('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const other = await stream(t, answering('220 mail.example ESMTP\r\n'))
    const closing = await stream(t, socket => socket.destroy())
    const cases: readonly [string, RegExp][] = [
      [`https://127.0.0.1:${plain}`, /does not speak TLS\.$/],
      [`http://127.0.0.1:${other}`, /answered with something that is not HTTP\.$/],
      [`http://127.0.0.1:${closing}`, /closed the connection without an answer|ECONNRESET/],
    ]
    for (const [url, text] of cases) assert.match((await failureOf(probe('http', url))).message, text)
    const refused = await failureOf(probe('http', `http://127.0.0.1:${await freePort()}`))
    assert.deepEqual([refused.code, refused.exitCode], ['AQ_TARGET_SILENT', 1])
  })

  it('tries the addresses of a name one after the other', async t => {
    const port = await stream(t, answering('HTTP/1.1 200 OK\r\n\r\n'))
    const addresses = ['127.0.0.9', '127.0.0.1']
    assert.equal((await probe('http', `http://localhost:${port}`, { addresses })).address, '127.0.0.1')
  })
})

describe('probing WebTorrent', () => {
  it('takes an upgrade, and names another answer', async t => {
    let isUpgrade = false
    const right = await stream(t, socket =>
      socket.once('data', data => {
        isUpgrade = /\r\nSec-WebSocket-Key: [\w+/]{22}==\r\n/.test(data.toString('latin1'))
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      }),
    )
    await probe('ws', `ws://127.0.0.1:${right}`)
    assert.ok(isUpgrade)
    const wrong = await stream(t, answering('HTTP/1.1 404 Not Found\r\n\r\n'))
    const error = await failureOf(probe('ws', `ws://127.0.0.1:${wrong}`))
    assert.match(error.message, /answered the WebSocket upgrade with 404 Not Found\.$/)
    assert.equal(error.code, 'AQ_TARGET_PROTOCOL')
  })
})

describe('probing with TLS', () => {
  /** @param isSlow the first connection gets no answer */
  async function tlsServer(t: TestContext, isSlow = false): Promise<number> {
    const { certificatePath, keyPath } = makeCertificate(scratchDirectory(t), 'probe', {
      commonName: 'a',
      names: '',
    })
    const server = createTlsServer(
      { cert: readFileSync(certificatePath), key: readFileSync(keyPath) },
      socket => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
      },
    )
    server.on('tlsClientError', () => undefined)
    let connections = 0
    return stream(t, socket => {
      connections++
      if (!isSlow || connections > 1) server.emit('connection', socket)
      else socket.resume()
    })
  }

  it('finds out that it is spoken by who was too slow at first', async t => {
    if (!meets(t, opensslMissing())) return
    assert.equal((await probe('http', `127.0.0.1:${await tlsServer(t, true)}`)).isTls, true)
    const strict = { verifiesCertificate: true }
    const invalid = await failureOf(probe('http', `127.0.0.1:${await tlsServer(t, true)}`, strict))
    assert.equal(invalid.code, 'AQ_TARGET_CERTIFICATE')
  })

  it('finds out that it is spoken, says so where it was not expected, and checks the certificate if told', async t => {
    if (!meets(t, opensslMissing())) return
    const port = await tlsServer(t)
    assert.equal((await probe('http', `127.0.0.1:${port}`)).isTls, true)
    assert.equal((await probe('http', `https://127.0.0.1:${port}`)).isTls, true)
    const plain = await failureOf(probe('http', `http://127.0.0.1:${port}`))
    assert.match(plain.message, /speaks TLS, and was asked without|closed the connection/)
    for (const text of [`127.0.0.1:${port}`, `https://127.0.0.1:${port}`]) {
      const invalid = await failureOf(probe('http', text, { verifiesCertificate: true }))
      assert.equal(invalid.code, 'AQ_TARGET_CERTIFICATE')
      assert.match(invalid.remedy!, /NODE_EXTRA_CA_CERTS/)
    }
  })
})

describe('targets', () => {
  const settings = { protocol: 'http', urlSuffix: '/k', verifiesCertificate: true } as const

  it('looks names up, and says why one has no address', async () => {
    const found = async () => [{ address: '::1' }, { address: '127.0.0.1' }, { address: '::1' }]
    assert.deepEqual(await addressesOf({ host: 'localhost' }, found), ['::1', '127.0.0.1'])
    assert.deepEqual(await addressesOf({ host: '192.0.2.1' }), ['192.0.2.1'])
    const failing = (code: string) => async () => Promise.reject(Object.assign(new Error(code), { code }))
    const error = await failureOf(addressesOf({ host: 'nosuch.example' }, failing('ENOTFOUND')))
    assert.equal(error.message, 'The name nosuch.example does not resolve: there is no such name.')
    assert.match((await failureOf(addressesOf({ host: 'a' }, failing('EAI_AGAIN')))).message, /name server/)
    assert.match((await failureOf(addressesOf({ host: 'a' }, async () => []))).message, /no address/)
  })

  it('have the scheme and paths that follow', () => {
    const text = targetOf('tracker.example:3000/x/announce', 'http')
    assert.deepEqual(loadTarget(text, '192.0.2.1', true, settings), {
      url: 'https://tracker.example:3000/x/announce',
      address: '192.0.2.1',
      port: 3000,
      family: 4,
      hostName: 'tracker.example',
      path: '/x/announce/k',
      scrapePath: '/x/scrape/k',
      isTls: true,
      verifiesCertificate: true,
    })
    const udp = loadTarget(targetOf('[::1]:3000', 'udp'), '::1', false, { ...settings, protocol: 'udp' })
    assert.deepEqual([udp.url, udp.family], ['udp://[::1]:3000', 6])
    assert.equal(loadTarget(targetOf('ws://a/', 'ws'), '192.0.2.1', false, settings).url, 'ws://a/')
  })

  it('knows this machine', () => {
    assert.ok(isOnThisMachine('127.3.2.1'))
    assert.ok(!isOnThisMachine('192.0.2.1'))
  })
})
