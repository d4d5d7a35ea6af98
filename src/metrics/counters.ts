// Counters in shared memory: one block per worker, written by that worker alone and read by the main thread.
// A Float64Array counts exactly up to 2^53, and an aligned 64-bit store is never seen half-written on x64 and arm64.

/** A block of named counters over shared memory; `names` gives each its place. */
export class CounterBlock<Name extends string> {
  readonly values: Float64Array
  readonly names: readonly Name[]

  constructor(names: readonly Name[], buffer: SharedArrayBuffer, blockIndex: number) {
    this.names = names
    this.values = new Float64Array(buffer, blockIndex * blockBytes(names.length), names.length)
  }

  /** The counters as an object, for reports. */
  snapshot(): Record<Name, number> {
    const result = {} as Record<Name, number>
    for (let index = 0; index < this.names.length; index++) result[this.names[index]] = this.values[index]
    return result
  }
}

/** Blocks lie 128 bytes apart at least, so that two workers never write the same (pair of) cache lines. */
function blockBytes(counters: number): number {
  return Math.ceil((counters * 8) / 128) * 128
}

/** Shared memory for `blocks` blocks of `names`. */
export function createCounterMemory(names: readonly string[], blocks: number): SharedArrayBuffer {
  return new SharedArrayBuffer(blocks * blockBytes(names.length))
}

/** Adds up snapshots of the same counters. */
export function sumSnapshots<Name extends string>(
  snapshots: readonly Record<Name, number>[],
): Record<Name, number> {
  const total = {} as Record<Name, number>
  for (const snapshot of snapshots) {
    for (const name of Object.keys(snapshot) as Name[]) total[name] = (total[name] ?? 0) + snapshot[name]
  }
  return total
}
