// A process that ends, asked to or killed, and starts again on the same ports, many times over, under load.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engineMissing, meets } from '../support/requirement.js'
import { randomPoints } from './random-points.js'
import { allProtocols } from './service.js'
import { assertAsBefore, underLoad } from './under-load.js'

/** All together; set the variable for the whole hundred. */
const RESTARTS = Number(process.env['AQUATIC_FAULT_RESTARTS'] ?? 6)

describe('a tracker under load that is started again on its ports', () => {
  for (const [protocols, share] of [
    [allProtocols, 3 / 4],
    [['udp'], 1 / 4],
  ] as const) {
    const restarts = Math.ceil(RESTARTS * share)
    it(`listens again each time (${protocols.join(', ')}; ${restarts} times)`, async t => {
      if (!meets(t, engineMissing('native'))) return
      const random = randomPoints(t)
      const ends: string[] = []
      const aftermath = await underLoad(t, { protocols }, async tracker => {
        const places = protocols.map(protocol => tracker.place(protocol))
        for (let restart = 0; restart < restarts; restart++) {
          const signal = random.below(2) === 0 ? 'SIGTERM' : 'SIGKILL'
          const end = await tracker.restart(signal)
          ends.push(end.signal ?? String(end.code))
          if (signal === 'SIGTERM') assert.deepEqual([end.code, end.stderr], [0, ''], end.stdout)
          else assert.equal(end.signal, 'SIGKILL')
          const { servedAfterMs, servedWithinMs } = await tracker.service()
          for (const [protocol, ms] of Object.entries(servedAfterMs))
            assert.ok(ms < servedWithinMs, `${protocol} was served after ${Math.round(ms)} ms`)
        }
        assert.deepEqual(
          protocols.map(protocol => tracker.place(protocol)),
          places,
        )
        // A new process knows nobody; from now on it must lose nobody.
        await tracker.registerPeers()
      })
      t.diagnostic(ends.join(' '))
      assertAsBefore(t, aftermath)
    })
  }
})
