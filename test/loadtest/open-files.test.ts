import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { openFilesOf, requireOpenFiles } from '../../src/loadtest/open-files.js'
import { runLoadTest } from '../../src/loadtest/run.js'
import { planOf } from './plans.js'

const limitsOf = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}  20000  files\n`

describe('descriptors of a load test', () => {
  it('are one for each connection, and some for each thread and the process', () => {
    const few = openFilesOf({ workers: 2, connectionsPerWorker: 100 })
    assert.equal(openFilesOf({ workers: 2, connectionsPerWorker: 101 }) - few, 2)
    assert.ok(few > 200 && few < 400)
  })

  it('may be as many as the limit, and not one more', () => {
    const plan = { workers: 2, connectionsPerWorker: 1000 }
    const needed = openFilesOf(plan)
    requireOpenFiles(plan, limitsOf(String(needed)))
    requireOpenFiles(plan, limitsOf('unlimited'))
    requireOpenFiles(plan, null)
    assert.throws(
      () => requireOpenFiles(plan, limitsOf(String(needed - 1))),
      (error: AquaticError) => {
        assert.equal(error.code, 'AQ_OPEN_FILES')
        assert.match(error.message, /^2000 connections and \d+ other files .* the limit is \d+\.$/)
        assert.match(error.remedy ?? '', /or use 1999 connections$/)
        return true
      },
    )
  })

  it('are known before anything is opened', async () => {
    const plan = planOf({ protocol: 'ws', workers: 8, connectionsPerWorker: 100_000_000 })
    await assert.rejects(runLoadTest(plan), (error: unknown) => {
      assert.ok(error instanceof AquaticError)
      return error.code === 'AQ_OPEN_FILES'
    })
  })
})
