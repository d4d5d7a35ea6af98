// Counters of the kernel: from texts, and from this machine.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import {
  parseDatagramDrops,
  parseProcessorTicks,
  readClockSource,
  readDatagramDrops,
  readProcessorTicks,
} from '../../src/loadtest/kernel-counters.js'

const isLinux = process.platform === 'linux'

const snmp = `Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 1195042
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 1186527398 100276 96745 1186944598 96700 12 5 0 40
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
UdpLite: 1 2 3 4 5 6 7 8 9
`
const snmp6 = `Ip6InReceives                   \t9
Udp6InErrors                    \t7
Udp6RcvbufErrors                \t4
Udp6SndbufErrors                \t3
Udp6MemErrors                   \t1
UdpLite6RcvbufErrors            \t1000
`

describe('datagrams that the kernel dropped', () => {
  it('are those without room, of both families', () => {
    assert.deepEqual(parseDatagramDrops(snmp, snmp6), { received: 96_745, sent: 15 })
    assert.deepEqual(parseDatagramDrops(snmp, ''), { received: 96_740, sent: 12 })
  })

  it('are known to older kernels with fewer columns', () => {
    const older =
      'Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 1 2 3 4 5 6\n'
    assert.deepEqual(parseDatagramDrops(older, ''), { received: 5, sent: 6 })
  })

  it('are unknown without the file', () => {
    assert.equal(parseDatagramDrops('', ''), null)
    assert.equal(parseDatagramDrops('Tcp: a\nTcp: 1\n', snmp6), null)
  })

  it('rise on this machine when a socket is not read', { skip: !isLinux }, async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const sender = createSocket('udp4')
    sender.connect(socket.address().port, '127.0.0.1')
    await once(sender, 'connect')
    const before = readDatagramDrops()
    // Nothing is read before this function waits for something: the buffer has room for some hundred.
    const datagram = Buffer.alloc(1024)
    for (let sent = 0; sent < 5_000; sent++) sender.send(datagram)
    const after = readDatagramDrops()
    sender.close()
    socket.close()
    assert.ok(before !== null && after !== null)
    assert.ok(after.received > before.received, `${after.received} after ${before.received}`)
  })
})

describe("the processors' time", () => {
  it('is the sum of the columns that are no parts of others', () => {
    const stat = 'cpu  10 1 5 100 4 0 2 8 3 1\ncpu0 5 1 2 50 2 0 1 4 1 1\nintr 1\n'
    assert.deepEqual(parseProcessorTicks(stat), { all: 130, idle: 104, stolen: 8 })
  })

  it('is unknown without the file, or with too few columns', () => {
    assert.equal(parseProcessorTicks(''), null)
    assert.equal(parseProcessorTicks('cpu  10 1 5 100\n'), null)
  })

  it('can be read here', { skip: !isLinux }, () => {
    const ticks = readProcessorTicks()
    assert.ok(ticks !== null && ticks.all > 0 && ticks.stolen >= 0 && ticks.stolen <= ticks.all)
    assert.match(readClockSource() ?? 'none', /^[a-z][\w-]*$/)
  })
})
