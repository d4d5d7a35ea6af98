// Short answers are sent together. Over a Unix socket, whose buffers are small, so that the system soon takes no more.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { closeStreamListener, openUnixListener } from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import { StreamCounter } from '../../src/net/stream.js'
import { scratchDirectory } from '../support/certificates.js'
import { engineMissing, meets } from '../support/requirement.js'
import { LineProtocol, limits, pump } from './stream-fixture.js'

/** A server of the line protocol, and a client that reads nothing yet. */
async function startWithSilentClient(t: TestContext) {
  const path = join(scratchDirectory(t), 'socket')
  const listener = openUnixListener({ protocol: 'test', backlog: 10, path, mode: 0o600 })
  let protocol: LineProtocol | undefined
  const server = new NativeStreamServer({
    listeners: [listener],
    limits,
    clock: () => 1000,
    protocol: created => {
      protocol = new LineProtocol(created)
      return protocol
    },
  })
  t.after(() => closeStreamListener(listener))
  pump(t, server)
  const client = connect(path)
  t.after(() => client.destroy())
  await once(client, 'connect')
  return { client, protocol: protocol as unknown as LineProtocol, server }
}

const line = `${'y'.repeat(900)}\n`

it('keeps what the system does not take of an answer, and sends it before the next', async t => {
  if (!meets(t, engineMissing('native'))) return
  const { client, protocol, server } = await startWithSilentClient(t)
  await protocol.until(() => protocol.opened.length === 1)
  let answers = 0
  for (; server.keptOutputBytes(protocol.opened[0]) === 0; answers++) {
    client.write(`echo ${line}`)
    await protocol.until(() => protocol.shown.length > answers)
  }
  client.write('echo after\n')
  let received = ''
  for await (const chunk of client.setEncoding('latin1')) {
    received += chunk
    if (received.endsWith('after\n')) break
  }
  assert.equal(received, `${line.repeat(answers)}after\n`)
  assert.equal(server.counters[StreamCounter.bytesSent], received.length)
})

it('finishes behind its answer, wherever the system stops taking it', async t => {
  if (!meets(t, engineMissing('native'))) return
  // With each, a little less of the last answer finds room.
  for (let bytes = 100_000; bytes < 240_000; bytes += 700) {
    const { client, protocol } = await startWithSilentClient(t)
    client.write(`bytes ${bytes}\nfinish ${line}`)
    await protocol.until(() => protocol.shown.some(text => text.includes('finish')) || bytes > 150_000)
    let received = ''
    for await (const chunk of client.setEncoding('latin1')) received += chunk
    assert.equal(received, `${'x'.repeat(bytes)}\n${line}`)
  }
})
