// The metrics endpoint against clients that behave and clients that do not.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type EndpointLimits, MetricsEndpoint } from '../../src/metrics/endpoint.js'
import { exchange, get, openConnection } from '../support/metrics.js'

/** One turn of the event loop. */
const turn = promisify(setImmediate)

const anyPort = { address: '127.0.0.1', port: 0 }
const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Long enough for every test but those that wait for an end. */
const patient: EndpointLimits = { connectionsMax: 8, connectionLifeMs: 60_000, requestTimeoutMs: 60_000 }

async function serving(
  t: TestContext,
  limits: EndpointLimits,
  render: () => Promise<string> = async () => 'up 1\n',
): Promise<{ endpoint: MetricsEndpoint; errors: unknown[]; crowds: number[] }> {
  const endpoint = await MetricsEndpoint.listen(anyPort, limits)
  t.after(() => endpoint.close())
  const errors: unknown[] = []
  const crowds: number[] = []
  endpoint.serve({
    contentType,
    render,
    onError: error => errors.push(error),
    onCrowded: connectionsMax => crowds.push(connectionsMax),
  })
  return { endpoint, errors, crowds }
}

describe('metrics endpoint', () => {
  it('answers every path with the metrics, and /health with OK', async t => {
    const { endpoint } = await serving(t, patient)
    for (const path of ['/metrics', '/', '/metrics?name[]=up', '/health/more']) {
      const { status, headers, body } = await get(endpoint.address, path)
      assert.deepEqual([status, headers.get('content-type'), body], [200, contentType, 'up 1\n'], path)
    }
    assert.equal((await get(endpoint.address, '/health?deep')).body, 'OK')
    const head = await get(endpoint.address, '/metrics', 'HEAD')
    assert.deepEqual([head.status, head.headers.get('content-length'), head.body], [200, '5', ''])
  })

  it('is not ready until it is told what to serve', async t => {
    const endpoint = await MetricsEndpoint.listen(anyPort, patient)
    t.after(() => endpoint.close())
    assert.equal((await get(endpoint.address, '/health')).status, 503)
    endpoint.serve({
      contentType,
      render: async () => '',
      onError: () => assert.fail(),
      onCrowded: () => assert.fail(),
    })
    assert.equal((await get(endpoint.address, '/health')).status, 200)
  })

  it('makes the text once for scrapes of the same second', async t => {
    // A clock of the test: on a busy machine six connections may take seconds.
    let nowMs = 5_000
    t.mock.method(performance, 'now', () => nowMs)
    let renderings = 0
    const { endpoint } = await serving(t, patient, async () => `renderings ${++renderings}\n`)
    const bodies = async (): Promise<Set<string>> => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => get(endpoint.address)))
      return new Set(answers.map(({ body }) => body))
    }
    assert.deepEqual(await bodies(), new Set(['renderings 1\n']))
    nowMs += 999
    assert.deepEqual(await bodies(), new Set(['renderings 1\n']))
    nowMs += 1
    assert.deepEqual(await bodies(), new Set(['renderings 2\n']))
  })

  it('says 500 and why when the metrics can not be collected', async t => {
    const { endpoint, errors } = await serving(t, patient, async () => {
      throw new Error('no figures')
    })
    assert.equal((await get(endpoint.address)).status, 500)
    assert.match(String(errors[0]), /no figures/)
    assert.equal((await get(endpoint.address, '/health')).status, 200)
  })

  it('refuses what is no request for metrics', async t => {
    const { endpoint } = await serving(t, patient)
    const post = await get(endpoint.address, '/metrics', 'POST')
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
    assert.match(
      await exchange(endpoint.address, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
      /^HTTP\/1.1 400 /,
    )
    const huge = `GET / HTTP/1.1\r\nHost: tracker\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`
    assert.match(await exchange(endpoint.address, huge), /^HTTP\/1.1 431 |^$/)
    assert.equal(await exchange(endpoint.address, 'CONNECT a:1 HTTP/1.1\r\nHost: tracker\r\n\r\n'), '')
  })

  it('answers one request of a connection, whatever more is sent', async t => {
    let renderings = 0
    const { endpoint } = await serving(t, patient, async () => `renderings ${++renderings}\n`)
    const many = 'GET / HTTP/1.1\r\nHost: tracker\r\n\r\n'.repeat(1_000)
    const text = await exchange(endpoint.address, many)
    assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 1)
    assert.ok(renderings <= 2)
  })

  it('ends the oldest connection when there are too many, and tells of it', async t => {
    const { endpoint, crowds } = await serving(t, patient)
    const idle = []
    for (let index = 0; index < patient.connectionsMax; index++) {
      idle.push(await openConnection(endpoint.address))
    }
    assert.deepEqual(crowds, [])
    const first = once(idle[0].resume(), 'close')
    assert.equal((await get(endpoint.address)).status, 200)
    await first
    assert.deepEqual(crowds, [patient.connectionsMax])
    assert.ok(endpoint.connections <= patient.connectionsMax)
    for (const socket of idle) socket.destroy()
  })

  it('gives a client that sends its headers slowly only so long', async t => {
    const { endpoint } = await serving(t, { ...patient, requestTimeoutMs: 100 })
    assert.match(await exchange(endpoint.address, 'GET / HTTP/1.1\r\nHost: tra'), /^HTTP\/1.1 408 /)
  })

  it('gives a client that does not read only so long', async t => {
    // Its time passes when the test says so, and not before the answer has begun.
    t.mock.timers.enable({ apis: ['setTimeout'] })
    // More than the kernel buffers for both ends of a connection.
    const text = 'x'.repeat(16 * 1024 ** 2)
    const { endpoint } = await serving(t, patient, async () => text)
    const socket = await openConnection(endpoint.address)
    let bytes = 0
    socket.on('data', chunk => {
      bytes += chunk.length
    })
    const begun = new Promise<void>(resolve =>
      socket.once('data', () => {
        socket.pause()
        resolve()
      }),
    )
    socket.resume()
    socket.write('GET / HTTP/1.1\r\nHost: tracker\r\n\r\n')
    await begun
    t.mock.timers.tick(patient.connectionLifeMs - 1)
    // Others are served meanwhile.
    assert.equal((await get(endpoint.address, '/health')).status, 200)
    assert.ok(endpoint.connections > 0)
    t.mock.timers.tick(1)
    while (endpoint.connections > 0) await turn()
    // What the server had not sent yet is given up: to this end that is a reset, sooner or later.
    const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
    socket.resume()
    await closed
    assert.ok(bytes < text.length, `${bytes} bytes of ${text.length}`)
  })

  it('closes at once, with connections open', async t => {
    const { endpoint } = await serving(t, patient)
    const { address } = endpoint
    const socket = await openConnection(address)
    const ended = once(socket.resume(), 'close')
    await endpoint.close()
    await endpoint.close()
    await ended
    await assert.rejects(openConnection(address), { code: 'ECONNREFUSED' })
  })
})
