// What a client of WebSockets makes of a server that sends anything: each connection has one end, nothing is thrown.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { WebSocketClient, WebSocketEnd } from '../../src/net/websocket-client.js'
import { acceptFor } from '../../src/protocol/websocket/handshake.js'
import { engineMissing, meets } from '../support/requirement.js'
import { upgradeAnswer } from '../support/web-torrent-server.js'
import { closePayload, type FrameOptions, frame } from '../support/websocket-frames.js'

const MESSAGE_BYTES_MAX = 300
const timeout = 60_000

interface Heard {
  opened: number
  messages: string[]
  end: number
  text: string
}

/** Upgrades everybody, then writes the bytes that are next, in pieces. `farewells` has what each client sent behind. */
async function serve(
  test: TestContext,
  bytesOf: () => readonly Uint8Array[],
): Promise<{ port: number; farewells: Promise<Buffer>[] }> {
  const farewells: Promise<Buffer>[] = []
  const server = createServer(socket => {
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.once('data', head => {
      farewells.push(readRest(socket))
      const key = /Sec-WebSocket-Key: (.+)\r/.exec(head.toString('latin1'))?.[1] ?? ''
      socket.write(upgradeAnswer([`Sec-WebSocket-Accept: ${acceptFor(key)}`]))
      const pieces = [...bytesOf()]
      const next = (): void => {
        const piece = pieces.shift()
        if (piece === undefined) socket.end()
        else socket.write(piece, () => setImmediate(next))
      }
      next()
    })
  })
  test.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, farewells }
}

function readRest(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  return new Promise(resolve => socket.once('close', () => resolve(Buffer.concat(chunks))))
}

/** Connects once and listens until the end. */
async function hear(port: number): Promise<Heard> {
  const heard: Heard = { opened: 0, messages: [], end: -1, text: '' }
  const client = new WebSocketClient({
    target: { address: '127.0.0.1', port },
    capacity: 1,
    sourceAddresses: 1,
    hostName: 'localhost',
    path: '/',
    messageBytesMax: MESSAGE_BYTES_MAX,
    sentBytesMax: 1000,
    randomWord: () => 0x1234_5678,
    events: {
      opened: () => {
        heard.opened++
      },
      message: (_slot, input, start, end) => {
        heard.messages.push(Buffer.from(input.slice(start, end)).toString())
      },
      closed: (_slot, end, text) => {
        assert.equal(heard.end, -1, 'ended twice')
        heard.end = end
        heard.text = text
      },
    },
  })
  client.open(0)
  while (heard.end < 0) {
    client.turn(0)
    await new Promise(resolve => setImmediate(resolve))
  }
  client.closeAll()
  return heard
}

const server = (options: FrameOptions): Buffer => frame({ mask: null, ...options })

describe('a client of WebSockets', () => {
  it('hears whole messages, however they are cut', { timeout }, async test => {
    if (!meets(test, engineMissing('native'))) return
    const bytes = Buffer.concat([
      server({ payload: 'one' }),
      server({ payload: '' }),
      server({ payload: 'thr', isFinal: false }),
      server({ payload: 'beat', opcode: 9 }),
      server({ payload: 'ee', opcode: 0 }),
      server({ payload: 'x'.repeat(MESSAGE_BYTES_MAX) }),
    ])
    let size = 0
    const { port } = await serve(test, () => {
      size++
      return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
    })
    for (let round = 0; round < 8; round++) {
      const { opened, messages, end, text } = await hear(port)
      assert.deepEqual(messages, ['one', '', 'three', 'x'.repeat(MESSAGE_BYTES_MAX)])
      assert.deepEqual([opened, end, text], [1, WebSocketEnd.lost, 'closed by the server'])
    }
  })

  it('says farewell to a server that breaks the rules, with the code for it', { timeout }, async test => {
    if (!meets(test, engineMissing('native'))) return
    const cases: [bytes: Buffer, code: number][] = [
      [server({ payload: 'x', opcode: 0 }), 1002],
      [Buffer.concat([server({ payload: 'x', isFinal: false }), server({ payload: 'x' })]), 1002],
      [server({ payload: 'x', reserved: 4 }), 1002],
      [frame({ payload: 'x' }), 1002],
      [server({ payload: 'x', opcode: 8 }), 1002],
      [server({ payload: 'x'.repeat(MESSAGE_BYTES_MAX + 1) }), 1009],
      [server({ payload: closePayload(1000, 'ok'), opcode: 8 }), 1000],
    ]
    for (const [bytes, code] of cases) {
      const { port, farewells } = await serve(test, () => [bytes])
      const { end, text } = await hear(port)
      const farewell = await farewells[0]
      assert.ok(farewell !== undefined)
      // Masked, with nothing but the code in it.
      assert.deepEqual([farewell[0], farewell[1], farewell.length], [0x88, 0x82, 8], text)
      assert.equal(farewell.readUInt16BE(6) ^ farewell.readUInt16BE(2), code)
      assert.equal(end, code === 1000 ? WebSocketEnd.lost : WebSocketEnd.malformed)
    }
  })

  it('ends once, whatever comes', { timeout }, async test => {
    if (!meets(test, engineMissing('native'))) return
    let bytes: Uint8Array[] = []
    const { port } = await serve(test, () => bytes)
    const header = fc.constantFrom(0x81, 0x01, 0x80, 0x82, 0x88, 0x89, 0x8a)
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc
        .tuple(header, fc.uint8Array({ maxLength: 125 }))
        .map(([first, payload]) => Uint8Array.from([first, payload.length, ...payload])),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 10 }), async parts => {
        bytes = parts
        const { end, opened } = await hear(port)
        assert.equal(opened, 1)
        assert.ok(end === WebSocketEnd.lost || end === WebSocketEnd.malformed)
      }),
      { numRuns: 200 },
    )
  })
})
