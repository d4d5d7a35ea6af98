// The figures of a measurement that are compared: what each is called, in which unit, and whether more is better.

import type { CellFigures, LatencyPoint } from './cell-result.js'
import { isGeneratorLate, isGeneratorMostlyLate, isTelling, rateLimitOf } from './limits.js'

/** `at-least`: the contender does more, `at-most`: it takes less; how much, the load generator can't tell. */
export type Bound = 'at-least' | 'at-most'

export interface Metric {
  readonly key: string
  readonly title: string
  readonly unit: string
  readonly isMoreBetter: boolean
  /** Null where the measurement has no such figure. */
  readonly of: (figures: CellFigures) => number | null
  /** Null for a figure of the contender itself. */
  readonly boundOf?: (figures: CellFigures) => Bound | null
}

/** What is compared: the first point, at half of the saturation, where it says something. */
function latencyOf({ latency }: CellFigures): LatencyPoint | null {
  const [point] = latency
  return point === undefined || !isTelling(point) ? null : point
}

const metricList: readonly Metric[] = [
  {
    key: 'responses_per_second',
    title: 'responses/s at saturation',
    unit: '/s',
    isMoreBetter: true,
    of: ({ saturation }) => saturation?.responsesPerSecond ?? null,
    boundOf: ({ saturation }) =>
      saturation === null || rateLimitOf(saturation) === 'contender' ? null : 'at-least',
  },
  {
    key: 'processor_us',
    title: 'processor time per response',
    unit: 'µs',
    isMoreBetter: false,
    of: ({ saturation }) =>
      saturation === null || saturation.userUs === null || saturation.systemUs === null
        ? null
        : saturation.userUs + saturation.systemUs,
  },
  {
    key: 'p50_us',
    title: 'median latency at half its saturation',
    unit: 'µs',
    isMoreBetter: false,
    of: figures => latencyOf(figures)?.p50Us ?? null,
    boundOf: figures => {
      const point = latencyOf(figures)
      return point === null || !isGeneratorMostlyLate(point) ? null : 'at-most'
    },
  },
  {
    key: 'p99_us',
    title: 'p99 latency at half its saturation',
    unit: 'µs',
    isMoreBetter: false,
    of: figures => latencyOf(figures)?.p99Us ?? null,
    boundOf: figures => {
      const point = latencyOf(figures)
      return point === null || !isGeneratorLate(point) ? null : 'at-most'
    },
  },
  {
    key: 'objective_rate',
    title: 'highest rate that keeps the objectives',
    unit: '/s',
    isMoreBetter: true,
    of: ({ objectiveRatePerSecond }) => objectiveRatePerSecond,
    boundOf: ({ isObjectiveBound }) => (isObjectiveBound === true ? 'at-least' : null),
  },
  {
    key: 'loss_percent',
    title: 'requests without an answer',
    unit: '%',
    isMoreBetter: false,
    of: ({ saturation }) => (saturation === null ? null : saturation.lossShare * 100),
  },
  {
    key: 'kernel_drops',
    title: 'datagrams lost in receive buffers',
    unit: '',
    isMoreBetter: false,
    of: ({ kernelDrops }) => kernelDrops,
  },
  {
    key: 'bytes_per_peer',
    title: 'memory per peer',
    unit: 'bytes',
    isMoreBetter: false,
    of: ({ fill }) => {
      // Nothing is known of the memory of a tracker that runs elsewhere.
      if (fill === null || fill.residentBytesAfter === 0) return null
      const peers = fill.peersCounted ?? fill.peers
      return Math.max(0, fill.residentBytesAfter - fill.residentBytesBefore) / peers
    },
  },
  {
    key: 'start_up_ms',
    title: 'start-up time',
    unit: 'ms',
    isMoreBetter: false,
    of: ({ startUpMs }) => startUpMs,
  },
]

export const metrics: readonly Metric[] = metricList
