// Latencies in the formats of HdrHistogram: `.hgrm` (percentiles as text), `.hlog` (histogram log 1.3) and the V2
// compressed base64 that is in both the log and the JSON document. Values are nanoseconds there, as those tools expect;
// each of our buckets counts at its upper end.

import type { Histogram } from 'hdr-histogram-js'
import { type LoadKindName, loadKindNames } from '../kinds.js'
import type { LatencyFigures, LoadTestResult } from '../result.js'

/** The longest latency told apart is 214.7 s (latency-buckets.ts). */
const LARGEST_NS = 2 ** 38
const SIGNIFICANT_DIGITS = 3
const NS_PER_MS = 1e6
const TICKS_PER_HALF_DISTANCE = 5

export type LatencyName = 'response' | 'service'

/** One latency of one kind, that has records. */
export interface NamedLatency {
  readonly kind: LoadKindName
  readonly latency: LatencyName
  readonly figures: LatencyFigures
}

/** All latencies of a result that have records, in the order of reports. */
export function namedLatencies({ kinds }: Pick<LoadTestResult, 'kinds'>): NamedLatency[] {
  return [...kinds]
    .sort((left, right) => loadKindNames.indexOf(left.kind) - loadKindNames.indexOf(right.kind))
    .flatMap(({ kind, response, service }) => [
      { kind, latency: 'response' as const, figures: response },
      { kind, latency: 'service' as const, figures: service },
    ])
    .filter((named): named is NamedLatency => named.figures !== null && named.figures.count > 0)
}

/** HdrHistogram V2, compressed, base64. */
export async function hdrBase64(figures: LatencyFigures): Promise<string> {
  const { encodeIntoCompressedBase64 } = await import('hdr-histogram-js')
  return encodeIntoCompressedBase64(await histogramOf(figures))
}

/**
 * Percentiles in milliseconds, the text that HdrHistogram's plotter reads. With several latencies each has its
 * part; plotters want a file for each.
 */
export async function percentileFile(
  result: LoadTestResult,
  latencies: readonly NamedLatency[],
): Promise<string> {
  const parts: string[] = []
  for (const { kind, latency, figures } of latencies) {
    const text = (await histogramOf(figures)).outputPercentileDistribution(TICKS_PER_HALF_DISTANCE, NS_PER_MS)
    const remarks = [`${kind} ${latency} time in ms`, ...validity(result)].map(remark => `#[${remark}]\n`)
    parts.push(`${text.trimEnd()}\n${remarks.join('')}`)
  }
  return parts.length === 0
    ? `#[no latencies]\n${validity(result)
        .map(text => `#[${text}]\n`)
        .join('')}`
    : parts.join('\n')
}

/** A histogram log with one interval, the measurement; each line has a tag such as `announce.response`. */
export async function histogramLog(
  result: LoadTestResult,
  latencies: readonly NamedLatency[],
): Promise<string> {
  const { HistogramLogWriter } = await import('hdr-histogram-js')
  let text = ''
  const writer = new HistogramLogWriter(line => {
    text += line
  })
  const startSeconds = new Date(result.startedAt).getTime() / 1000
  writer.outputComment('[Logged by aquatic loadtest; values are nanoseconds, Interval_Max is milliseconds]')
  for (const remark of validity(result)) writer.outputComment(`[${remark}]`)
  writer.outputLogFormatVersion()
  writer.outputComment(`[StartTime: ${startSeconds.toFixed(3)} (seconds since epoch), ${result.startedAt}]`)
  writer.outputLegend()
  for (const { kind, latency, figures } of latencies) {
    const histogram = await histogramOf(figures)
    histogram.tag = `${kind}.${latency}`
    writer.outputIntervalHistogram(histogram, 0, result.measuredSeconds, NS_PER_MS)
  }
  return text
}

/** Who reads only this file has to know. */
function validity({ verdict, isInterrupted }: LoadTestResult): string[] {
  return [
    ...(verdict === 'valid' ? [] : [`${verdict}: this says nothing about the tracker`]),
    ...(isInterrupted ? ['interrupted'] : []),
  ]
}

async function histogramOf({ buckets }: LatencyFigures): Promise<Histogram> {
  const { build } = await import('hdr-histogram-js')
  const histogram = build({
    // Counts of 32 bits would overflow in long tests.
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LARGEST_NS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  })
  for (const [us, count] of buckets) histogram.recordValueWithCount(Math.round(us * 1000), count)
  return histogram
}
