// How long a request takes to be handled, as a histogram in shared memory: one block per worker, written by that
// worker alone and read by the main thread. Knows no clock.
//
// Buckets are log-linear and decimal: 90 equal ones in each decade from 10 ns to 100 ms, so 1/10 of a decade's start
// wide, and every one- or two-digit number of a decade is an edge. The `le` buckets of Prometheus fall on such edges:
// their counts are exact, not estimated. As in Prometheus a value on an edge belongs to the bucket below it.
//
//   | sum of ns | <= 10 ns | 10 .. 11 ns | 11 .. 12 ns | ... | 99 .. 100 ms | longer |     each a Float64
//
// A worker reads the clock before and after a batch and records once: a time per request, with the number of requests
// as its weight. That costs two readings of the clock per batch, not per request.

const LOWEST_NS = 10
const BUCKETS_PER_DECADE = 90
const DECADES = 7
/** One below the decades and one above them. */
const BUCKETS = BUCKETS_PER_DECADE * DECADES + 2
const SUM = 0
const FIRST_BUCKET = 1
/** Blocks lie a multiple of 128 bytes apart, so that two workers never write the same (pair of) cache lines. */
const BLOCK_BYTES = Math.ceil(((FIRST_BUCKET + BUCKETS) * 8) / 128) * 128

/** Upper edges of the buckets that are reported, in nanoseconds: 100 ns to 10 ms. */
export const handlingTimeEdgesNs: readonly number[] = [
  100, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000,
  500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000,
]

/** What a worker's histogram says at one moment. */
export interface HandlingTimeSnapshot {
  /** Requests at or below each of `handlingTimeEdgesNs`. */
  readonly cumulativeCounts: readonly number[]
  /** Requests in all. */
  readonly count: number
  readonly sumNs: number
}

/** Shared memory for the histograms of so many workers. */
export function createHandlingTimeMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * BLOCK_BYTES)
}

/** One worker's histogram. */
export class HandlingTime {
  readonly #values: Float64Array

  constructor(memory: SharedArrayBuffer, workerIndex: number) {
    this.#values = new Float64Array(memory, workerIndex * BLOCK_BYTES, FIRST_BUCKET + BUCKETS)
  }

  /** Records a batch: `requests` that took `batchNs` nanoseconds together. Allocates nothing. */
  record(batchNs: number, requests: number): void {
    if (requests <= 0) return
    this.#values[SUM] += batchNs
    this.#values[FIRST_BUCKET + bucketOf(batchNs / requests)] += requests
  }

  /** May run while the worker records: then the last batch can be in the sum and not yet in a bucket. */
  snapshot(): HandlingTimeSnapshot {
    const sumNs = this.#values[SUM]
    const cumulativeCounts: number[] = []
    let count = 0
    let bucket = 0
    for (const edgeNs of handlingTimeEdgesNs) {
      const last = bucketOf(edgeNs)
      while (bucket <= last) count += this.#values[FIRST_BUCKET + bucket++]
      cumulativeCounts.push(count)
    }
    while (bucket < BUCKETS) count += this.#values[FIRST_BUCKET + bucket++]
    return { cumulativeCounts, count, sumNs }
  }
}

/** The histograms of all workers that the memory is for. */
export function handlingTimesIn(memory: SharedArrayBuffer): HandlingTime[] {
  const workers = memory.byteLength / BLOCK_BYTES
  return Array.from({ length: workers }, (_, workerIndex) => new HandlingTime(memory, workerIndex))
}

/** The bucket of a time: the first one whose upper edge it does not exceed. */
function bucketOf(timeNs: number): number {
  let decadeNs = LOWEST_NS
  if (timeNs <= decadeNs) return 0
  for (let decade = 0; decade < DECADES; decade++) {
    if (timeNs <= decadeNs * 10) {
      return decade * BUCKETS_PER_DECADE + Math.ceil(((timeNs - decadeNs) * 10) / decadeNs)
    }
    decadeNs *= 10
  }
  return BUCKETS - 1
}
