// The HTML page: complete in itself, well-formed, and nothing of the other side's texts is markup.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LoadTestDocument } from '../../src/loadtest/report/document.js'
import { resultPage } from '../../src/loadtest/report/html.js'
import { linearTicks, logTicks } from '../../src/loadtest/report/svg-plot.js'
import { sampleDocument, samplePlan, searchOf } from './sample-result.js'

const voidTags = new Set(['meta', '!doctype'])

/** Tags that are not closed in order. */
function unbalanced(page: string): string[] {
  const open: string[] = []
  const body = page.replace(/<style>[\s\S]*?<\/style>/, '')
  for (const [, slash, name, rest] of body.matchAll(/<(\/?)([!a-z][a-z0-9]*)([^>]*)>/gi)) {
    if (voidTags.has(name.toLowerCase()) || rest.endsWith('/')) continue
    if (slash === '') open.push(name)
    else if (open.pop() !== name) return [`${name} is closed out of turn`]
  }
  return open
}

function assertSound(document: LoadTestDocument): string {
  const page = resultPage(document)
  assert.deepEqual(unbalanced(page), [])
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/)
  assert.doesNotMatch(page, /<script|<link|<img|<iframe|\ssrc=|\shref=|@import|url\(/i)
  return page
}

describe('resultPage', () => {
  it('shows plots, tables, objectives, search and environment', async () => {
    const objectives = [{ text: 'announce.p99<5ms', isMet: true, measured: 900 }]
    const page = assertSound(await sampleDocument({}, { objectives, search: searchOf(10_000) }))
    const captions = [...page.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, text]) => text)
    assert.deepEqual(captions, [
      'Answered and failed requests over time',
      'Latency over time, of what was answered in each bin',
      'Latency of connect by percentile',
      'Histogram of connect, response time',
      'Latency of announce by percentile',
      'Histogram of announce, response time',
      'Latency of scrape by percentile',
      'Histogram of scrape, response time',
      'Search: p99 by rate',
      'Search: loss by rate',
    ])
    assert.match(page, /✓ announce\.p99&#60;5ms \(0\.90 ms\)/)
    assert.match(page, /prefers-color-scheme: dark/)
    assert.match(page, /@media print/)
    assert.match(page, /Mitigation: Retpolines/)
    assert.match(page, /aquatic loadtest udp --rate 5k --slo &#39;announce\.p99&#60;5ms&#39;/)
  })

  it('escapes what the other side and the user wrote', async () => {
    const attack = `</td><script>alert('x')</script><b title="&">`
    const plan = samplePlan()
    const page = assertSound(
      await sampleDocument(
        {},
        {
          plan: { ...plan, target: { ...plan.target, url: attack } },
          remarks: [[attack, 3]],
          warnings: [attack],
          objectives: [{ text: attack, isMet: false, measured: null }],
        },
        { processorModel: attack, mitigations: { [attack]: attack } },
      ),
    )
    assert.ok(!page.includes('<b title'))
    assert.match(page, /&#60;script&#62;alert\(&#39;x&#39;\)/)
  })

  it('makes no claim about a tracker where the result is void', async () => {
    for (const verdict of ['generator-bound', 'no-answers'] as const) {
      const page = assertSound(await sampleDocument({}, { verdict, warnings: ['Because.'] }))
      assert.doesNotMatch(page, /<figure|answers\/s|p99\.9|per second:/)
      assert.match(page, /Because\./)
    }
  })

  it('is sound with next to nothing, with everything lost and with hours', async () => {
    assertSound(await sampleDocument({ rate: 0 }, { series: [], measuredSeconds: 0, isInterrupted: true }))
    assertSound(await sampleDocument({ lossShare: 1 }))
    assertSound(await sampleDocument({ rate: 1, seconds: 3, lossShare: 0 }))
    const hours = await sampleDocument({ rate: 20, seconds: 7200 })
    // A plot has no more points than pixels: the page does not grow with the test.
    assert.ok(assertSound(hours).length < 150_000)
  })
})

describe('ticks', () => {
  it('are round numbers within the range', () => {
    const at = (ticks: readonly { at: number }[]): number[] => ticks.map(tick => tick.at)
    assert.deepEqual(at(linearTicks(4_978, String)), [0, 1000, 2000, 3000, 4000])
    assert.deepEqual(at(linearTicks(0.021, String)), [0, 0.005, 0.01, 0.015, 0.02])
    assert.deepEqual(at(linearTicks(0, String)), [0])
    assert.deepEqual(at(logTicks(0.9, 12, String)), [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500])
  })
})
