// The clock of the day jumps: peers, connection ids and connections live by the monotonic clock, so none is lost.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { meetsShiftedClock, ShiftedClock } from './shifted-clock.js'
import { assertAsBefore, underLoad } from './under-load.js'

const hash = infoHash(0xfe00_0004)
const HOUR = 3600
const jumps = [HOUR, -HOUR, 25 * HOUR, -30 * 24 * HOUR, 3 * HOUR]
describe('a clock that jumps', () => {
  it('forth and back by hours, a day and a month: no peer and no connection id is lost', async t => {
    if (!meetsShiftedClock(t)) return
    const clock = new ShiftedClock(t)
    const options = {
      protocols: ['udp', 'http', 'ws'] as const,
      set: { 'statistics.print_to_stdout': true, 'cleaning.torrent_cleaning_interval': 1 },
      environment: clock.environment,
    }
    const aftermath = await underLoad(t, options, async tracker => {
      const client = await UdpClient.connected(tracker.place('udp'))
      t.after(() => client.close())
      await client.announce({ infoHash: hash, port: 1 })
      for (const jump of jumps) {
        clock.set(jump)
        // It has seen the jump, and has cleaned and written statistics by then.
        await tracker.process.waitForLines('stdout', statisticsAt(Date.now() + jump * 1000))
        const [{ leechers }] = await client.scrape([hash])
        assert.equal(leechers, 1, `connection id and peer after ${jump} s`)
        assert.deepEqual(await tracker.missingPeers(), [], `${jump} s`)
      }
    })
    assertAsBefore(t, aftermath)
  })
})

/** Statistics taken at this time or within the next minutes, by the tracker's clock. */
function statisticsAt(timeMs: number): RegExp {
  const hours = [timeMs, timeMs + 600_000].map(time => new Date(time).toISOString().slice(0, 13))
  return new RegExp(`"event":"statistics".*"time":"(${hours.join('|')})`)
}
