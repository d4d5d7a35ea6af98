// Words in shared memory between the main thread and its workers: when workers may begin to serve, and each worker's
// heartbeat. A native worker's loop never looks at messages, so these are plain words.

/** Distance between words that different threads write: two cache lines, as processors fetch them in pairs. */
const STRIDE_WORDS = 32
const RELEASED = 0
/** A waiting worker looks this often whether it is to stop instead. */
const LOOK_AGAIN_MS = 50

/** Shared memory for the signals of `workers` workers. */
export function createWorkerSignalMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((workers + 1) * STRIDE_WORDS * 4)
}

export class WorkerSignals {
  /** Handed to the workers. */
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  /** Lets workers begin, and those that are started later too. */
  release(): void {
    Atomics.store(this.#words, RELEASED, 1)
    Atomics.notify(this.#words, RELEASED)
  }

  get isReleased(): boolean {
    return Atomics.load(this.#words, RELEASED) === 1
  }

  /** Blocks a worker's thread until it may begin or `isStopping` says that it is to end. */
  waitForRelease(isStopping: () => boolean): void {
    while (!this.isReleased && !isStopping()) Atomics.wait(this.#words, RELEASED, 0, LOOK_AGAIN_MS)
  }

  /** Says that this worker's loop goes on: an addition to a word that no other worker writes. */
  beat(workerIndex: number): void {
    this.#words[(workerIndex + 1) * STRIDE_WORDS]++
  }

  /** As `beats`, but none before the workers may begin: until then they need not beat. */
  beatsSinceRelease(): number[] {
    return this.isReleased ? this.beats() : []
  }

  /** Each worker's beats so far (they wrap around); only changes mean something. */
  beats(): number[] {
    const workers = this.#words.length / STRIDE_WORDS - 1
    return Array.from({ length: workers }, (_, index) =>
      Atomics.load(this.#words, (index + 1) * STRIDE_WORDS),
    )
  }
}
