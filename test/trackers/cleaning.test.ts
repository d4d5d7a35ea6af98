// The cleaning schedule with observers that take their time, stop, or look at a swarm that can't be cleaned.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CleaningTimes } from '../../src/metrics/cleaning-times.js'
import type { Cleaner } from '../../src/swarm/cleaner.js'
import { type CleaningObserver, cleanOnce, scheduleCleaning } from '../../src/trackers/cleaning.js'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A cleaner whose rounds take three steps, and an observer; both note what is called. */
function scene(): { calls: string[]; cleaner: Cleaner; observer: CleaningObserver } {
  const calls: string[] = []
  let steps = 0
  const cleaner = {
    begin: () => {
      steps = 0
    },
    step: () => {
      calls.push('step')
      steps++
      return steps === 3
    },
  }
  const observer: CleaningObserver = {
    begin: () => void calls.push('begin'),
    torrent: () => undefined,
    end: () => void calls.push('end'),
    stop: async () => void calls.push('stop'),
  }
  return { calls, cleaner: cleaner as unknown as Cleaner, observer }
}

const common = { nowSeconds: () => 0, times: new CleaningTimes(1) }

describe('cleaning', () => {
  it('goes on after a step when its observers let it, and is over when they say so', async () => {
    const { calls, cleaner, observer } = scene()
    let release: () => void = () => undefined
    const wait = (): Promise<void> =>
      new Promise(resolve => {
        release = resolve
      })
    let isOver = false
    const round = cleanOnce(cleaner, {
      ...common,
      observers: [observer, { ...observer, begin: () => undefined, afterStep: wait, end: wait }],
    }).then(() => {
      isOver = true
    })
    for (const expected of [1, 2, 3]) {
      for (let turns = 0; turns < 5; turns++) await turn()
      assert.equal(calls.filter(call => call === 'step').length, expected)
      assert.ok(!isOver)
      release()
    }
    await round
    assert.deepEqual(calls, ['begin', 'step', 'step', 'step', 'end'])
  })

  it('makes no step more once it is told to stop, and waits for what its observers have to do', async () => {
    const { calls, cleaner, observer } = scene()
    let release: () => void = () => undefined
    const blocked = new Promise<void>(resolve => {
      release = resolve
    })
    await new Promise<void>(resolve => {
      const stop = scheduleCleaning(cleaner, {
        ...common,
        intervalSeconds: 0.001,
        onFailure: assert.fail,
        observers: [
          {
            ...observer,
            afterStep: () => {
              setImmediate(() =>
                stop()
                  .then(() => void calls.push('stopped'), assert.fail)
                  .then(resolve),
              )
              return blocked
            },
            stop: async () => {
              calls.push('stop')
              await turn()
              release()
            },
          },
        ],
      })
    })
    for (let turns = 0; turns < 5; turns++) await turn()
    assert.deepEqual(calls, ['begin', 'step', 'stop', 'stopped'])
  })

  it('ends with what the cleaner throws', async () => {
    const { cleaner, observer, calls } = scene()
    cleaner.step = () => {
      throw new Error('a lock is held by a dead thread')
    }
    const failure = await new Promise<Error>(resolve => {
      const stop = scheduleCleaning(cleaner, {
        ...common,
        intervalSeconds: 0.001,
        onFailure: async error => {
          await stop()
          resolve(error)
        },
        observers: [observer],
      })
    })
    assert.match(failure.message, /dead thread/)
    assert.deepEqual(calls, ['begin', 'stop'])
  })
})
