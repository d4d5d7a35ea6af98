import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SILENT_LOOKS_MAX, SilentWorkers } from '../../src/trackers/silent-workers.js'

describe('silent workers', () => {
  it('are told of once, at the last look of their patience', () => {
    const workers = new SilentWorkers()
    const looks = Array.from({ length: 2 * SILENT_LOOKS_MAX }, (_, look) => workers.look([7, look], [0, 1]))
    const expected = looks.map((_, look) => (look === SILENT_LOOKS_MAX ? [0] : []))
    assert.deepEqual(looks, expected)
  })

  it('are patiently waited for anew after every beat', () => {
    const workers = new SilentWorkers()
    for (let beats = 0; beats < 10; beats++) {
      for (let look = 0; look < SILENT_LOOKS_MAX; look++) assert.deepEqual(workers.look([beats], [0]), [])
    }
  })

  it('are not looked at before they serve, and a successor has nothing of the one before it', () => {
    const workers = new SilentWorkers()
    for (let look = 0; look < 2 * SILENT_LOOKS_MAX; look++) assert.deepEqual(workers.look([1, 1], []), [])
    for (let look = 0; look < SILENT_LOOKS_MAX; look++) assert.deepEqual(workers.look([1, 1], [1]), [])
    workers.forget(1)
    for (let look = 0; look < SILENT_LOOKS_MAX; look++) assert.deepEqual(workers.look([1, 1], [1]), [])
    assert.deepEqual(workers.look([1, 1], [1]), [1])
  })
})
