// Numbers as reports show them. Latencies are milliseconds everywhere, with three digits.

import { bucketOf, bucketTopUs } from '../latency-buckets.js'
import { rateText } from '../plan-text.js'
import type { LatencyFigures } from '../result.js'

/** `1,234,568` */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** As `wholeNumber`, and in nine characters at most: `12.3M`. */
export function countText(value: number): string {
  return value < 9_999_999.5 ? wholeNumber(value) : rateText(value)
}

/** Three digits, more where they are before the point: `0.012`, `1.23`, `12.3`, `1234`. */
export function threeDigits(value: number): string {
  if (value === 0 || value >= 99.95) return value.toFixed(0)
  if (value >= 9.995) return value.toFixed(1)
  return value.toFixed(value >= 0.0995 ? 2 : 3)
}

/** Microseconds as a number of milliseconds. */
export function msNumber(us: number): string {
  return threeDigits(us / 1000)
}

/** `0.92 ms`, `1.5 s` where tenths of a second say it exactly. */
export function durationText(us: number): string {
  return us >= 1e6 && us % 1e5 === 0 ? `${us / 1e6} s` : `${msNumber(us)} ms`
}

/** 0 to 1 as `0.12 %`; what is not nothing is never shown as nothing, nor what is not all as all. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.000_05) return '<0.01 %'
  const percent = share * 100
  if (percent < 100 && percent >= 99.95) return `${(Math.floor(percent * 1000) / 1000).toFixed(3)} %`
  return `${percent === 0 || percent === 100 ? percent.toFixed(0) : percent.toFixed(percent < 9.995 ? 2 : 1)} %`
}

/** `12.3 MB/s` */
export function byteRateText(bytesPerSecond: number): string {
  return `${bytesText(bytesPerSecond)}/s`
}

/** Powers of 1000, as links are measured. */
export function bytesText(bytes: number): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (bytes >= size) return `${threeDigits(bytes / size)} ${unit}`
  }
  return `${bytes.toFixed(0)} B`
}

/**
 * Whether a percentile or maximum lies at or above a timeout: a timeout counts with the time limit, so that the true
 * value is at least this. Answers can only be as slow where they were sent late.
 */
export function isAmongTimeouts({ timeouts }: LatencyFigures, us: number, timeoutMs: number): boolean {
  return timeouts > 0 && us >= timeoutMs * 1000
}

/** A latency of a table: milliseconds without their unit, `> 2 s` or `> 2345 ms` among timeouts, `-` without any. */
export function latencyCell(figures: LatencyFigures, us: number, timeoutMs: number): string {
  if (figures.count === 0) return '-'
  return isAmongTimeouts(figures, us, timeoutMs) ? overLimitText(us, timeoutMs) : msNumber(us)
}

/** The same in a sentence: `0.92 ms`. */
export function latencyText(figures: LatencyFigures, us: number, timeoutMs: number): string {
  if (figures.count === 0) return '-'
  return isAmongTimeouts(figures, us, timeoutMs) ? overLimitText(us, timeoutMs) : `${msNumber(us)} ms`
}

/** Seven characters at most, and never more than it is. */
function overLimitText(us: number, timeoutMs: number): string {
  const ms = atLimit(us, timeoutMs) / 1000
  if (ms < 1000) return `> ${Math.floor(ms)} ms`
  return `> ${ms < 10_000 ? Math.floor(ms / 100) / 10 : Math.floor(ms / 1000)} s`
}

/** The time limit itself is reported as the upper end of its bucket: back to what it is. */
export function atLimit(us: number, timeoutMs: number): number {
  const limitUs = timeoutMs * 1000
  return us > limitUs && us <= bucketTopUs(bucketOf(timeoutMs * 10_000)) ? limitUs : us
}
