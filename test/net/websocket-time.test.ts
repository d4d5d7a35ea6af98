// Time and ends of WebSockets on both engines: pings, idle connections, closing handshakes from either side, reloads.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamEnd } from '../../src/net/stream.js'
import { FRAME_HEADER_BYTES_MAX } from '../../src/net/websocket.js'
import { meets } from '../support/requirement.js'
import { frame } from '../support/websocket-frames.js'
import {
  close,
  count,
  type EchoServer,
  emptyClose,
  kinds,
  missing,
  ping,
  said,
  startEcho,
  text,
  until,
  type WebSocketClient,
} from './websocket-fixture.js'

const pong = frame({ opcode: 10 })

/** Lets time pass second by second: each deadline is looked at when it is due, and what was sent is on its way. */
async function pass({ advance }: EchoServer, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    advance(1)
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** A pong shows that what was sent before has been dealt with. Nothing else may come meanwhile. */
async function settled(socket: WebSocketClient): Promise<void> {
  const before = socket.frames.length
  socket.send(ping('settled'))
  const frames = await socket.until(before + 1)
  assert.deepEqual(said(frames.slice(before)), ['pong settled'])
}

for (const { engine, transport } of kinds) {
  const kind = { engine, transport }

  describe(`WebSockets, ${engine} engine, ${transport}: pings`, () => {
    const limits = { pingSeconds: 20 }

    it('are sent to who was silent for an interval, and answered pongs keep the connection', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits })
      const socket = await started.connect()
      await pass(started, 19)
      await settled(socket)
      for (let round = 1; round <= 4; round++) {
        await pass(started, 22)
        assert.equal(count(started, 'pingsSent'), round)
        assert.deepEqual(said((await socket.until(1 + round)).slice(-1)), ['ping'])
        socket.send(pong)
        await until(() => count(started, 'pongsReceived') === round)
      }
      await settled(socket)
      assert.deepEqual(started.echo.ends, [])
    })

    it('are not sent to who is heard', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits })
      const socket = await started.connect()
      for (let round = 0; round < 6; round++) {
        await pass(started, 15)
        socket.send(text('here'))
        await socket.until(round + 1)
      }
      assert.deepEqual(said(socket.frames), Array(6).fill('text here'))
      assert.equal(count(started, 'pingsSent'), 0)
    })

    it('end a connection that sends nothing for two intervals, not before', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits })
      const socket = await started.connect()
      await pass(started, 38)
      assert.deepEqual(said(await socket.until(1)), ['ping'])
      assert.equal(count(started, 'closedUnresponsive'), 0)
      await pass(started, 4)
      assert.equal(count(started, 'closedUnresponsive'), 1)
      assert.deepEqual(said(await socket.end()), ['ping', 'close 1001'])
      assert.equal(count(started, 'pingsSent'), 1)
      await until(() => started.echo.ends.length === 1)
    })

    it('end nobody whose pong can not be read because of kept output', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits, streamLimits: { writeSeconds: 1000 } })
      const { server, front, echo } = started
      const socket = await started.connect()
      const [connection] = echo.openedConnections
      socket.client.socket.pause()
      server.output.fill(0x78, 0, FRAME_HEADER_BYTES_MAX + 500_000)
      // Twice in a row, so that node has had the time to hand on what it was given.
      for (let stuck = 0; stuck < 2; stuck = server.keptOutputBytes(connection) > 0 ? stuck + 1 : 0) {
        front.sockets.sendText(connection, FRAME_HEADER_BYTES_MAX, FRAME_HEADER_BYTES_MAX + 500_000)
        await new Promise(resolve => setImmediate(resolve))
      }
      await pass(started, 100)
      assert.equal(count(started, 'closedUnresponsive'), 0)
      socket.client.socket.resume()
      await until(() => server.keptOutputBytes(connection) === 0)
      socket.send(close(1000))
      assert.deepEqual(said((await socket.end()).slice(-1)), ['close 1000'])
    })
  })

  describe(`WebSockets, ${engine} engine, ${transport}: idle connections`, () => {
    it('are closed with 1001, whatever they send, unless they are touched', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { idleSeconds: 30 } })
      const [idle, used] = [await started.connect(), await started.connect()]
      const [, usedConnection] = started.echo.openedConnections
      started.echo.onMessage = connection => {
        if (connection === usedConnection) started.front.sockets.touch(connection)
      }
      for (let round = 0; round < 2; round++) {
        await pass(started, 14)
        for (const socket of [idle, used]) {
          socket.send(text('hello'))
          await socket.until(round + 1)
        }
      }
      assert.equal(count(started, 'closedIdle'), 0)
      await pass(started, 4)
      assert.equal(count(started, 'closedIdle'), 1)
      assert.deepEqual(said(await idle.until(3)), ['text hello', 'text hello', 'close 1001'])
      idle.send(close(1001))
      await idle.end()
      await pass(started, 24)
      await settled(used)
      await pass(started, 4)
      assert.equal(count(started, 'closedIdle'), 2)
      assert.deepEqual(said((await used.until(4)).slice(3)), ['close 1001'])
    })

    it('are closed, too, behind half a message, however often they answer a ping', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { idleSeconds: 30, pingSeconds: 5 } })
      const socket = await started.connect()
      const [connection] = started.echo.openedConnections
      started.echo.onMessage = () => started.front.sockets.touch(connection)
      for (let round = 1; round <= 4; round++) {
        socket.send(frame({ opcode: round === 1 ? 1 : 0, isFinal: false, payload: 'more' }), pong)
        await until(() => count(started, 'pongsReceived') === round)
        await pass(started, 7)
      }
      assert.equal(count(started, 'closedIdle'), 0)
      await pass(started, 4)
      assert.equal(count(started, 'closedIdle'), 1)
      assert.equal(said(await socket.until(4)).at(-1), 'close 1001')
    })

    it('are left alone without a limit', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const socket = await started.connect()
      await pass(started, 1000)
      await settled(socket)
    })
  })

  describe(`WebSockets, ${engine} engine, ${transport}: closing`, () => {
    it('waits for the answer to its close frame, and drops messages meanwhile', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const socket = await started.connect()
      const [connection] = started.echo.openedConnections
      started.front.sockets.close(connection, 1008, 'because')
      started.front.sockets.close(connection, 1011, 'once is enough')
      assert.equal(started.front.sockets.sendText(connection, FRAME_HEADER_BYTES_MAX, 20), false)
      const [sent] = await socket.until(1)
      assert.deepEqual(sent, { opcode: 8, payload: Buffer.from('\x03\xf0because', 'latin1') })
      socket.send(text('too late'), frame({ isFinal: false }), ping('too late'), pong, close(1008))
      assert.deepEqual(said(await socket.end()), ['close 1008'])
      await until(() => started.echo.ends.length === 1)
      assert.deepEqual(started.echo.ends, [{ connection, cause: StreamEnd.finished }])
      assert.deepEqual(started.echo.messages, [])
      assert.deepEqual([count(started, 'closedByServer'), count(started, 'closeTimeouts')], [1, 0])
      assert.equal(count(started, 'closedByPeer'), 0)
    })

    it('ends a connection whose peer does not answer in time', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, { ...kind, limits: { closeSeconds: 5, pingSeconds: 1 } })
      const socket = await started.connect()
      const [connection] = started.echo.openedConnections
      started.front.sockets.close(connection, 1000)
      assert.deepEqual(said(await socket.until(1)), ['close 1000'])
      await pass(started, 4)
      assert.deepEqual(started.echo.ends, [])
      await pass(started, 3)
      assert.equal(count(started, 'closeTimeouts'), 1)
      await until(() => started.echo.ends.length === 1)
      assert.deepEqual(started.echo.ends, [{ connection, cause: StreamEnd.closed }])
      await socket.client.end()
    })

    it('answers with the same code, or with none', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const [coded, bare] = [await started.connect(), await started.connect()]
      coded.send(close(4321, 'reason'))
      const [answer] = await coded.end()
      assert.deepEqual(answer, { opcode: 8, payload: Buffer.from([0x10, 0xe1]) })
      bare.send(emptyClose)
      assert.deepEqual(said(await bare.end()), ['close'])
      assert.equal(count(started, 'closedByPeer'), 2)
    })

    it('may be asked for while a message is handled: what comes behind it is dropped', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const socket = await started.connect()
      started.echo.onMessage = connection => started.front.sockets.close(connection, 1008)
      socket.send(text('one'), text('two'), close(1008))
      assert.deepEqual(said(await socket.end()), ['close 1008'])
      assert.equal(started.echo.messages.length, 1)
    })

    it('goes from one connection to another that is being served', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const [first, second] = [await started.connect(), await started.connect()]
      const [firstConnection] = started.echo.openedConnections
      started.echo.onMessage = () => started.front.sockets.close(firstConnection, 1000)
      second.send(text('close the other'))
      assert.deepEqual(said(await second.until(1)), ['text close the other'])
      assert.deepEqual(said(await first.until(1)), ['close 1000'])
      first.send(close(1000))
      await first.end()
    })
  })

  describe(`WebSockets, ${engine} engine, ${transport}: epochs`, () => {
    it('closes those that began before an epoch with 1001, not those of it', async t => {
      if (!meets(t, missing(engine, transport))) return
      const started = await startEcho(t, kind)
      const { sockets } = started.front
      const [oldest, old] = [await started.connect(), await started.connect()]
      sockets.epoch = 1
      const [middle] = [await started.connect()]
      sockets.epoch = 2
      const newest = await started.connect()
      sockets.closeOlderEpochs(1)
      assert.equal(count(started, 'closedByServer'), 2)
      for (const socket of [oldest, old]) {
        assert.deepEqual(said(await socket.until(1)), ['close 1001'])
        socket.send(close(1001))
        await socket.end()
      }
      await settled(middle)
      sockets.closeOlderEpochs(2)
      assert.equal(count(started, 'closedByServer'), 3)
      assert.deepEqual(said((await middle.until(2)).slice(1)), ['close 1001'])
      await settled(newest)
    })
  })
}
