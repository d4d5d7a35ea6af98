// The search for the highest rate that keeps objectives: what is asked for, and when its end is a bound.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { searchObjectives } from '../../src/bench/objective-search.js'
import type { LoadTestDocument } from '../../src/loadtest/report/document.js'

interface Ending {
  readonly verdict?: string
  readonly ratePerSecond?: number | null
  readonly waitShare?: number
  readonly lagP99Us?: number
}

/** A search that ends as it is told; it keeps the flags it was asked with. */
function search({ verdict = 'valid', ratePerSecond = 5000, waitShare = 0, lagP99Us = 0 }: Ending) {
  const asked: (readonly string[])[] = []
  const load = async (flags: readonly string[]): Promise<LoadTestDocument> => {
    asked.push(flags)
    return {
      verdict,
      search: { ratePerSecond },
      kinds: [{ kind: 'announce', response: { p99Us: 1000 } }],
      selfCheck: { lagP99Us, workerWaitShares: [waitShare] },
    } as unknown as LoadTestDocument
  }
  const objectives = ['announce.p99<5ms', 'loss<1%']
  return { asked, found: searchObjectives({ objectives, measureSeconds: 3, load }) }
}

describe('the search for the highest rate that keeps objectives', () => {
  it('has trials as long as the measurements of the bench', async () => {
    const { asked, found } = search({})
    assert.deepEqual(await found, { objectiveRatePerSecond: 5000, isObjectiveBound: false })
    assert.deepEqual(asked, [
      ['--search', '--fill', '0s', '--warmup', '1s', '--duration', '3s'].concat([
        ...['--slo', 'announce.p99<5ms', '--slo', 'loss<1%'],
      ]),
    ])
  })

  it('finds a bound where the generator ended it, or waited itself', async () => {
    const boundOf = async (ending: Ending): Promise<boolean | undefined> =>
      (await search(ending).found).isObjectiveBound
    assert.equal(await boundOf({ verdict: 'generator-bound' }), true)
    assert.equal(await boundOf({ waitShare: 0.006 }), true)
    assert.equal(await boundOf({ lagP99Us: 251 }), true)
    assert.equal(await boundOf({ waitShare: 0.005, lagP99Us: 250 }), false)
  })

  it('finds nothing where no rate keeps them, and is left out without objectives', async () => {
    assert.equal((await search({ ratePerSecond: null }).found).objectiveRatePerSecond, null)
    const load = (): Promise<LoadTestDocument> => assert.fail('it was asked')
    const none = await searchObjectives({ objectives: [], measureSeconds: 3, load })
    assert.deepEqual(none, { objectiveRatePerSecond: null })
  })
})
