// The summary for people, against golden texts in data/.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { bucketOf, bucketTopUs } from '../../src/loadtest/latency-buckets.js'
import { summaryText, trialRow } from '../../src/loadtest/report/table.js'
import type { LoadTestResult } from '../../src/loadtest/result.js'
import { packageRoot } from '../support/tracker-process.js'
import { announcesOf, latencyOf, planOf, resultOf } from './plans.js'
import { sampleResult, searchOf } from './sample-result.js'

const golden = (name: string): string =>
  readFileSync(join(packageRoot, `test/loadtest/data/${name}.txt`), 'utf8')

/** As the generators record timeouts of 1.5 and 2 s. */
const limitUs = bucketTopUs(bucketOf(15_000_000))
const twoSecondsUs = bucketTopUs(bucketOf(20_000_000))

const objectives = [
  { text: 'announce.p99<5ms', isMet: true, measured: 860.4 },
  { text: 'loss<0.1%', isMet: false, measured: 0.0021 },
  { text: 'rate>=4k', isMet: true, measured: 4978.3 },
  { text: 'scrape.mean<1ms', isMet: false, measured: null },
]
const bufferWarning =
  'Receive buffers are 212992 bytes, not the 4000000 that were asked for, so that bursts of answers may be lost: sysctl -w net.core.rmem_max=4000000.'
const behind =
  'The load test fell behind its own schedule: one request in a hundred was sent more than 31 ms late (the limit at this rate is 20 ms). Use more workers, a lower rate, or another machine.'

const full = sampleResult({}, { objectives, warnings: [bufferWarning], search: searchOf(10_000) })
const interrupted = sampleResult({ mode: 'closed', seconds: 12 }, { isInterrupted: true })
const behindResult = sampleResult({}, { verdict: 'generator-bound', warnings: [behind], objectives })
const silent = sampleResult(
  { lossShare: 1 },
  {
    verdict: 'no-answers',
    warnings: ['None of 99765 requests was answered.'],
    remarks: [['socket: ECONNREFUSED', 99_765]],
  },
)
const tables: readonly (readonly [string, LoadTestResult])[] = [
  ['open', full],
  ['closed-interrupted', interrupted],
  ['generator-bound', behindResult],
  ['no-answers', silent],
]

describe('summaryText', () => {
  for (const [name, result] of tables) {
    for (const columns of [80, 100]) {
      it(`is as it was: ${name} at ${columns} columns`, async () => {
        const text = await summaryText(result, { columns })
        assert.equal(text, golden(`summary-${name}-${columns}`))
      })
    }
  }

  it('fits its columns, whatever the figures', async () => {
    const long = 'x'.repeat(150)
    const huge = announcesOf({
      outcomes: { ...announcesOf().outcomes, answered: 123_456_789_012, timedOut: 3e9 },
      answersPerSecond: 123_456_789,
      lossShare: 0.000_001,
      response: latencyOf({
        p50Us: limitUs,
        p99Us: limitUs,
        maxUs: 214_748_364.7,
        timeouts: 900,
        p90Us: limitUs,
        p999Us: limitUs,
      }),
      service: latencyOf({
        p50Us: 0,
        p90Us: 12.3,
        p99Us: 99_950,
        p999Us: limitUs,
        maxUs: limitUs,
        timeouts: 900,
      }),
    })
    const result = resultOf({
      plan: planOf({ timeoutMs: 1500 }),
      kinds: [huge],
      warnings: [`a ${long} b`],
      remarks: [[long, 1e9]],
      objectives: [{ text: long, isMet: true, measured: 1 }],
    })
    for (const [given, columns] of [
      [80, 80],
      [100, 100],
      [40, 80],
    ]) {
      const text = await summaryText(result, { columns: given })
      const widest = Math.max(...text.split('\n').map(line => line.length))
      assert.ok(widest <= columns, `${widest} columns:\n${text}`)
      assert.match(text, /> 1\.5 s/)
    }
  })

  it('shows percentiles among timeouts as more than the limit, and others as they are', async () => {
    // 3 of 1000 are lost: p99 is an answer, p99.9 is not.
    const figures = latencyOf({ timeouts: 3, p99Us: 950, p999Us: twoSecondsUs, maxUs: twoSecondsUs })
    const plan = planOf({ timeoutMs: 2000 })
    const text = await summaryText(
      resultOf({ plan, kinds: [announcesOf({ response: null, service: figures })] }),
    )
    assert.match(text, /service +0\.10 +0\.10 +0\.95 +> 2 s +> 2 s/)
    const slow = latencyOf({ timeouts: 0, maxUs: twoSecondsUs })
    const answered = await summaryText(
      resultOf({ plan, kinds: [announcesOf({ response: null, service: slow })] }),
    )
    assert.match(answered, /0\.10 +20\d\d /)
  })

  it('says "each" of several workers only', async () => {
    const shape = async (workers: number, connectionsPerWorker: number): Promise<string> =>
      (await summaryText(resultOf({ plan: planOf({ workers, connectionsPerWorker }) }))).replaceAll('\n', ' ')
    assert.match(await shape(1, 16), / 1 worker with 16 sockets, /)
    assert.match(await shape(1, 1), / 1 worker with 1 socket, /)
    assert.match(await shape(2, 1), / 2 workers with 1 socket each, /)
  })

  it('makes no claim about a tracker where the result is void', async () => {
    for (const result of [behindResult, silent]) {
      const text = await summaryText(result)
      assert.doesNotMatch(text, /p50|answers\/s|announce\.p99|peers per|MB\/s|requests per second/)
      assert.match(text, /tracker/)
    }
    const unsaid = await summaryText(sampleResult({}, { verdict: 'generator-bound', warnings: [] }))
    assert.match(unsaid, /Use more workers, a lower rate, or another machine\./)
  })

  it('judges no closed loop of a search: no rate was planned', () => {
    const { trials } = searchOf(10_000)
    const closed = { ...trials[0]!, isClosedLoop: true, isPassed: false }
    assert.equal(trialRow(closed).at(-1), 'closed loop')
    assert.equal(trialRow({ ...closed, verdict: 'no-answers' }).at(-1), 'closed loop, no-answers')
  })

  it('has colours only where they are asked for', async () => {
    const plain = await summaryText(full)
    assert.ok(!plain.includes('\x1b'))
    const coloured = await summaryText(full, { color: true })
    assert.ok(coloured.includes('\x1b[32m✓'))
    assert.equal(stripVTControlCharacters(coloured), plain)
  })
})
