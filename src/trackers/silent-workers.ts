// Which workers hang. A worker beats several times a second (`worker-signals.ts`), whether it has something to do or
// not: once a turn of its loop, which serves a batch of packets or some hundred connections. A turn that lasts for
// seconds is a fault, or a machine that stands still.

/** Time between two looks of the main thread. */
export const LOOK_INTERVAL_MS = 1000
/**
 * Looks in a row without a beat after which a worker counts as hanging. Looks are counted, not seconds: where the whole
 * process stands still, stopped or on a machine that is too busy, its main thread does not look either.
 */
export const SILENT_LOOKS_MAX = 10

export class SilentWorkers {
  readonly #looksMax: number
  readonly #seen = new Map<number, { beats: number; silentLooks: number }>()

  constructor(looksMax = SILENT_LOOKS_MAX) {
    this.#looksMax = looksMax
  }

  /** Forgets what was seen of a worker: it has ended, and its successor starts anew. */
  forget(workerIndex: number): void {
    this.#seen.delete(workerIndex)
  }

  /**
   * @param beats of each worker, by its index
   * @returns those of `workers` that hang since this look; each is told of once
   */
  look(beats: readonly number[], workers: Iterable<number>): number[] {
    const hanging: number[] = []
    for (const worker of workers) {
      const seen = this.#seen.get(worker)
      if (seen === undefined || seen.beats !== beats[worker]) {
        this.#seen.set(worker, { beats: beats[worker], silentLooks: 0 })
        continue
      }
      seen.silentLooks++
      if (seen.silentLooks === this.#looksMax) hanging.push(worker)
    }
    return hanging
  }
}
