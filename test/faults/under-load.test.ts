// The harness itself: a loss that is known must be seen.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engineMissing, meets } from '../support/requirement.js'
import { UdpClient } from '../support/udp-client.js'
import { knownPeer } from './known-peers.js'
import { assertAsBefore, underLoad } from './under-load.js'

const STOPPED = 3

describe('the harness of fault tests', () => {
  it('sees that one of forty known peers is gone', async t => {
    if (!meets(t, engineMissing('native'))) return
    const aftermath = await underLoad(t, { protocols: ['udp'] }, async tracker => {
      const client = await UdpClient.connected(tracker.place('udp'))
      await client.announce({ ...knownPeer('udp'), event: STOPPED })
      client.close()
    })
    const { port } = knownPeer('udp')
    assert.deepEqual(aftermath.missingPeers, [
      `udp torrent 0: 127.0.0.1:${port} is not given`,
      'udp torrent 0: a scrape tells 4 leechers',
    ])
    assert.throws(() => assertAsBefore(t, aftermath), /known peers are lost/)
    assertAsBefore(t, { ...aftermath, missingPeers: [] })
    const { accounts } = aftermath
    const udp = { requests: 10, responses: 9, dropped: 0, unexplained: 1 }
    assert.throws(
      () => assertAsBefore(t, { ...aftermath, missingPeers: [], accounts: { ...accounts, udp } }),
      /do not add up/,
    )
  })
})
