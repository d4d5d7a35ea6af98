// Workers that end at random points: threads ended from outside, workers that throw because a socket is none any more,
// and workers that hang.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { engineMissing, meets } from '../support/requirement.js'
import { packageRoot } from '../support/tracker-process.js'
import { randomPoints } from './random-points.js'
import { allProtocols } from './service.js'
import { assertAsBefore, type LoadedTracker, underLoad } from './under-load.js'

const fixture = pathToFileURL(`${packageRoot}dist/test/fixtures/workers-in-hand.js`)
const environment = { NODE_OPTIONS: `--import=${fixture.href}` }

/** More than five failures of one worker in a minute are the end, by design. */
const ROUNDS = 5

/** Requests in hand when a thread is ended: at this load a batch is a few. */
const IN_HAND = 8

/**
 * Waits until `count` workers were started again. A thread that is ended inside a critical section ends the process, by
 * design; then the tracker is started again, as a service manager does.
 * @returns whether the process had to be started again
 */
async function restarted(tracker: LoadedTracker, count: number): Promise<boolean> {
  const ended = await Promise.race([
    tracker.process.waitForLines('stdout', /"event":"worker-restarted"/, count).then(
      () => undefined,
      // Where the process has ended, its end tells more.
      () => tracker.process.ended,
    ),
    tracker.process.ended,
  ])
  if (ended === undefined) return false
  assert.equal(ended.code, 1, tracker.process.describe())
  assert.match(ended.stdout + ended.stderr, /AQ_WORKER_DIED_WITH_LOCK/)
  await tracker.start()
  await tracker.registerPeers()
  return true
}

async function assertServed(tracker: LoadedTracker): Promise<void> {
  const { servedAfterMs, servedWithinMs } = await tracker.service()
  assert.ok(
    Object.values(servedAfterMs).every(ms => ms < servedWithinMs),
    `after a worker was started again: ${JSON.stringify(servedAfterMs)} of ${Math.round(servedWithinMs)} ms`,
  )
}

describe('workers of a tracker under load', () => {
  it('are started again when their threads are ended, one or all at once, and serve within a second', async t => {
    if (!meets(t, engineMissing('native'))) return
    const random = randomPoints(t)
    let restarts = 0
    const aftermath = await underLoad(t, { protocols: allProtocols, environment }, async tracker => {
      const { workers } = tracker
      const end = async (places: readonly number[]): Promise<void> => {
        for (const worker of places) tracker.process.write(`end ${worker}\n`)
        const isAnew = await restarted(tracker, restarts + places.length)
        restarts = isAnew ? 0 : restarts + places.length
      }
      for (let round = 1; round < ROUNDS; round++) {
        await random.pass(tracker)
        await end([random.below(workers)])
        await assertServed(tracker)
      }
      await end(Array.from({ length: workers }, (_, worker) => worker))
    })
    assert.equal(aftermath.workerRestarts, restarts)
    assertAsBefore(t, aftermath, { unexplainedMax: (ROUNDS + 6) * IN_HAND })
  })

  it('are ended and started again when they hang', async t => {
    if (!meets(t, engineMissing('native'))) return
    const aftermath = await underLoad(t, { protocols: allProtocols, environment }, async tracker => {
      // The first is of UDP, the next of HTTP and WebTorrent; the others of each go on.
      tracker.process.write('hang 0\n')
      tracker.process.write('sleep 1\n')
      assert.equal(await restarted(tracker, 2), false)
      const lines = await tracker.process.waitForLines('stdout', /"event":"warning".*no sign of life/, 2)
      assert.match([...lines].sort().join(), /worker http-0\d .*worker socket-0\d /)
    })
    assert.equal(aftermath.workerRestarts, 2)
    assertAsBefore(t, aftermath)
  })

  it('are started again when they throw because a socket is gone (UDP alone)', async t => {
    if (!meets(t, engineMissing('native'))) return
    const random = randomPoints(t)
    const aftermath = await underLoad(t, { protocols: ['udp'], environment }, async tracker => {
      for (let round = 1; round <= ROUNDS; round++) {
        await random.pass(tracker)
        tracker.process.write(`break ${random.below(2)}\n`)
        assert.equal(await restarted(tracker, round), false)
        await assertServed(tracker)
      }
    })
    assert.equal(aftermath.workerRestarts, ROUNDS)
    assertAsBefore(t, aftermath, { unexplainedMax: ROUNDS * IN_HAND })
  })
})
