// Listeners of the native engine: what they refuse and how they say so, Unix-domain sockets, descriptors passed in.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { loadLibc } from '../../src/net/native/libc.js'
import {
  adoptStreamListener,
  closeStreamListener,
  isTcpAddressTaken,
  type OpenStreamListener,
  openTcpListener,
  openUnixListener,
} from '../../src/net/native/stream-listener.js'
import { NativeStreamServer } from '../../src/net/native/stream-server.js'
import { NodeStreamServer } from '../../src/net/node/stream-server.js'
import { engineMissing, meets } from '../support/requirement.js'
import { LineProtocol, limits, pump } from './stream-fixture.js'

const common = { protocol: 'http', backlog: 16 }

function tcp(t: TestContext, address: string, port = 0): OpenStreamListener {
  const listener = openTcpListener({ ...common, address: { address, port }, onlyIpv6: true })
  t.after(() => closeStreamListener(listener))
  return listener
}

function portOf({ address }: OpenStreamListener): number {
  return 'port' in address ? address.port : assert.fail('no port')
}

function refusal(open: () => unknown): AquaticError {
  try {
    open()
  } catch (error) {
    if (error instanceof AquaticError) return error
    throw error
  }
  return assert.fail('it was opened')
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-listener-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function serve(t: TestContext, listeners: readonly OpenStreamListener[]): NativeStreamServer {
  const server = new NativeStreamServer({ listeners, limits, protocol: streams => new LineProtocol(streams) })
  pump(t, server)
  return server
}

async function ask(
  t: TestContext,
  where: { path: string } | { port: number; host: string },
): Promise<string> {
  const socket = connect(where)
  t.after(() => socket.destroy())
  socket.end('finish bye\n')
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  await once(socket, 'end')
  return text
}

describe('native stream listeners', () => {
  it('shares a port among listeners of its own, and sees when another program has it', async t => {
    if (!meets(t, engineMissing('native'))) return
    const first = tcp(t, '127.0.0.1')
    const address = { address: '127.0.0.1', port: portOf(first) }
    tcp(t, '127.0.0.1', address.port)
    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    const taken = { address: '127.0.0.1', port: (other.address() as { port: number }).port }
    assert.equal(isTcpAddressTaken({ ...common, address: taken, onlyIpv6: true }), true)
    assert.equal(isTcpAddressTaken({ ...common, address: { ...taken, port: 0 }, onlyIpv6: true }), false)
    const error = refusal(() => openTcpListener({ ...common, address: taken, onlyIpv6: true }))
    assert.equal(error.code, 'AQ_BIND_IN_USE')
    assert.match(error.message, /^Cannot listen on http 127\.0\.0\.1:\d+: another program uses this port/)
  })

  it('serves IPv4 and IPv6 with one server', async t => {
    if (!meets(t, engineMissing('native'))) return
    const listeners = [tcp(t, '127.0.0.1'), tcp(t, '::1')]
    serve(t, listeners)
    assert.equal(await ask(t, { host: '127.0.0.1', port: portOf(listeners[0]) }), 'bye\n')
    assert.equal(await ask(t, { host: '::1', port: portOf(listeners[1]) }), 'bye\n')
  })

  it('refuses an address that this machine does not have', t => {
    if (!meets(t, engineMissing('native'))) return
    const open = (): unknown =>
      openTcpListener({ ...common, address: { address: '192.0.2.1', port: 0 }, onlyIpv6: true })
    assert.equal(refusal(open).code, 'AQ_BIND_ADDRESS')
  })

  it('serves a Unix-domain socket with the mode asked for, and removes its file', async t => {
    if (!meets(t, engineMissing('native'))) return
    const path = join(scratch(t), 'http.sock')
    const listener = openUnixListener({ ...common, path, mode: 0o660 })
    const server = serve(t, [listener])
    assert.equal(statSync(path).mode & 0o777, 0o660)
    assert.equal(await ask(t, { path }), 'bye\n')
    assert.equal(server.families[0], 0)
    closeStreamListener(listener)
    assert.equal(existsSync(path), false)
  })

  it('replaces a socket file that nobody listens on, and no other', t => {
    if (!meets(t, engineMissing('native'))) return
    const directory = scratch(t)
    const path = join(directory, 'http.sock')
    const options = { ...common, path, mode: 0o600 }
    // Closed without removing its file, as the kernel does for a program that is killed.
    loadLibc().close(openUnixListener(options).fd)
    assert.equal(existsSync(path), true)
    const listener = openUnixListener(options)
    assert.equal(refusal(() => openUnixListener(options)).code, 'AQ_BIND_IN_USE')
    closeStreamListener(listener)
    const file = join(directory, 'file')
    writeFileSync(file, 'kept')
    const error = refusal(() => openUnixListener({ ...options, path: file }))
    assert.equal(error.code, 'AQ_BIND_IN_USE')
    assert.equal(statSync(file).size, 'kept'.length)
  })

  it('says what is wrong with a path', t => {
    if (!meets(t, engineMissing('native'))) return
    const directory = scratch(t)
    const open = (path: string): AquaticError =>
      refusal(() => openUnixListener({ ...common, path, mode: 0o600 }))
    assert.match(open('').message, /empty or too long/)
    assert.match(open(join(directory, 'x'.repeat(108))).message, /empty or too long/)
    assert.match(
      open(join(directory, 'missing', 'http.sock')).message,
      /the directory does not exist \(ENOENT\)/,
    )
  })

  it('takes over a listener passed in, and nothing else', async t => {
    if (!meets(t, engineMissing('native'))) return
    const listener = tcp(t, '127.0.0.1')
    const adopted = adoptStreamListener(listener.fd)
    assert.deepEqual(adopted, listener)
    serve(t, [adopted as OpenStreamListener])
    assert.equal(await ask(t, { host: '127.0.0.1', port: portOf(listener) }), 'bye\n')
    const libc = loadLibc()
    const datagrams = libc.socket(2, 2, 0)
    t.after(() => libc.close(datagrams))
    assert.equal(adoptStreamListener(datagrams), undefined)
    const notListening = libc.socket(2, 1, 0)
    t.after(() => libc.close(notListening))
    assert.equal(adoptStreamListener(notListening), undefined)
    assert.equal(adoptStreamListener(999), undefined)
  })
})

describe('node stream listeners', () => {
  it('serve a Unix-domain socket with the mode asked for, and replace one that nobody listens on', async t => {
    const path = join(scratch(t), 'http.sock')
    const open = (): Promise<NodeStreamServer> =>
      NodeStreamServer.open({
        listeners: [{ ...common, address: { path }, onlyIpv6: true, mode: 0o660 }],
        limits,
        protocol: streams => new LineProtocol(streams),
      })
    const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', program])
    assert.equal(existsSync(path), true)
    const server = await open()
    t.after(() => server.closeAll())
    assert.equal(statSync(path).mode & 0o777, 0o660)
    assert.equal(await ask(t, { path }), 'bye\n')
    assert.equal(server.families[0], 0)
    await assert.rejects(open(), /^AquaticError: Cannot listen on http .*: another program listens there/)
  })

  it('say why an address can not be listened on', async t => {
    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    const address = { address: '127.0.0.1', port: (other.address() as { port: number }).port }
    const opening = NodeStreamServer.open({
      listeners: [{ ...common, address, onlyIpv6: true }],
      limits,
      protocol: streams => new LineProtocol(streams),
    })
    await assert.rejects(opening, /another program uses this port \(EADDRINUSE\)/)
  })
})
