// Files for other tools: what is written is read back with hdr-histogram-js, and the CSV by its columns.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeFromCompressedBase64, HistogramLogReader, listTags } from 'hdr-histogram-js'
import { seriesCsv } from '../../src/loadtest/report/csv.js'
import { hdrBase64, histogramLog, namedLatencies, percentileFile } from '../../src/loadtest/report/hdr.js'
import type { LatencyFigures } from '../../src/loadtest/result.js'
import { latencyOf } from './plans.js'
import { sampleResult } from './sample-result.js'

const result = sampleResult()

/** Percentiles of both agree to the three digits that HdrHistogram keeps. */
function assertSame(
  histogram: { totalCount: number; maxValue: number; getValueAtPercentile: (percentile: number) => number },
  figures: LatencyFigures,
): void {
  assert.equal(histogram.totalCount, figures.count)
  for (const [percentile, us] of [
    [50, figures.p50Us],
    [90, figures.p90Us],
    [99, figures.p99Us],
    [99.9, figures.p999Us],
    [100, figures.maxUs],
  ]) {
    const ratio = histogram.getValueAtPercentile(percentile) / (us * 1000)
    assert.ok(Math.abs(ratio - 1) < 0.001, `p${percentile}: ${ratio}`)
  }
}

describe('hdrBase64', () => {
  it('decodes to the same counts and percentiles, in nanoseconds', async () => {
    for (const { figures } of namedLatencies(result)) {
      assertSame(decodeFromCompressedBase64(await hdrBase64(figures), 64), figures)
    }
  })

  it('holds counts beyond 32 bits, nothing, and the longest latency', async () => {
    const largest = 214_748_364.7
    const figures = latencyOf({
      count: 6e9,
      buckets: [
        [0, 1e9],
        [12.3, 5e9 - 1],
        [largest, 1],
      ],
      maxUs: largest,
    })
    const histogram = decodeFromCompressedBase64(await hdrBase64(figures), 64)
    assert.equal(histogram.totalCount, 6e9)
    assert.ok(Math.abs(histogram.maxValue / (largest * 1000) - 1) < 0.001)
    assert.equal(decodeFromCompressedBase64(await hdrBase64(latencyOf({ buckets: [] })), 64).totalCount, 0)
  })
})

describe('percentileFile', () => {
  it('has the columns that plotters read, in milliseconds', async () => {
    const [latency] = namedLatencies(result).filter(({ kind }) => kind === 'announce')
    const text = await percentileFile(result, [latency])
    const lines = text.split('\n')
    assert.match(lines[0], /^ +Value +Percentile +TotalCount +1\/\(1-Percentile\)$/)
    const rows = lines.slice(1).filter(line => line !== '' && !line.startsWith('#'))
    const last = rows.at(-1)!.trim().split(/ +/).map(Number)
    assert.deepEqual(last.slice(1), [1, latency.figures.count])
    assert.ok(Math.abs(last[0] / (latency.figures.maxUs / 1000) - 1) < 0.001)
    assert.match(text, /^#\[announce response time in ms\]$/m)
  })

  it('says where a result is void, and where there is nothing', async () => {
    const void_ = { ...result, verdict: 'generator-bound' as const, isInterrupted: true }
    const text = await percentileFile(void_, namedLatencies(result))
    assert.match(text, /^#\[generator-bound: this says nothing about the tracker\]$/m)
    assert.match(text, /^#\[interrupted\]$/m)
    assert.match(await percentileFile(result, []), /^#\[no latencies\]\n$/)
  })
})

describe('histogramLog', () => {
  it('is a log with a tag for each kind and latency, over the measurement', async () => {
    const latencies = namedLatencies(result)
    const text = await histogramLog(result, latencies)
    assert.deepEqual(listTags(text).sort(), latencies.map(({ kind, latency }) => `${kind}.${latency}`).sort())
    const reader = new HistogramLogReader(text, 64)
    for (const { kind, latency, figures } of latencies) {
      const histogram = reader.nextIntervalHistogram()
      assert.ok(histogram !== null)
      assert.equal(histogram.tag, `${kind}.${latency}`)
      assertSame(histogram, figures)
      assert.equal(histogram.startTimeStampMsec, Date.parse(result.startedAt))
      assert.equal(histogram.endTimeStampMsec - histogram.startTimeStampMsec, 20_000)
    }
    assert.equal(reader.nextIntervalHistogram(), null)
  })
})

describe('seriesCsv', () => {
  it('has a line for each bin, and empty cells where nothing was answered', () => {
    const point = { second: 0, answered: 10, failed: 1, p50Us: 1.5, p99Us: 20 }
    const silent = { second: 1, answered: 0, failed: 9, p50Us: null, p99Us: null }
    assert.equal(seriesCsv([point, silent]), 'second,answered,failed,p50Us,p99Us\n0,10,1,1.5,20\n1,0,9,,\n')
    assert.equal(seriesCsv([]), 'second,answered,failed,p50Us,p99Us\n')
  })
})
