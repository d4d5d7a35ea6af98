// WebSocketStreams over real sockets of both engines, plain and TLS: handshakes, frames however they are cut, limits on
// what comes and on what is not read.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamCounter, StreamEnd } from '../../src/net/stream.js'
import { FRAME_HEADER_BYTES_MAX } from '../../src/net/websocket.js'
import { meets } from '../support/requirement.js'
import { frame } from '../support/websocket-frames.js'
import {
  close,
  count,
  type EchoServer,
  kinds,
  missing,
  ping,
  REQUEST_LINES,
  request,
  said,
  startEcho,
  text,
  until,
  type WebSocketClient,
} from './websocket-fixture.js'

/** Sends a piece, and resolves when the server has read it. */
async function deliver({ server }: EchoServer, socket: WebSocketClient, piece: Uint8Array): Promise<void> {
  const wanted = server.counters[StreamCounter.bytesReceived] + piece.length
  socket.send(piece)
  await until(() => server.counters[StreamCounter.bytesReceived] >= wanted || socket.client.isOver)
}

/** Fills the server's output with a text of so many bytes, ready to be sent. */
function writePayload({ server }: EchoServer, bytes: number): number {
  server.output.fill(0x78, FRAME_HEADER_BYTES_MAX, FRAME_HEADER_BYTES_MAX + bytes)
  return FRAME_HEADER_BYTES_MAX + bytes
}

function sendText(started: EchoServer, connection: number, bytes: number): boolean {
  return started.front.sockets.sendText(connection, FRAME_HEADER_BYTES_MAX, writePayload(started, bytes))
}

for (const { engine, transport } of kinds) {
  const kind = { engine, transport }

  describe(`WebSockets, ${engine} engine, ${transport}: opening`, () => {
    it('takes frames that come in one piece with the request', async t => {
      if (!meets(t, missing(engine, transport))) return
      const { connectRaw } = await startEcho(t, kind)
      const client = await connectRaw()
      client.send(request() + Buffer.concat([text('first'), ping('p'), close(1000)]).toString('latin1'))
      const answer = await client.end()
      const frames = Buffer.from('\x81\x05first\x8a\x01p\x88\x02\x03\xe8', 'latin1').toString('latin1')
      assert.ok(answer.startsWith('HTTP/1.1 101 Switching Protocols\r\n'))
      assert.ok(answer.endsWith(`\r\n\r\n${frames}`))
      client.socket.end()
    })

    it('refuses with 400, 403 and 426, each counted, and closes', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { deniedOrigins: ['https://bad.example'] } })
      const refused = async (lines: readonly string[]): Promise<string> => {
        const client = await started.connectRaw()
        client.send(request(lines))
        const answer = await client.end()
        client.socket.end()
        return answer
      }
      assert.match(await refused(REQUEST_LINES.slice(0, -2)), /^HTTP\/1\.1 426 Upgrade Required\r\n/)
      assert.match(await refused(REQUEST_LINES.slice(0, -1)), /\r\nSec-WebSocket-Version: 13\r\n/)
      assert.match(await refused([...REQUEST_LINES.slice(0, 4), REQUEST_LINES[5]]), /^HTTP\/1\.1 400 /)
      assert.match(await refused([...REQUEST_LINES, 'Origin: https://bad.example']), /^HTTP\/1\.1 403 /)
      assert.deepEqual(
        [count(started, 'refusedVersion'), count(started, 'refusedRequest'), count(started, 'refusedOrigin')],
        [2, 1, 1],
      )
      assert.deepEqual(started.echo.openedConnections, [])
      await until(() => started.server.connections === 0)
      assert.deepEqual(started.echo.ends, [])
    })

    it('says once that a connection has opened, and once that it has closed', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const sockets = [await started.connect(), await started.connect(), await started.connect()]
      const [polite, ending, rude] = sockets
      assert.equal(started.echo.openedConnections.length, 3)
      polite.send(close(1001))
      assert.deepEqual(said(await polite.end()), ['close 1001'])
      ending.client.socket.end()
      assert.deepEqual(said(await ending.end()), [])
      rude.client.reset()
      await until(() => started.server.connections === 0)
      assert.deepEqual(
        started.echo.ends.map(({ connection }) => connection).sort(),
        [...started.echo.openedConnections].sort(),
      )
      assert.equal(started.echo.ends[2].cause, StreamEnd.reset)
      assert.equal(count(started, 'opened'), 3)
      assert.equal(count(started, 'closedByPeer'), 1)
    })
  })

  describe(`WebSockets, ${engine} engine, ${transport}: frames`, () => {
    it('takes a frame cut at each of its bytes, with every length of its length', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const socket = await started.connect()
      let messages = 0
      for (const length of [0, 1, 4, 125, 126, 65_535, 65_536]) {
        // Cut in the middle of characters, too.
        const payload = Buffer.alloc(length, length % 2 === 0 ? 'é' : 'x')
        const bytes = text(payload)
        for (let cut = 1; cut < bytes.length; cut += bytes.length > 200 && cut >= 20 ? 9973 : 1) {
          await deliver(started, socket, bytes.subarray(0, cut))
          await deliver(started, socket, bytes.subarray(cut))
          messages++
          await until(() => started.echo.messages.length === messages || socket.client.isOver)
          assert.ok(
            started.echo.messages[messages - 1].bytes.equals(payload),
            `${length} bytes cut at ${cut}`,
          )
        }
      }
      const frames = await socket.until(messages)
      assert.equal(frames.length, messages)
      assert.equal(count(started, 'messagesReceived'), messages)
      assert.equal(count(started, 'messagesSent'), messages)
    })

    it('takes many frames in one piece, and one in many', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const socket = await started.connect()
      const texts = Array.from({ length: 500 }, (_, index) => `message ${index} ${'ä'.repeat(index)}`)
      socket.send(...texts.map(text), close(1000))
      assert.deepEqual(
        (await socket.end()).slice(0, -1).map(({ payload }) => payload.toString()),
        texts,
      )
      const slow = await started.connect()
      for (const byte of Buffer.concat([text('κόσμε'), ping('!')])) {
        await deliver(started, slow, Uint8Array.of(byte))
      }
      slow.send(close(1000))
      assert.equal((await slow.end())[0].payload.toString(), 'κόσμε')
    })

    it('collects fragments in any number and size, and answers pings between them', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { maxMessageBytes: 10_000 } })
      const [one, other] = [await started.connect(), await started.connect()]
      const whole = Buffer.from('ö€😀x'.repeat(1000))
      for (let at = 0; at < whole.length; at += 997) {
        const isFinal = at + 997 >= whole.length
        const payload = whole.subarray(at, at + 997)
        // Two connections at once, each with a message of its own.
        for (const [socket, opcode] of [[one, 1] as const, [other, 2] as const]) {
          await deliver(started, socket, frame({ opcode: at === 0 ? opcode : 0, payload, isFinal }))
          if (!isFinal) await deliver(started, socket, ping(`${at}`))
        }
      }
      one.send(close(1000))
      other.send(close(1000))
      const pongs = Array.from(
        { length: Math.ceil(whole.length / 997) - 1 },
        (_, index) => `pong ${index * 997}`,
      )
      const [texts, binaries] = [await one.end(), await other.end()]
      const ending = [whole.toString('latin1'), 'close 1000']
      assert.deepEqual(said(texts), [...pongs, `text ${ending[0]}`, ending[1]])
      assert.deepEqual(said(binaries), [...pongs, `binary ${ending[0]}`, ending[1]])
    })

    it('does not check binary messages, and goes on with text after them', async t => {
      if (!meets(t, missing(engine, transport))) return
      const { connect } = await startEcho(t, kind)
      const socket = await connect()
      const half = Uint8Array.of(0xf0, 0x9f)
      socket.send(
        frame({ opcode: 2, payload: half }),
        frame({ opcode: 2, payload: half, isFinal: false }),
        frame({ opcode: 0, payload: half }),
        text('a'),
        close(1000),
      )
      assert.deepEqual(said(await socket.end()), [
        'binary \xf0\x9f',
        'binary \xf0\x9f\xf0\x9f',
        'text a',
        'close 1000',
      ])
    })
  })

  describe(`WebSockets, ${engine} engine, ${transport}: what may not be sent`, () => {
    const compressed = frame({ reserved: 4, payload: Buffer.from('f248cdc9c90700', 'hex') })
    const wrong: readonly (readonly [name: string, bytes: Buffer, code: number])[] = [
      ['an unmasked frame', frame({ payload: 'Hello', mask: null }), 1002],
      ['a compressed frame, which nobody negotiated', compressed, 1002],
      ['a ping in fragments', frame({ opcode: 9, isFinal: false }), 1002],
      ['a ping of 126 bytes', ping(Buffer.alloc(126)), 1002],
      ['a continuation of nothing', frame({ opcode: 0, payload: 'x' }), 1002],
      ['a text inside another', Buffer.concat([frame({ isFinal: false }), text('x')]), 1002],
      ['a reserved opcode', frame({ opcode: 3 }), 1002],
      ['a close frame of one byte', frame({ opcode: 8, payload: 'x' }), 1002],
      ['a close code nobody may send', close(1006), 1002],
      ['a close reason that is no text', close(1000, Uint8Array.of(0xff)), 1007],
      ['a text that is none', text(Uint8Array.of(0x61, 0xff)), 1007],
      ['a text that ends in the middle of a character', text(Uint8Array.of(0x61, 0xc3)), 1007],
    ]

    it('is answered with its code; what comes behind it is not read', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      for (const [name, bytes, code] of wrong) {
        const socket = await started.connect()
        socket.send(text('before'), bytes, text('after'), close(1000))
        assert.deepEqual(said(await socket.end()), ['text before', `close ${code}`], name)
      }
      assert.equal(count(started, 'closedProtocolError'), wrong.filter(([, , code]) => code === 1002).length)
      assert.equal(count(started, 'closedInvalidData'), wrong.filter(([, , code]) => code === 1007).length)
      assert.equal(count(started, 'closedByPeer'), 0)
      await until(() => started.server.connections === 0)
      assert.equal(started.echo.ends.length, wrong.length)
    })

    it('includes frames and messages that are too long: 1009 one byte beyond the limit, not at it', async t => {
      if (!meets(t, missing(engine, transport))) return
      const limits = { maxFrameBytes: 1000, maxMessageBytes: 1500 }
      const started = await startEcho(t, { ...kind, limits })
      const fragments = (...lengths: readonly number[]): Buffer =>
        Buffer.concat(
          lengths.map((length, index) =>
            frame({
              opcode: index === 0 ? 1 : 0,
              isFinal: index === lengths.length - 1,
              payload: 'x'.repeat(length),
            }),
          ),
        )
      const answers = async (bytes: Buffer): Promise<string[]> => {
        const socket = await started.connect()
        socket.send(bytes, close(1000))
        return said(await socket.end())
      }
      assert.deepEqual(await answers(text('x'.repeat(1000))), [`text ${'x'.repeat(1000)}`, 'close 1000'])
      assert.deepEqual(await answers(text('x'.repeat(1001))), ['close 1009'])
      assert.deepEqual(await answers(fragments(1000, 500)), [`text ${'x'.repeat(1500)}`, 'close 1000'])
      assert.deepEqual(await answers(fragments(1000, 501)), ['close 1009'])
      assert.deepEqual(await answers(fragments(500, 500, 500, 1)), ['close 1009'])
      assert.deepEqual(await answers(fragments(10, 1001)), ['close 1009'])
      // Said by the header alone: nobody waits for the rest.
      const header = frame({ length: 2n ** 63n - 1n })
      assert.deepEqual(await answers(header), ['close 1009'])
      assert.equal(count(started, 'closedTooBig'), 5)
    })

    it('includes frames that the limit allows but the server has no room for', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, streamLimits: { inputBytesMax: 2000 } })
      const socket = await started.connect()
      socket.send(text('x'.repeat(1900)), text('x'.repeat(2000)))
      assert.deepEqual(said(await socket.end()), [`text ${'x'.repeat(1900)}`, 'close 1009'])
      assert.equal(count(started, 'closedTooBig'), 1)
    })
  })

  describe(`WebSockets, ${engine} engine, ${transport}: clients that do not read`, () => {
    it('are closed with 1013 when their backlog would exceed its limit', async t => {
      if (!meets(t, missing(engine, transport))) return
      const backlogBytesMax = 100_000
      const started = await startEcho(t, { ...kind, limits: { backlogBytesMax } })
      const { server } = started
      const [slow, other] = [await started.connect(), await started.connect()]
      const [connection] = started.echo.openedConnections
      slow.client.socket.pause()
      let sent = 0
      // The kernel's buffers are filled first.
      while (sendText(started, connection, 30_000)) {
        sent++
        assert.ok(server.keptOutputBytes(connection) <= backlogBytesMax)
        await new Promise(resolve => setImmediate(resolve))
      }
      assert.ok(server.keptOutputBytes(connection) + 30_004 > backlogBytesMax)
      assert.equal(count(started, 'closedBacklog'), 1)
      // Nothing more is taken for it, and others notice nothing.
      assert.equal(sendText(started, connection, 1), false)
      other.send(text('still here'))
      assert.deepEqual(said(await other.until(1)), ['text still here'])
      slow.client.socket.resume()
      const frames = await slow.end()
      assert.equal(frames.length, sent + 1)
      assert.deepEqual(said(frames.slice(-1)), ['close 1013'])
      assert.equal(frames.at(-1)?.payload.subarray(2).toString(), 'reads too slowly')
      await until(() => started.echo.ends.length === 1)
      assert.deepEqual(started.echo.ends, [{ connection, cause: StreamEnd.finished }])
    })

    it('end after writeSeconds if they never read', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { backlogBytesMax: 100_000 } })
      const slow = await started.connect()
      const [connection] = started.echo.openedConnections
      slow.client.socket.pause()
      while (sendText(started, connection, 30_000)) await new Promise(resolve => setImmediate(resolve))
      // What the kernel takes late, by timers of its own, starts the time anew; sooner or later it has taken the last.
      while (started.echo.ends.length === 0) {
        started.advance(11)
        await new Promise(resolve => setImmediate(resolve))
      }
      assert.deepEqual(started.echo.ends, [{ connection, cause: StreamEnd.writeTimeout }])
    })

    it('are answered as they read, however much they have asked', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { backlogBytesMax: 100_000 } })
      const [eager, other] = [await started.connect(), await started.connect()]
      const messages = Array.from({ length: 1500 }, (_, index) => `${index} ${'y'.repeat(9000)}`)
      eager.client.socket.pause()
      eager.send(...messages.map(text), close(1000))
      const [connection] = started.echo.openedConnections
      await until(() => started.server.keptOutputBytes(connection) > 0)
      other.send(text('still here'))
      assert.deepEqual(said(await other.until(1)), ['text still here'])
      assert.ok(started.echo.messages.length < messages.length)
      eager.client.socket.resume()
      const frames = await eager.end()
      assert.deepEqual(
        frames.slice(0, -1).map(({ payload }) => payload.toString()),
        messages,
      )
      assert.equal(count(started, 'closedBacklog'), 0)
    })

    it('get one message longer than the limit, if nothing else waits', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { backlogBytesMax: 1000 } })
      const socket = await started.connect()
      assert.equal(sendText(started, started.echo.openedConnections[0], 1 << 20), true)
      assert.equal((await socket.until(1))[0].payload.length, 1 << 20)
      socket.send(close(1000))
      await socket.end()
    })
  })
}
