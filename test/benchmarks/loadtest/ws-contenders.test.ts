import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAquatic } from '../../../benchmarks/loadtest/aquatic.js'
import { aquaticName, parseYardstick } from '../../../benchmarks/loadtest/ws-contenders.js'

describe('what WebTorrent load generators print', () => {
  it('is read from load-ws', () => {
    assert.deepEqual(parseYardstick('responses 219420 seconds 3.004 rate 73044\n'), {
      responses: 219_420,
      seconds: 3.004,
      responsesPerSecond: 73_044,
    })
    assert.throws(() => parseYardstick('no upgrade\n'), /not the output of load-ws/)
  })

  it("is read from aquatic's, in the second of its reports", () => {
    const reportOf = (rate: string): string =>
      `Requests out: 1.00/second\nResponses in: ${rate}/second\n  - Announce responses: ${rate}\n`
    const reports = ['100.20', '200.40', '300.00'].map(reportOf).join('\n')
    const counts = parseAquatic(aquaticName, reports)
    assert.deepEqual(counts, { responses: 1002, seconds: 5, responsesPerSecond: 200.4 })
    assert.throws(() => parseAquatic(aquaticName, reportOf('100.20')), /not two reports/)
  })
})
