import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { parseCpuQuota, workerCount } from '../../src/trackers/processors.js'

describe('automatic workers', () => {
  it('are one for each processor this process may use', () => {
    assert.equal(workerCount(7), 7)
    const automatic = workerCount(0)
    assert.ok(automatic >= 1 && automatic <= availableParallelism())
  })

  it("respect a container's quota, rounded up", () => {
    assert.equal(parseCpuQuota('max 100000\n'), Number.POSITIVE_INFINITY)
    assert.equal(parseCpuQuota('200000 100000\n'), 2)
    assert.equal(parseCpuQuota('150000 100000\n'), 2)
    assert.equal(parseCpuQuota('5000 100000\n'), 1)
    assert.equal(parseCpuQuota(''), Number.POSITIVE_INFINITY)
  })
})
