// Every case of Autobahn's sections 1 to 7 and 10 against echo servers of both engines, strictly: what comes back is
// compared frame by frame. (`wstest` itself runs against test/fixtures/websocket-echo-server.ts.)

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamCounter } from '../../src/net/stream.js'
import { meets } from '../support/requirement.js'
import { type Case, cases } from './websocket-cases.js'
import { type EchoServer, kinds, missing, said, startEcho, until } from './websocket-fixture.js'

it('the table has all cases there are, each once', () => {
  const numbers = [...cases.values()].flat().map(({ number }) => number)
  assert.equal(numbers.length, 247)
  assert.equal(new Set(numbers).size, numbers.length)
})

async function run(server: EchoServer, { number, pieces, answers }: Case): Promise<void> {
  const socket = await server.connect()
  const { counters } = server.server
  for (const [index, piece] of pieces.entries()) {
    const received = counters[StreamCounter.bytesReceived]
    socket.send(piece)
    if (index === pieces.length - 1) break
    await until(() => counters[StreamCounter.bytesReceived] > received || socket.client.isOver)
  }
  assert.deepEqual(said(await socket.end()), answers, `case ${number}`)
}

for (const { engine, transport } of kinds) {
  describe(`Autobahn's cases, ${engine} engine, ${transport}`, () => {
    for (const [section, ofSection] of cases) {
      it(`section ${section}, ${ofSection.length} cases`, async t => {
        if (!meets(t, missing(engine, transport))) return
        const server = await startEcho(t, { engine, transport })
        for (const one of ofSection) await run(server, one)
        assert.equal(server.echo.openedConnections.length, ofSection.length)
        await until(() => server.server.connections === 0)
        assert.equal(server.echo.ends.length, ofSection.length)
      })
    }
  })
}
