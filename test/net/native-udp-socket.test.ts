// The native engine's socket on its own: batches, cut datagrams, dropped answers, send errors, lost sockets.

import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { closeUdpSocket, type OpenUdpSocket, openUdpSocket } from '../../src/net/native/udp-open.js'
import { NativeUdpPoll } from '../../src/net/native/udp-poll.js'
import { NativeUdpSocket } from '../../src/net/native/udp-socket.js'

const BATCH = 8
const TIMEOUT_MS = 5_000

function open(t: TestContext, address = '127.0.0.1', onlyIpv6 = true): OpenUdpSocket {
  const socket = openUdpSocket({
    address: { address, port: 0 },
    onlyIpv6,
    receiveBufferBytes: 0,
    sendBufferBytes: 0,
    answerBytesMax: 1000,
  })
  t.after(() => closeUdpSocket(socket))
  return socket
}

async function client(t: TestContext, type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const socket = createSocket(type)
  t.after(() => socket.close())
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
  await once(socket, 'listening')
  return socket
}

async function send(from: Socket, to: number, address: string, ...packets: Buffer[]): Promise<void> {
  await Promise.all(
    packets.map(
      packet =>
        new Promise<void>((resolve, reject) => {
          from.send(packet, to, address, error => (error === null ? resolve() : reject(error)))
        }),
    ),
  )
}

/** Resolves with the next `count` datagrams. */
function nextMessages(socket: Socket, count: number): Promise<Buffer[]> {
  return new Promise(resolve => {
    const messages: Buffer[] = []
    socket.on('message', message => {
      messages.push(message)
      if (messages.length === count) resolve(messages)
    })
  })
}

/** Receives until the socket has given `count` datagrams, answering each by `answer`. */
function serve(socket: NativeUdpSocket, count: number, answer: (slot: number) => number): void {
  const poll = new NativeUdpPoll([socket], TIMEOUT_MS)
  let seen = 0
  while (seen < count) {
    assert.equal(poll.receive(), socket, 'a datagram in time')
    for (let slot = 0; slot < socket.batch.count; slot++)
      socket.batch.answerLengths[slot] = answer(seen + slot)
    seen += socket.batch.count
    socket.send()
  }
}

describe('native UDP socket', () => {
  it('gives source, family and length of each datagram, and answers in place', async t => {
    const opened = open(t)
    const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 100 })
    const from = await client(t)
    const answers = nextMessages(from, 3)
    await send(
      from,
      opened.address.port,
      '127.0.0.1',
      Buffer.from('a'),
      Buffer.from('bb'),
      Buffer.from('ccc'),
    )
    serve(socket, 3, slot => {
      const place = slot % BATCH
      assert.equal(socket.batch.lengths[place], slot + 1)
      assert.equal(socket.batch.families[place], 4)
      assert.equal(socket.batch.sourcePorts[place], from.address().port)
      assert.equal(socket.batch.addresses[place * 4], Buffer.from([127, 0, 0, 1]).readInt32LE())
      return slot + 1
    })
    assert.deepEqual((await answers).map(String), ['a', 'bb', 'ccc'])
    assert.equal(socket.totals.sent, 3)
  })

  it('reports the whole length of a datagram that it cuts', async t => {
    const opened = open(t)
    const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 64 })
    const from = await client(t)
    await send(from, opened.address.port, '127.0.0.1', Buffer.alloc(2000, 1))
    serve(socket, 1, slot => {
      assert.equal(socket.batch.lengths[slot], 2000)
      return 0
    })
  })

  it('sends only the slots that have an answer', async t => {
    const opened = open(t)
    const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 100 })
    const from = await client(t)
    const packets = ['0', '1', '2', '3', '4', '5', '6'].map(text => Buffer.from(text))
    // Twice, so that headers which pointed to other slots are pointed back.
    for (const [expected, wanted] of [
      [
        ['1', '4', '6'],
        [1, 4, 6],
      ],
      [
        ['0', '1', '2', '5'],
        [0, 1, 2, 5],
      ],
    ] as const) {
      const answers = nextMessages(from, expected.length)
      await send(from, opened.address.port, '127.0.0.1', ...packets)
      serve(socket, packets.length, slot => (wanted.some(place => place === slot) ? 1 : 0))
      assert.deepEqual((await answers).map(String), [...expected])
      from.removeAllListeners('message')
    }
  })

  it('skips an answer that cannot be sent and sends the others', async t => {
    const opened = open(t)
    const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 70_000 })
    const from = await client(t)
    const answers = nextMessages(from, 2)
    await send(from, opened.address.port, '127.0.0.1', Buffer.from('a'), Buffer.from('b'), Buffer.from('c'))
    // No datagram is longer than 65,507 bytes: EMSGSIZE.
    serve(socket, 3, slot => (slot === 1 ? 66_000 : 1))
    assert.deepEqual((await answers).map(String), ['a', 'c'])
    assert.deepEqual({ ...socket.totals }, { sent: 2, skipped: 1, retried: 0 })
  })

  it('throws when the socket is gone', t => {
    const opened = openUdpSocket({
      address: { address: '127.0.0.1', port: 0 },
      onlyIpv6: true,
      receiveBufferBytes: 0,
      sendBufferBytes: 0,
      answerBytesMax: 1000,
    })
    const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 100 })
    closeUdpSocket(opened)
    assert.throws(() => socket.receive(false), /recvmmsg failed: EBADF/)
    t.diagnostic('closed')
  })

  it('answers from the address that was asked, on a wildcard socket', async t => {
    for (const [address, asked, type] of [
      ['0.0.0.0', '127.0.0.5', 'udp4'],
      ['::', '::1', 'udp6'],
    ] as const) {
      const opened = open(t, address)
      assert.ok(opened.needsPacketInfo)
      const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 100 })
      const from = await client(t, type)
      const answer = once(from, 'message')
      await send(from, opened.address.port, asked, Buffer.from('x'))
      serve(socket, 1, () => 1)
      const [, source] = await answer
      assert.equal(source.address, asked)
    }
  })

  it('takes IPv4 clients of a dual-stack socket for IPv4', async t => {
    const opened = open(t, '::', false)
    const socket = new NativeUdpSocket(opened, { batchSize: BATCH, packetBytes: 100 })
    const from = await client(t)
    const answer = once(from, 'message')
    await send(from, opened.address.port, '127.0.0.6', Buffer.from('x'))
    serve(socket, 1, slot => {
      assert.equal(socket.batch.families[slot], 4)
      assert.equal(socket.batch.addresses[slot * 4], Buffer.from([127, 0, 0, 1]).readInt32LE())
      return 1
    })
    const [, source] = await answer
    assert.equal(source.address, '127.0.0.6')
  })
})
