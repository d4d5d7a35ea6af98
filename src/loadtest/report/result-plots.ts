// The plots of a result: over time, over percentiles, by latency, and the curve of a search.

import { rateText } from '../plan-text.js'
import type { LatencyFigures, LoadTestResult, SeriesPoint, TrialResult } from '../result.js'
import { leadingLatency, requestsOf } from './headline.js'
import { isAmongTimeouts, shareText, threeDigits } from './number-text.js'
import { type Axis, type Bar, type Line, linearTicks, logTicks, type Plot } from './svg-plot.js'

/** Points of a line over time at most: a plot has no more pixels. */
const TIME_POINTS_MAX = 720
const HISTOGRAM_BARS = 60
const US_PER_MS = 1000

/** All plots of a valid result, in the order of the page. */
export function resultPlots(result: LoadTestResult): Plot[] {
  const series = thinned(result.series)
  const plots: Plot[] = []
  if (series.length > 1) plots.push(throughputPlot(series, binSecondsOf(result)), latencyOverTimePlot(series))
  for (const kind of result.kinds) {
    if (requestsOf(kind) === 0 || kind.service.count === 0) continue
    const lines: Line[] = [{ name: 'service', style: 2, points: percentilePoints(kind.service) }]
    if (kind.response !== null && kind.response.count > 0) {
      lines.unshift({ name: 'response', style: 1, points: percentilePoints(kind.response) })
    }
    plots.push(percentilePlot(`Latency of ${kind.kind} by percentile`, lines))
    const leading = leadingLatency(kind)
    const name = kind.response === null ? 'service' : 'response'
    if (leading.count > 0) {
      plots.push(histogramPlot(`Histogram of ${kind.kind}, ${name} time`, leading, result.plan.timeoutMs))
    }
  }
  return plots
}

/** None where no two trials tell anything. A closed loop is on no curve of planned rates. */
export function searchPlots(trials: readonly TrialResult[]): Plot[] {
  const valid = trials
    .filter(({ verdict, isClosedLoop }) => verdict === 'valid' && !isClosedLoop)
    .sort((left, right) => left.ratePerSecond - right.ratePerSecond)
  if (valid.length < 2) return []
  const rates = valid.map(({ ratePerSecond }) => ratePerSecond)
  const x = logAxis('requests planned per second', rates, rateText)
  const p99 = valid.map(({ p99Us }) => p99Us / US_PER_MS)
  const loss = valid.map(({ lossShare }) => lossShare)
  const line = (name: string, style: number, values: readonly number[]): Line => ({
    name,
    style,
    points: rates.map((rate, index) => [rate, values[index]] as const),
  })
  return [
    {
      title: 'Search: p99 by rate',
      x,
      y: logAxis('p99, ms', p99, threeDigits),
      lines: [line('p99', 1, p99)],
    },
    {
      title: 'Search: loss by rate',
      x,
      y: linearAxis('loss', Math.max(...loss, 0.001), shareText),
      lines: [line('loss', 3, loss)],
    },
  ]
}

/** The longest bin: the last one may be shorter. */
function binSecondsOf({ series, measuredSeconds }: LoadTestResult): number {
  return series.length > 1 ? series[1].second - series[0].second : measuredSeconds
}

function throughputPlot(series: readonly ThinPoint[], binSeconds: number): Plot {
  const answered = series.map(({ second, answered }) => [second, answered / binSeconds] as const)
  const failed = series.map(({ second, failed }) => [second, failed / binSeconds] as const)
  const most = Math.max(1, ...answered.map(([, rate]) => rate), ...failed.map(([, rate]) => rate))
  return {
    title: 'Answered and failed requests over time',
    x: timeAxis(series),
    y: linearAxis('per second', most, rateText),
    lines: [
      { name: 'answered', style: 1, points: answered },
      { name: 'failed', style: 3, points: failed },
    ],
  }
}

function latencyOverTimePlot(series: readonly ThinPoint[]): Plot {
  const ms = (us: number | null): number | null => (us === null ? null : us / US_PER_MS)
  const p50 = series.map(({ second, p50Us }) => [second, ms(p50Us)] as const)
  const p99 = series.map(({ second, p99Us }) => [second, ms(p99Us)] as const)
  const values = [...p50, ...p99].flatMap(([, value]) => (value === null ? [] : [value]))
  return {
    title: 'Latency over time, of what was answered in each bin',
    x: timeAxis(series),
    y: logAxis('ms', values, threeDigits),
    lines: [
      { name: 'p50', style: 2, points: p50 },
      { name: 'p99', style: 1, points: p99 },
    ],
  }
}

/** Steps: each value begins where all smaller ones end, and the last one at the share of the largest. */
function percentilePoints({ buckets, count }: LatencyFigures): (readonly [number, number])[] {
  let before = 0
  return buckets.map(([us, inBucket]) => {
    const point = [count / (count - before), us / US_PER_MS] as const
    before = Math.min(count - 0.5, before + inBucket)
    return point
  })
}

function percentilePlot(title: string, lines: readonly Line[]): Plot {
  const points = lines.flatMap(line => line.points)
  const most = Math.max(10, ...points.map(([x]) => x))
  return {
    title,
    x: {
      label: 'percentile',
      scale: 'log',
      min: 1,
      max: most,
      ticks: [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999]
        .map(share => ({
          at: 1 / (1 - share) - 1e-9,
          text: String(Number((share * 100).toPrecision(9))),
        }))
        .map((tick, index) => (index === 0 ? { ...tick, at: 1 } : tick)),
    },
    y: logAxis(
      'ms',
      points.flatMap(([, y]) => (y === null ? [] : [y])),
      threeDigits,
    ),
    lines,
  }
}

function histogramPlot(title: string, figures: LatencyFigures, timeoutMs: number): Plot {
  const values = figures.buckets.map(([us]) => us / US_PER_MS)
  const x = logAxis('ms', values, threeDigits)
  const low = Math.log10(x.min)
  const width = (Math.log10(x.max) - low) / HISTOGRAM_BARS
  const counts = new Float64Array(HISTOGRAM_BARS)
  const isFailure: boolean[] = new Array(HISTOGRAM_BARS).fill(false)
  for (const [us, count] of figures.buckets) {
    const place = Math.floor((Math.log10(Math.max(x.min, us / US_PER_MS)) - low) / width)
    const bar = Math.min(HISTOGRAM_BARS - 1, Math.max(0, place))
    counts[bar] += count
    isFailure[bar] ||= isAmongTimeouts(figures, us, timeoutMs)
  }
  const bars: Bar[] = [...counts].map((value, bar) => ({
    from: 10 ** (low + bar * width),
    to: 10 ** (low + (bar + 1) * width),
    value,
    isFailure: isFailure[bar],
  }))
  return {
    title,
    x,
    y: linearAxis('requests', Math.max(...counts), rateText),
    bars: bars.filter(bar => bar.value > 0),
  }
}

function timeAxis(series: readonly ThinPoint[]): Axis {
  const max = series[series.length - 1].second
  return { ...linearAxis('s', max, String), label: 'seconds of the measurement' }
}

function linearAxis(label: string, max: number, text: (value: number) => string): Axis {
  return { label, scale: 'linear', min: 0, max: max > 0 ? max : 1, ticks: linearTicks(max, text) }
}

export function logAxis(label: string, values: readonly number[], text: (value: number) => string): Axis {
  const positive = values.filter(value => value > 0)
  const low = positive.length === 0 ? 1 : positive.reduce((least, value) => Math.min(least, value))
  const high = positive.reduce((most, value) => Math.max(most, value), low)
  const [min, max] = [low / 1.1, high * 1.1]
  return { label, scale: 'log', min, max, ticks: logTicks(min, max, text) }
}

type ThinPoint = SeriesPoint

/** Neighbours together: the mean of counts, the worst of latencies. */
function thinned(series: readonly SeriesPoint[]): ThinPoint[] {
  const size = Math.ceil(series.length / TIME_POINTS_MAX)
  if (size <= 1) return [...series]
  const points: ThinPoint[] = []
  for (let start = 0; start < series.length; start += size) {
    const group = series.slice(start, start + size)
    const mean = (of: (point: SeriesPoint) => number): number =>
      group.reduce((sum, point) => sum + of(point), 0) / group.length
    const worst = (of: (point: SeriesPoint) => number | null): number | null =>
      group.reduce<number | null>((most, point) => {
        const value = of(point)
        return value === null ? most : Math.max(most ?? 0, value)
      }, null)
    points.push({
      second: group[0].second,
      answered: mean(({ answered }) => answered),
      failed: mean(({ failed }) => failed),
      p50Us: worst(({ p50Us }) => p50Us),
      p99Us: worst(({ p99Us }) => p99Us),
    })
  }
  return points
}
