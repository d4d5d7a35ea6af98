// Rates between snapshots, and the schema that describes them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ratesBetween, withRates } from '../../src/metrics/snapshot.js'
import { documentProblems, sampleSnapshot, snapshotProblems } from './sample-snapshot.js'

describe('ratesBetween', () => {
  const before = sampleSnapshot(100, 10)
  const after = sampleSnapshot(140, 14)

  it('divides what was counted by the time that really passed', () => {
    const rates = ratesBetween(before, after)
    assert.equal(rates?.seconds, 4)
    assert.deepEqual(rates?.families.ipv4, {
      requestsPerSecond: 30,
      responsesPerSecond: { total: 40, connect: 10, announce: 10, scrape: 10, error: 10 },
      receivedBitsPerSecond: (8 * (40 * 100 + 3 * 40 * 54)) / 4,
      sentBitsPerSecond: (8 * (40 * 200 + 4 * 40 * 54)) / 4,
    })
    assert.equal(rates.families.ipv6.sentBitsPerSecond, (8 * (40 * 200 + 4 * 40 * 74)) / 4)
    assert.equal(rates.dropsPerSecond, 10)
    assert.equal(rates.kernelDropsPerSecond, 0)
  })

  it('knows no rate where no time passed, and none below zero', () => {
    assert.equal(ratesBetween(before, before), null)
    assert.equal(withRates(undefined, after).rates, null)
    const fewer = { ...after, kernelDrops: 0 }
    assert.equal(ratesBetween(before, fewer)?.kernelDropsPerSecond, 0)
  })
})

describe('schemas/tracker-snapshot.json', () => {
  const snapshot = withRates(sampleSnapshot(100, 10), sampleSnapshot(140, 14))

  it('allows what is written', () => {
    assert.deepEqual(snapshotProblems(JSON.parse(JSON.stringify(snapshot))), [])
    assert.deepEqual(snapshotProblems({ ...snapshot, rates: null, peerClients: null }), [])
    for (const document of [snapshot, [snapshot, snapshot]]) assert.deepEqual(documentProblems(document), [])
    for (const document of [[], [snapshot], [snapshot, {}], {}])
      assert.equal(documentProblems(document).length, 1, JSON.stringify(document).slice(0, 100))
  })

  it('notices what is missing, new or of another type', () => {
    const { kernelDrops, ...without } = snapshot
    assert.deepEqual(snapshotProblems(without), ['$.kernelDrops: missing'])
    assert.deepEqual(snapshotProblems({ ...snapshot, colour: kernelDrops }), ['$.colour: unknown'])
    assert.deepEqual(snapshotProblems({ ...snapshot, kernelDrops: 1.5 }), ['$.kernelDrops: type "integer"'])
    const workers = [{ ...snapshot.workers[0], drops: { tooShort: -1 } }]
    assert.deepEqual(snapshotProblems({ ...snapshot, workers }), ['$.workers[0].drops.tooShort: minimum 0'])
  })
})
