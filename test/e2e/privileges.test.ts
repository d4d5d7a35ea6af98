// `[privileges]`: the rights of every thread after the start, and what is refused. Needs root, as CI has it.

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { F_SETFL, O_NONBLOCK } from '../../src/net/native/constants.js'
import { loadLibc } from '../../src/net/native/libc.js'
import { closeUdpSocket, openUdpSocket } from '../../src/net/native/udp-open.js'
import { startProcess } from '../support/child-process.js'
import { asArguments, assertDropped, drop, isRoot, scratchRoot } from '../support/privileges.js'
import {
  binaryArguments,
  cleanEnvironment,
  startBinary,
  startTracker,
  type TrackerProcess,
} from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { connectRequest, infoHash } from '../support/udp-messages.js'

/** Announces over each address family from several ports, so that each worker is met. */
async function assertAnswers(tracker: TrackerProcess): Promise<void> {
  for (const { address, port } of tracker.listening) {
    const clients = await Promise.all(Array.from({ length: 8 }, () => UdpClient.connected({ address, port })))
    for (const [index, client] of clients.entries()) {
      const { leechers } = await client.announce({ infoHash: infoHash(port), port: 1000 + index })
      assert.equal(leechers, index)
      client.close()
    }
  }
}

const loopback = { 'network.use_ipv6': false, 'network.address_ipv4': '127.0.0.1:0' }

describe('privileges', () => {
  it('all threads lose theirs, with both address families and several workers, and the tracker answers', async t => {
    if (!isRoot(t)) return
    const root = scratchRoot(t)
    const settings = { ...drop({ chroot_path: root }), 'network.engine': 'native', socket_workers: 3 }
    const tracker = await startTracker(t, { settings })
    assertDropped(tracker, root)
    assert.match((await tracker.process.waitForLines('stdout', /privileges dropped/))[0], /nobody/)
    await assertAnswers(tracker)
    const { code, stdout, stderr } = await tracker.stop()
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /"event":"stopped"/)
  })

  it('the node engine changes group and user', async t => {
    if (!isRoot(t)) return
    const settings = { ...drop({ chroot_path: '/' }), 'network.engine': 'node' }
    const tracker = await startTracker(t, { settings })
    assertDropped(tracker, '/')
    await assertAnswers(tracker)
    assert.equal((await tracker.stop()).code, 0)
  })

  it('refuses what can not be done, in one sentence each, with exit code 1', async t => {
    if (!isRoot(t)) return
    const cases: readonly [Record<string, string | boolean>, RegExp][] = [
      [{ 'privileges.user': 'no-such-user' }, /There is no user "no-such-user" .*\(privileges\.user\)/],
      [{ 'privileges.group': 'no-such-group' }, /There is no group "no-such-group" .*\(privileges\.group\)/],
      [{ 'privileges.user': 'root' }, /privileges\.user = "root" is root itself/],
      [{ 'privileges.chroot_path': '/no/such/directory' }, /can't be the root directory \(ENOENT\)/],
      [{ 'privileges.chroot_path': process.execPath }, /is no directory/],
      [{ 'network.engine': 'node' }, /chroot_path = "\." .* which the node engine can't change to/],
    ]
    for (const [settings, expected] of cases) {
      const args = asArguments({ ...loopback, ...drop({}), ...settings })
      const { code, stdout, stderr } = await startBinary(t, ['serve', 'udp', ...args], {}).ended
      assert.deepEqual([code, stdout], [1, ''], stderr)
      assert.match(stderr, expected)
      assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr)
      assert.match(stderr, /^ {2}try: /m)
    }
  })

  it('says to an ordinary user that there is nothing to give up', async t => {
    if (!isRoot(t)) return
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
    const args = binaryArguments('serve', 'udp', ...asArguments({ ...loopback, ...drop({}) }))
    const child = startProcess(t, 'setpriv', [...asNobody, ...args], { env: cleanEnvironment() })
    const { code, stderr } = await child.ended
    assert.equal(code, 1, stderr)
    assert.match(
      stderr,
      /error: privileges\.drop_privileges needs the rights of root, .* runs as user 65534\./,
    )
  })

  it('reads no packet before: where the step fails, what came is still in the socket', async t => {
    if (!isRoot(t)) return
    const options = { onlyIpv6: true, receiveBufferBytes: 0, sendBufferBytes: 0, answerBytesMax: 1000 }
    const socket = openUdpSocket({ ...options, address: { address: '127.0.0.1', port: 0 } })
    const client = await UdpClient.open(socket.address)
    t.after(() => {
      client.close()
      closeUdpSocket(socket)
    })
    client.send(connectRequest(77))
    const listen = 'LISTEN_FDS=1 LISTEN_PID=$$ exec setpriv --bounding-set=-sys_chroot "$@"'
    const args = binaryArguments('serve', 'udp', ...asArguments(drop({ chroot_path: scratchRoot(t) })))
    const child = startProcess(t, 'sh', ['-c', listen, 'sh', process.execPath, ...args], {
      env: cleanEnvironment(),
      passDescriptors: [socket.fd],
    })
    const { code, stderr } = await child.ended
    assert.equal(code, 1, stderr)
    assert.match(stderr, /error: Cannot change the root directory to .*chroot: EPERM/)
    assert.match(stderr, /try: give the process CAP_SYS_CHROOT/)
    // Were the packet gone, a read would wait for ever.
    loadLibc().fcntl(socket.fd, F_SETFL, O_NONBLOCK)
    const packet = Buffer.alloc(100)
    assert.equal(readSync(socket.fd, packet), 16)
    assert.equal(packet.readInt32BE(12), 77)
    assert.deepEqual(client.received, [])
  })

  it('reads the access list again, from its path below the new root directory and as the new user', async t => {
    if (!isRoot(t)) return
    const root = scratchRoot(t)
    chmodSync(root, 0o755)
    const outside = join(scratchRoot(t), 'list.txt')
    const hex = (number: number): string => infoHash(number).toString('hex')
    writeFileSync(outside, hex(1))
    mkdirSync(join(root, dirname(outside)), { recursive: true })
    const settings = { 'access_list.mode': 'allow', 'access_list.path': outside }
    const dropping = { ...drop({ chroot_path: root }), 'network.engine': 'native', ...settings }
    const tracker = await startTracker(t, { families: [4], settings: dropping })
    const client = await UdpClient.connected({ address: '127.0.0.1', port: tracker.port(4) })
    const action = async (number: number): Promise<number> =>
      (await client.request(client.announcePacket({ infoHash: infoHash(number) }))).readInt32BE(0)
    assert.deepEqual([await action(1), await action(2)], [1, 3])
    tracker.process.signal('SIGUSR1')
    await tracker.process.waitForLines('stdout', /"access list not updated.*: there is no such file\./)
    writeFileSync(join(root, outside), hex(2))
    tracker.process.signal('SIGUSR1')
    await tracker.process.waitForLines('stdout', /"access list updated: 1 info hash"/)
    assert.deepEqual([await action(1), await action(2)], [3, 1])
    client.close()
    assert.equal((await tracker.stop()).code, 0)
  })

  it('page, document and export that the new user may not write are each said once, and nobody else notices', async t => {
    if (!isRoot(t)) return
    // A directory of root's, as it is where somebody forgot to give it to the new user.
    const root = scratchRoot(t)
    chmodSync(root, 0o755)
    const files = ['page.html', 'statistics.json', 'export.txt'].map(name => join(root, name))
    const tracker = await startTracker(t, {
      families: [4],
      settings: {
        ...drop({ chroot_path: '/' }),
        'cleaning.torrent_cleaning_interval': 1,
        'statistics.interval': 1,
        'statistics.print_to_stdout': true,
        'statistics.write_html_to_file': true,
        'statistics.html_file_path': files[0]!,
        'statistics.write_json_to_file': true,
        'statistics.json_file_path': files[1]!,
        'scrape_exports.enable_scrape_exports': true,
        'scrape_exports.frequency': 1,
        'scrape_exports.path': files[2]!,
      },
    })
    const client = await UdpClient.connected({ address: '127.0.0.1', port: tracker.port(4) })
    for (const file of files)
      await tracker.process.waitForLines(
        'stdout',
        new RegExp(`can't be written to ${file} \\(permission is denied in `),
      )
    // Three exports and two rounds of both files at least; no interval need see exactly so many.
    const failed = /"scrapeExports":\{"written":0,"failed":([3-9]|\d{2,})\}.*"outputFailures":([4-9]|\d{2,})/
    await tracker.process.waitForLines('stdout', failed)
    assert.equal((await client.announce({ infoHash: infoHash(1), port: 1 })).leechers, 0)
    client.close()
    const { code, stdout } = await tracker.stop()
    assert.equal(code, 0)
    assert.equal(stdout.match(/can't be written to/g)?.length, files.length)
  })

  it('ends when a worker fails after the change of the root directory, and says why', async t => {
    if (!isRoot(t)) return
    const fixture = fileURLToPath(new URL('../fixtures/tracker-losing-its-socket.js', import.meta.url))
    const settings = ['privileges.drop_privileges=true', `privileges.chroot_path=${scratchRoot(t)}`]
    const child = startProcess(t, process.execPath, [fixture, ...settings], { env: cleanEnvironment() })
    const { code, stdout, stderr } = await child.ended
    assert.equal(code, 1, stderr)
    assert.match(
      stderr,
      /^AQ_WORKER_FAILED Worker socket-01 failed: .*EBADF.* can't be started again: since the/,
    )
    assert.match(stdout, /"event":"listening"/)
    assert.doesNotMatch(stdout, /worker-restarted/)
  })
})
