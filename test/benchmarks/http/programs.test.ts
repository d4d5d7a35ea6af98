// The minimal server and the two load programs of the HTTP benchmark, as processes that talk to each other.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { announce } from '../../../benchmarks/http/announce.js'
import { findFreePort, inspectAnswers, waitUntilAnswering } from '../../../benchmarks/http/readiness.js'
import { parseLoadOutput } from '../../../benchmarks/http/yardstick.js'
import { type Child, runPinned, startPinned } from '../../../benchmarks/support/children.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../../support/certificates.js'
import { meets } from '../../support/requirement.js'

const core = 0
const notLinux = { 'taskset is a program of Linux': process.platform !== 'linux' }

function start(
  t: TestContext,
  program: string,
  args: readonly string[],
  onStdout?: (text: string) => void,
): Child {
  const path = fileURLToPath(new URL(`../../../benchmarks/http/${program}.js`, import.meta.url))
  const child = startPinned({ command: process.execPath, args: [path, ...args], core, onStdout })
  t.after(() => child.stop())
  return child
}

async function startMinimalServer(t: TestContext, certificate: readonly string[]): Promise<number> {
  const port = await findFreePort()
  const server = start(t, 'minimal-server', [String(port), ...certificate])
  await waitUntilAnswering(port, certificate.length > 0, server.exited)
  return port
}

test('the minimal server answers with as many peers as are wanted', { timeout: 120_000 }, async t => {
  if (!meets(t, notLinux)) return
  const port = await startMinimalServer(t, [])
  const { peersPerAnnounce, bytesPerResponse } = await inspectAnswers(port, false)
  assert.equal(peersPerAnnounce, 30)
  assert.ok(bytesPerResponse > 180)
})

test('waiting ends when the tracker ends', async () => {
  const port = await findFreePort()
  await assert.rejects(waitUntilAnswering(port, false, Promise.resolve('it died')), /it died/)
})

test('handshakes are resumed where that is asked for, all of them, and else none', {
  timeout: 120_000,
}, async t => {
  if (!meets(t, { ...notLinux, ...opensslMissing() })) return
  const files = makeCertificate(scratchDirectory(t), 'benchmark', { commonName: 'localhost' })
  const port = await startMinimalServer(t, [files.certificatePath, files.keyPath])
  const load = fileURLToPath(new URL('../../../benchmarks/http/handshake-load.js', import.meta.url))
  const command = process.execPath
  for (const [mode, share] of [
    ['resumed', 1],
    ['full', 0],
  ] as const) {
    const args = [load, String(port), '0.2', mode]
    const counts = parseLoadOutput(await runPinned({ command, args, core }))
    assert.ok(counts.responses > 0)
    assert.deepEqual([counts.failed, counts.resumedShare], [0, share])
  }
})

test('idle connections are open together until they are told to end', { timeout: 120_000 }, async t => {
  if (!meets(t, notLinux)) return
  const port = await startMinimalServer(t, [])
  const opened = new EventEmitter()
  const holder = start(t, 'idle-connections', [String(port), '300'], text => opened.emit('text', text))
  assert.deepEqual(await Promise.race([once(opened, 'text'), holder.exited]), ['open 300\n'])
  await holder.stop('SIGTERM')
  assert.equal(holder.stdout(), 'open 300\nleft 300\n')
  assert.equal((await announce(port, false, 0, 0)).status, 200)
})

test('idle connections that are refused are an error with its cause', { timeout: 120_000 }, async t => {
  if (!meets(t, notLinux)) return
  const holder = start(t, 'idle-connections', [String(await findFreePort()), '3'])
  assert.equal(await holder.exited, 'ended with exit code 1')
  assert.match(holder.stderr(), /ECONNREFUSED/)
})
