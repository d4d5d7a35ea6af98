import assert from 'node:assert/strict'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { NativeUdpClientSockets } from '../../src/net/native/udp-client-socket.js'
import { NodeUdpClientSockets } from '../../src/net/node/udp-client-socket.js'
import { compactPeer, noUdpSocket, sourceOf, type UdpClientOptions } from '../../src/net/udp-client.js'

async function openPeer(context: TestContext): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  let isOpen = true
  socket.once('close', () => {
    isOpen = false
  })
  context.after(() => {
    if (isOpen) socket.close()
  })
  return { socket, port: socket.address().port }
}

function optionsFor(port: number, changes: Partial<UdpClientOptions> = {}): UdpClientOptions {
  return {
    target: { address: '127.0.0.1', port },
    sockets: 2,
    sourceAddresses: 1,
    firstSource: 0,
    receiveBufferBytes: 100_000,
    batchSize: 8,
    requestBytes: 100,
    answerBytes: 200,
    ...changes,
  }
}

function openNative(context: TestContext, options: UdpClientOptions): NativeUdpClientSockets {
  const sockets = new NativeUdpClientSockets(options)
  context.after(() => sockets.close())
  return sockets
}

/** Puts datagrams 0, 1, 2 … of 1, 2, 3 … bytes into the batch. */
function fill({ requests }: Pick<NativeUdpClientSockets, 'requests'>, count: number): void {
  for (let index = 0; index < count; index++) {
    requests.lengths[index] = index + 1
    requests.memory.bytes.fill(index, requests.offsetOf(index), requests.offsetOf(index) + index + 1)
  }
}

describe('UDP client sockets, native engine', () => {
  it('sends a batch in order, and receives one', async context => {
    const { socket, port } = await openPeer(context)
    const sockets = openNative(context, optionsFor(port))
    fill(sockets, 5)
    assert.equal(sockets.send(1, 5), 5)
    const sources: RemoteInfo[] = []
    const packets: string[] = []
    while (packets.length < 5) {
      const [packet, source] = (await once(socket, 'message')) as [Buffer, RemoteInfo]
      packets.push(packet.toString('hex'))
      sources.push(source)
    }
    assert.deepEqual(packets, ['00', '0101', '020202', '03030303', '0404040404'])
    assert.equal(sources[0].port, sockets.localAddress(1).port)
    await new Promise(resolve => socket.send('an answer', sources[0].port, sources[0].address, resolve))
    assert.equal(sockets.wait(1000), 1)
    assert.equal(sockets.readySocket(0), 1)
    assert.equal(sockets.receive(0), 0)
    assert.equal(sockets.receive(1), 1)
    assert.equal(sockets.answers.lengths[0], 9)
    assert.equal(Buffer.from(sockets.answers.memory.bytes.subarray(0, 9)).toString(), 'an answer')
    assert.equal(sockets.receive(1), 0)
  })

  it('says how long a datagram was of which only the beginning was kept', async context => {
    const { socket, port } = await openPeer(context)
    const sockets = openNative(context, optionsFor(port))
    await new Promise(resolve =>
      socket.send(Buffer.alloc(5000), sockets.localAddress(0).port, '127.0.0.1', resolve),
    )
    assert.equal(sockets.wait(1000), 1)
    assert.equal(sockets.receive(0), 1)
    assert.equal(sockets.answers.lengths[0], 5000)
  })

  it('hears nobody but its target', async context => {
    const { port } = await openPeer(context)
    const stranger = await openPeer(context)
    const sockets = openNative(context, optionsFor(port))
    await new Promise(resolve =>
      stranger.socket.send('hello', sockets.localAddress(0).port, '127.0.0.1', resolve),
    )
    assert.equal(sockets.wait(20), 0)
    assert.equal(sockets.receive(0), 0)
  })

  it('says when nobody is there, goes on sending, and hears it once for each time it was said', async context => {
    const { socket, port } = await openPeer(context)
    const sockets = openNative(context, optionsFor(port))
    socket.close()
    await once(socket, 'close')
    fill(sockets, 4)
    assert.equal(sockets.send(0, 4), 4)
    assert.equal(sockets.receive(0), -1)
    assert.equal(sockets.describeLastError(), 'ECONNREFUSED')
    assert.equal(sockets.receive(0), 0)
  })

  it('counts what its receive buffers had no room for', async context => {
    const { socket, port } = await openPeer(context)
    const sockets = openNative(context, optionsFor(port, { receiveBufferBytes: 4096, sockets: 1 }))
    assert.ok(sockets.receiveBufferBytesGranted >= 1024 && sockets.receiveBufferBytesGranted < 100_000)
    assert.equal(sockets.drops(), 0)
    const { port: to } = sockets.localAddress(0)
    for (let count = 0; count < 50; count++) {
      await new Promise(resolve => socket.send(Buffer.alloc(1000), to, '127.0.0.1', resolve))
    }
    let received = 0
    for (let count = sockets.receive(0); count > 0; count = sockets.receive(0)) received += count
    assert.ok(received > 0 && received < 50)
    assert.equal(sockets.drops(), 50 - received)
  })

  it('waits for parts of a millisecond', async context => {
    const { port } = await openPeer(context)
    const sockets = openNative(context, optionsFor(port))
    const startMs = performance.now()
    for (let count = 0; count < 20; count++) assert.equal(sockets.wait(0.25), 0)
    const tookMs = performance.now() - startMs
    assert.ok(tookMs >= 5, `${tookMs} ms`)
  })
})

describe('UDP client sockets, node engine', () => {
  it('sends a batch, and shows what comes', async context => {
    const { socket, port } = await openPeer(context)
    const received = new Promise<number>((resolve, reject) => {
      const listener = {
        received: resolve,
        failed: (_: number, code: string) => reject(new Error(code)),
      }
      const opened = NodeUdpClientSockets.open(optionsFor(port), listener)
      socket.once('message', (packet, source) => socket.send(packet, source.port, source.address))
      opened.then(sockets => {
        context.after(() => sockets.close())
        fill(sockets, 1)
        sockets.send(1, 1)
        assert.ok(sockets.receiveBufferBytesGranted >= 1024)
        assert.equal(sockets.drops(), 0)
      }, reject)
    })
    assert.equal(await received, 1)
  })
})

describe('Addresses of UDP client sockets', () => {
  it('takes loopback addresses in turn, over all workers', () => {
    const options = optionsFor(1, { sourceAddresses: 3, firstSource: 8 })
    assert.deepEqual(
      [0, 1, 2, 3].map(socket => sourceOf(options, socket)),
      ['127.0.0.3', '127.0.0.1', '127.0.0.2', '127.0.0.3'],
    )
    const many = optionsFor(1, { sourceAddresses: 1e9, firstSource: 256 })
    assert.equal(sourceOf(many, 0), '127.0.1.1')
  })

  it('leaves the choice to the system where the target is elsewhere, or one is enough', () => {
    assert.equal(sourceOf(optionsFor(1), 0), null)
    const elsewhere = { target: { address: '10.0.0.1', port: 1 }, sourceAddresses: 3 }
    assert.equal(sourceOf(optionsFor(1, elsewhere), 0), null)
    assert.equal(
      sourceOf(optionsFor(1, { target: { address: '::1', port: 1 }, sourceAddresses: 3 }), 0),
      null,
    )
  })

  it('writes them as announce answers list them', () => {
    const bytes = (address: string): string =>
      Buffer.from(compactPeer({ address, port: 0x1ae1 }).buffer).toString('hex')
    assert.equal(bytes('127.0.0.2'), '7f0000021ae1')
    assert.equal(bytes('::1'), `${'00'.repeat(15)}011ae1`)
  })

  it('says what to do where there are no sockets left, or no way', () => {
    const target = { address: '::1', port: 3000 }
    const full = noUdpSocket(target, 4, 'EMFILE')
    assert.equal(full.message, 'Cannot open UDP socket 5 of a worker to [::1]:3000: EMFILE.')
    assert.match(full.remedy ?? '', /ulimit -n/)
    assert.match(noUdpSocket(target, 0, 'ENETUNREACH').remedy ?? '', /IPv6/)
    assert.match(noUdpSocket(target, 0, 'EPERM').remedy ?? '', /man 2 connect/)
  })
})
