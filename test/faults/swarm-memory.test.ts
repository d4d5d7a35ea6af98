// A swarm whose memory is full: who is in it stays and is given, who is new is refused or answered without being
// stored, and each of them is counted.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { sumOf } from '../support/metrics.js'
import { engineMissing, meets } from '../support/requirement.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'
import { assertAsBefore, type LoadedTracker, underLoad } from './under-load.js'

/** The least that swarm.memory_limit takes. */
const LIMIT_BYTES = 1 << 20

/** Far more than have room in it, at some 33 bytes for a peer. */
const BEYOND = 20_000

/** Answers that come at once have room in the receive buffer that a socket is given by default. */
const WAVE = 100

/** One connection may be in a thousand torrents: many of them together are too many. */
const SEEDBOXES = 15
const TORRENTS_OF_ONE = 900

const ACTION_ERROR = 3

interface Flood {
  readonly stored: number
  readonly refused: number
}

/** Announces so many of `fieldsOf`, a wave at a time. */
async function flood(
  t: TestContext,
  tracker: LoadedTracker,
  fieldsOf: (index: number) => { infoHash: Buffer; port: number },
): Promise<Flood> {
  const client = await UdpClient.connected(tracker.place('udp'))
  t.after(() => client.close())
  let refused = 0
  for (let sent = 0; sent < BEYOND; sent += WAVE) {
    const wave = Array.from({ length: WAVE }, (_, index) =>
      client.request(client.announcePacket({ ...fieldsOf(sent + index), numwant: 0 })),
    )
    for (const answer of await Promise.all(wave)) if (answer.readInt32BE(0) === ACTION_ERROR) refused++
  }
  return { refused, stored: BEYOND - refused }
}

async function errorsOf(tracker: LoadedTracker): Promise<readonly [number, number]> {
  const series = await tracker.freshMetrics()
  return [
    sumOf(series, 'aquatic_errors_total', 'class="torrents_refused_by_memory_limit"'),
    sumOf(series, 'aquatic_errors_total', 'class="peers_refused_by_memory_limit"'),
  ]
}

describe('a swarm under load without memory', () => {
  it('refuses new torrents, counts them, and goes on with those it has', async t => {
    if (!meets(t, engineMissing('native'))) return
    const set = { 'swarm.memory_limit': LIMIT_BYTES }
    const aftermath = await underLoad(t, { protocols: ['udp', 'http'], set }, async tracker => {
      const { refused, stored } = await flood(t, tracker, index => ({
        infoHash: infoHash(0x1000_0000 + index),
        port: 1 + (index % 60_000),
      }))
      t.diagnostic(`${stored} torrents stored, ${refused} refused`)
      assert.ok(stored > 0 && refused > 0)
      const [torrents] = await errorsOf(tracker)
      assert.ok(torrents >= refused, `${torrents} are counted of ${refused} refused`)
      const used = sumOf(await tracker.metrics(), 'aquatic_swarm_memory_used_bytes')
      assert.ok(used <= LIMIT_BYTES, `${used} bytes are used`)
    })
    assertAsBefore(t, aftermath)
  })

  it('answers new peers of known torrents without storing them, and counts them', async t => {
    if (!meets(t, engineMissing('native'))) return
    const set = { 'swarm.memory_limit': LIMIT_BYTES }
    const aftermath = await underLoad(t, { protocols: ['udp', 'http'], set }, async tracker => {
      const client = await UdpClient.connected(tracker.place('udp'))
      for (let torrent = 0; torrent < 8; torrent++)
        await client.announce({ infoHash: infoHash(0x1100_0000 + torrent), port: 1 })
      client.close()
      const more = await flood(t, tracker, index => ({
        infoHash: infoHash(0x1200_0000 + index),
        port: 7,
      }))
      const peers = await flood(t, tracker, index => ({
        infoHash: infoHash(0x1100_0000 + (index % 8)),
        port: 8000 + (index >> 3),
      }))
      assert.equal(peers.refused, 0, 'peers are answered whether there is room or not')
      const [torrents, unstored] = await errorsOf(tracker)
      t.diagnostic(`${more.refused} torrents refused (${torrents} counted), ${unstored} peers not stored`)
      assert.ok(torrents >= more.refused && unstored > 0)
    })
    assertAsBefore(t, aftermath)
  })

  it('does the same over WebTorrent', async t => {
    if (!meets(t, engineMissing('native'))) return
    const set = { 'ws.swarm.memory_limit': LIMIT_BYTES }
    const aftermath = await underLoad(t, { protocols: ['ws'], set }, async tracker => {
      const { address, port } = tracker.place('ws')
      let refused = 0
      const clients: WebTorrentClient[] = []
      for (let number = 0; number < SEEDBOXES; number++) {
        const client = await WebTorrentClient.connect(t, `ws://${address}:${port}`)
        clients.push(client)
        for (let torrent = 0; torrent < TORRENTS_OF_ONE; torrent++)
          client.announce(`new${number}-${torrent}`.padEnd(20, '.'), identifier(`new${number}`))
        for (let torrent = 0; torrent < TORRENTS_OF_ONE; torrent++)
          if ((await client.next())['failure reason'] !== undefined) refused++
      }
      const series = await tracker.freshMetrics()
      const counted = sumOf(series, 'aquatic_errors_total', 'class="torrents_refused_by_memory_limit"')
      t.diagnostic(`${refused} torrents of ${SEEDBOXES * TORRENTS_OF_ONE} refused (${counted} counted)`)
      assert.ok(refused > 0 && refused < SEEDBOXES * TORRENTS_OF_ONE)
      assert.ok(counted >= refused)
      for (const client of clients) await client.close()
    })
    assertAsBefore(t, aftermath)
  })
})
