import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type ProcessorMode,
  parseProcessorList,
  processorModes,
  shareProcessors,
} from '../../src/bench/processors.js'

const eight = [0, 1, 2, 3, 4, 5, 6, 7]

/** Rows of the table of the original's bencher: mode, processors asked for, contender's, load's. */
const rows: readonly (readonly [ProcessorMode, number, string, string])[] = [
  ['subsequent', 1, '0', '7'],
  ['subsequent', 2, '0,1', '6,7'],
  ['split-pairs', 1, '0,4', '3,7'],
  ['split-pairs', 2, '0,1,4,5', '2,3,6,7'],
  ['subsequent-pairs', 1, '0,1', '6,7'],
  ['subsequent-pairs', 2, '0,1,2,3', '4,5,6,7'],
  ['subsequent-one-per-pair', 1, '0', '6'],
  ['subsequent-one-per-pair', 2, '0,2', '4,6'],
]

describe('processors of a bench', () => {
  for (const [mode, wanted, contender, load] of rows) {
    it(`${mode}, ${wanted} of eight: ${contender} and ${load}`, () => {
      const share = shareProcessors(eight, mode, wanted)
      assert.deepEqual([share.contender, share.load], [contender, load])
    })
  }

  it('never overlap where there are two', () => {
    const available = fc.uniqueArray(fc.nat({ max: 63 }), { minLength: 2, maxLength: 32 })
    fc.assert(
      fc.property(
        available,
        fc.constantFrom(...processorModes),
        fc.integer({ min: 1, max: 64 }),
        (list, mode, wanted) => {
          const { contender, load } = shareProcessors(
            [...list].sort((a, b) => a - b),
            mode,
            wanted,
          )
          const taken = new Set(parseProcessorList(contender))
          assert.ok(taken.size > 0)
          assert.ok(parseProcessorList(load).every(processor => !taken.has(processor)))
        },
      ),
    )
  })

  it('are shared where there is one, and this is said', () => {
    assert.deepEqual(shareProcessors([3], 'subsequent', 1), {
      contender: '3',
      load: '3',
      contenderProcessors: 1,
      loadProcessors: 1,
      isShared: true,
    })
  })

  it('are read as the system writes them', () => {
    assert.deepEqual(parseProcessorList('0-2,5\n'), [0, 1, 2, 5])
    assert.deepEqual(parseProcessorList(''), [])
  })
})
