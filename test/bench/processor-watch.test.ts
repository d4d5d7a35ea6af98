// Processor time of any stretch of a run, out of readings that are some way apart.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { interpolate } from '../../src/bench/processor-watch.js'

const readings = [
  { atMs: 1000, userMs: 10, systemMs: 20 },
  { atMs: 1100, userMs: 60, systemMs: 40 },
  { atMs: 1200, userMs: 60, systemMs: 140 },
]

describe('processor time between readings', () => {
  it('grows evenly', () => {
    assert.deepEqual(interpolate(readings, 1050), { atMs: 1050, userMs: 35, systemMs: 30 })
    assert.deepEqual(interpolate(readings, 1175), { atMs: 1175, userMs: 60, systemMs: 115 })
  })

  it('is as read at a reading, and stands still outside', () => {
    assert.equal(interpolate(readings, 1100).userMs, 60)
    assert.equal(interpolate(readings, 0).userMs, 10)
    assert.equal(interpolate(readings, 5000).systemMs, 140)
  })
})
