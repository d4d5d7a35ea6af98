// The servers and the load programs of the WebTorrent benchmark, as processes that talk to each other.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../../benchmarks/http/readiness.js'
import { startPinned } from '../../../benchmarks/support/children.js'
import { announce, waitUntilAnswering } from '../../../benchmarks/ws/client.js'
import { parseResult } from '../../../benchmarks/ws/loads.js'
import { Holder } from '../../../benchmarks/ws/measure.js'
import { offersPerAnnounce } from '../../../benchmarks/ws/messages.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../../support/certificates.js'
import { engineMissing, meets } from '../../support/requirement.js'

const core = 0
/** Everything is pinned, which is Linux's, and the loads call the system as the native engine does. */
const missing = { 'taskset is a program of Linux': process.platform !== 'linux', ...engineMissing('native') }

type Server = 'minimal-server' | 'bittorrent-tracker-server'

async function startServer(
  t: TestContext,
  server: Server,
  certificate: readonly string[] = [],
): Promise<number> {
  const port = await findFreePort()
  const path = fileURLToPath(new URL(`../../../benchmarks/ws/${server}.js`, import.meta.url))
  const args = [path, String(port), ...certificate]
  const child = startPinned({ command: process.execPath, args, core })
  t.after(() => child.stop())
  await waitUntilAnswering(port, certificate.length > 0, child.exited)
  return port
}

function hold(
  t: TestContext,
  program: 'offers-load' | 'idle-connections',
  port: number,
  count: number,
): Holder {
  const holder = new Holder(program, port, count, core)
  t.after(() => holder.stop())
  return holder
}

for (const server of ['minimal-server', 'bittorrent-tracker-server'] as const) {
  test(`${server}: offers are relayed, answered and counted, again and again`, {
    timeout: 120_000,
  }, async t => {
    if (!meets(t, missing)) return
    const port = await startServer(t, server)
    // Two torrents of fifty peers: every offer finds a peer of its own.
    const load = hold(t, 'offers-load', port, 100)
    await load.waitForLine('open 100')
    let [announces, answers] = [0, 0]
    // A second run goes on with what the first left under way.
    for (let run = 0; run < 2 || answers === 0; run++) {
      load.write('0.2\n')
      const { responses, failed, relay } = parseResult(await load.waitForLine('responses '))
      assert.equal(responses, relay!.offers + relay!.answers)
      assert.equal(failed, 0)
      announces += relay!.announces
      answers += relay!.answers
    }
    assert.ok(answers <= offersPerAnnounce * announces, `${answers} answers to ${announces} announces`)
  })

  test(`${server}: announces are answered over TLS`, { timeout: 120_000 }, async t => {
    if (!meets(t, { ...missing, ...opensslMissing() })) return
    const files = makeCertificate(scratchDirectory(t), 'benchmark', { commonName: 'localhost' })
    const port = await startServer(t, server, [files.certificatePath, files.keyPath])
    assert.match(await announce(port, true), /"action":"announce"/)
  })
}

test('idle connections are open together until they are told to end', { timeout: 120_000 }, async t => {
  if (!meets(t, missing)) return
  const port = await startServer(t, 'minimal-server')
  const holder = hold(t, 'idle-connections', port, 300)
  assert.equal(await holder.waitForLine('open '), 'open 300\n')
  assert.match(await announce(port, false), /"complete"/)
  holder.endInput()
  assert.equal(await holder.waitForLine('left '), 'left 300\n')
})

test('connections that are refused are an error with its cause', { timeout: 120_000 }, async t => {
  if (!meets(t, missing)) return
  const holder = hold(t, 'idle-connections', await findFreePort(), 3)
  await assert.rejects(
    holder.waitForLine('open '),
    /ended with exit code 1: connection 0: not connected, errno 111/,
  )
})

test('waiting ends when the tracker ends', async () => {
  await assert.rejects(waitUntilAnswering(await findFreePort(), false, Promise.resolve('it died')), /it died/)
})
