// A network that cuts streams into single bytes, stalls and breaks them off: those who ask again are served, the others
// cost a slot for a while, and no connection is left behind.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createRandom } from '../../src/bench/statistics.js'
import { announceReplyOf, announceTarget } from '../support/http-announce.js'
import { HttpConnection } from '../support/http-connection.js'
import { stoppedEventOf } from '../support/stopped-event.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'
import type { Place } from './service.js'
import { type StreamFault, TcpProxy } from './tcp-proxy.js'
import { assertAsBefore, type LoadedTracker, underLoad } from './under-load.js'

const hash = infoHash(0xfe00_0002)
const CONNECTIONS = 100

/** What a connection to either tracker asks for; rejects when it is broken off. */
const askHttp = async (place: Place, port: number): Promise<void> => {
  const connection = await HttpConnection.open(place)
  try {
    const { interval } = announceReplyOf(await connection.get(announceTarget(hash, { port })))
    assert.equal(interval, 900)
  } finally {
    connection.close()
  }
}

const askWs = async (t: TestContext, place: Place, port: number): Promise<void> => {
  const client = await WebTorrentClient.connect(t, `ws://${place.address}:${place.port}`)
  try {
    assert.equal((await client.announced(hash.toString('latin1'), identifier(`${port}`))).action, 'announce')
  } finally {
    client.socket.terminate()
  }
}

/** All that can be asked, through a proxy each; @returns how many were answered */
async function askThrough(
  t: TestContext,
  tracker: LoadedTracker,
  faultOf: (connection: number) => StreamFault,
): Promise<number> {
  const [http, ws] = await Promise.all(
    (['http', 'ws'] as const).map(protocol => TcpProxy.open(t, tracker.place(protocol), faultOf)),
  )
  const asked = Array.from({ length: CONNECTIONS }, (_, index) => [
    askHttp(http.place, 1 + index),
    askWs(t, ws.place, 1 + index),
  ]).flat()
  const outcomes = await Promise.allSettled(asked)
  for (const proxy of [http, ws]) proxy.close()
  return outcomes.filter(({ status }) => status === 'fulfilled').length
}

describe('a network that does to streams what it likes', () => {
  it('cut into single bytes they are read as ever, and broken off anywhere they leave nothing behind', async t => {
    // However long all those bytes take on a busy machine.
    const set = { 'http.cleaning.max_request_seconds': 3600, 'ws.cleaning.max_request_seconds': 3600 }
    const aftermath = await underLoad(t, { protocols: ['http', 'ws'], set }, async tracker => {
      assert.equal(await askThrough(t, tracker, () => ({ kind: 'bytes' })), 2 * CONNECTIONS)
      const random = createRandom(3)
      const reset = (): StreamFault => ({ kind: 'reset', afterBytes: 1 + Math.floor(random() * 1200) })
      const answered = await askThrough(t, tracker, reset)
      t.diagnostic(`${answered} of ${2 * CONNECTIONS} answered before the reset`)
      assert.ok(answered > 0 && answered < 2 * CONNECTIONS, `${answered} were answered`)
    })
    assertAsBefore(t, aftermath)
  })

  it('stalled half-way they are closed by the tracker in time, and counted', async t => {
    const set = { 'http.cleaning.max_request_seconds': 1, 'ws.cleaning.max_request_seconds': 1 }
    const aftermath = await underLoad(t, { protocols: ['http', 'ws'], set }, async tracker => {
      const random = createRandom(4)
      // Shorter than the first request of either: the answer never comes.
      const stall = (): StreamFault => ({ kind: 'stall', afterBytes: 1 + Math.floor(random() * 100) })
      assert.equal(await askThrough(t, tracker, stall), 0)
    })
    assertAsBefore(t, aftermath)
    const { httpErrorsTimeout, droppedSilent } = stoppedEventOf(aftermath.end).counters
    // Where this process was late by a second, the tracker closed a connection before a byte came over it.
    assert.ok(httpErrorsTimeout <= 2 * CONNECTIONS, `${httpErrorsTimeout} timeouts`)
    assert.ok(
      httpErrorsTimeout + droppedSilent >= 2 * CONNECTIONS,
      `${httpErrorsTimeout} timeouts, ${droppedSilent} silent`,
    )
  })
})
