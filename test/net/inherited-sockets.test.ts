import assert from 'node:assert/strict'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  findInheritedStreamListener,
  findInheritedUdpSocket,
  inheritedDescriptors,
  localAddressOf,
  unixListenerPath,
} from '../../src/net/inherited-sockets.js'
import { loadLibc } from '../../src/net/native/libc.js'
import {
  adoptStreamListener,
  closeStreamListener,
  openTcpListener,
  openUnixListener,
} from '../../src/net/native/stream-listener.js'
import { adoptUdpSocket, closeUdpSocket, openUdpSocket } from '../../src/net/native/udp-open.js'
import { engineMissing, meets } from '../support/requirement.js'
import { hasIpv6Loopback } from '../support/tracker-process.js'

const options = { onlyIpv6: true, receiveBufferBytes: 0, sendBufferBytes: 0, answerBytesMax: 1000 }

describe('inherited sockets', () => {
  it('are numbered from 3 and named, for the process that LISTEN_PID names', () => {
    const variables = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'udp4:udp6' }
    assert.deepEqual(inheritedDescriptors(variables, 7), [
      { fd: 3, name: 'udp4' },
      { fd: 4, name: 'udp6' },
      { fd: 5, name: 'unknown' },
    ])
    assert.deepEqual(inheritedDescriptors(variables, 8), [])
    assert.deepEqual(inheritedDescriptors({ LISTEN_FDS: '3' }, 7), [])
    assert.deepEqual(inheritedDescriptors({ LISTEN_PID: '7' }, 7), [])
    assert.deepEqual(inheritedDescriptors({ LISTEN_PID: '7', LISTEN_FDS: '0' }, 7), [])
  })

  it('refuses numbers that make no sense', () => {
    for (const count of ['', '-1', 'two', '1.5', '4097', '99999999']) {
      assert.throws(() => inheritedDescriptors({ LISTEN_PID: '7', LISTEN_FDS: count }, 7), /LISTEN_FDS is/)
    }
  })

  it('reads addresses from the tables of /proc', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '  12: 0100007F:0BB8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0',
      '  13: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 07 ' +
        '00000000:00000000 00:00000000 00000000     0        0 4712 2 0 0',
    ].join('\n')
    assert.deepEqual(localAddressOf(table, '4711'), { address: '127.0.0.1', port: 3000 })
    assert.deepEqual(localAddressOf(table, '4712'), { address: '::1', port: 8080 })
    assert.equal(localAddressOf(table, '471'), undefined)
  })

  it('both ways to look at a real socket agree', t => {
    if (!meets(t, engineMissing('native'))) return
    for (const address of ['127.0.0.1', ...(hasIpv6Loopback() ? ['::1', '::'] : [])]) {
      const socket = openUdpSocket({ ...options, address: { address, port: 0 } })
      const adopted = adoptUdpSocket(socket.fd, options)
      assert.deepEqual(adopted, socket)
      const { fd, family } = socket
      assert.deepEqual(findInheritedUdpSocket(fd), { fd, family, address: socket.address })
      closeUdpSocket(socket)
    }
  })

  it('reads paths of listening Unix sockets from the table of /proc', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/with space/http.sock',
      '0000000000000000: 00000002 00000000 00010000 0001 01 12 @abstract',
      '0000000000000000: 00000003 00000000 00000000 0001 03 13 /run/connected',
      '0000000000000000: 00000002 00000000 00000000 0002 01 14 /run/datagrams',
      '0000000000000000: 00000002 00000000 00010000 0005 01 15 /run/packets',
      '0000000000000000: 00000003 00000000 00000000 0001 03 16',
    ].join('\n')
    const paths = ['11', '12', '13', '14', '15', '16', '1'].map(inode => unixListenerPath(table, inode))
    assert.deepEqual(paths.slice(0, 2), ['/run/with space/http.sock', '@abstract'])
    assert.deepEqual(paths.slice(2), new Array(5).fill(undefined))
  })

  it('both ways to look at a real listener agree', t => {
    if (!meets(t, engineMissing('native'))) return
    const common = { protocol: 'test', backlog: 1, onlyIpv6: true }
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-inherited-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const listeners = [
      ...['127.0.0.1', ...(hasIpv6Loopback() ? ['::1', '::'] : [])].map(address =>
        openTcpListener({ ...common, address: { address, port: 0 } }),
      ),
      openUnixListener({ ...common, path: join(directory, 'http.sock'), mode: 0o600 }),
    ]
    for (const listener of listeners) {
      // What was passed in is not removed when it is closed.
      assert.deepEqual(adoptStreamListener(listener.fd), { ...listener, ownsFile: false })
      const { fd, address } = listener
      assert.deepEqual(findInheritedStreamListener(fd), { fd, address })
      closeStreamListener(listener)
    }
  })

  it('anything else is no listener', t => {
    if (!meets(t, engineMissing('native'))) return
    const libc = loadLibc()
    const sockets = [libc.socket(2, 1, 0), libc.socket(2, 2, 0), libc.socket(1, 1, 0), libc.socket(1, 2, 0)]
    const file = openSync('/dev/null', 'r')
    for (const fd of [...sockets, file, 9999]) {
      assert.equal(adoptStreamListener(fd), undefined)
      assert.equal(findInheritedStreamListener(fd), undefined)
    }
    for (const fd of [...sockets, file]) libc.close(fd)
  })

  it('anything else is no UDP socket', t => {
    if (!meets(t, engineMissing('native'))) return
    const libc = loadLibc()
    const tcp = libc.socket(2, 1, 0)
    const unix = libc.socket(1, 2, 0)
    const file = openSync('/dev/null', 'r')
    for (const fd of [tcp, unix, file, 9999]) {
      assert.equal(adoptUdpSocket(fd, options), undefined)
      assert.equal(findInheritedUdpSocket(fd), undefined)
    }
    const unbound = libc.socket(2, 2, 0)
    assert.throws(() => adoptUdpSocket(unbound, options), /is not bound/)
    for (const fd of [tcp, unix, file, unbound]) libc.close(fd)
  })
})
