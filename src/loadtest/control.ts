// How the main thread leads the workers through a test: words of shared memory, as workers of the native engine
// never return to their event loop.

/** The phases, in order. Warm-up and measurement are one to a worker: the times say which requests count. */
export const enum Phase {
  connect = 0,
  fill = 1,
  load = 2,
  drain = 3,
  stop = 4,
}

const enum Word {
  phase = 0,
  /** One word for each worker from here on: the last phase it is done with, plus one. */
  workers = 1,
}

const enum Time {
  loadStart = 0,
  measureStart = 1,
  measureEnd = 2,
  count = 3,
}

/** Plain data for workers. */
export interface RunControlMemory {
  readonly words: SharedArrayBuffer
  readonly times: SharedArrayBuffer
}

export function createRunControlMemory(workers: number): RunControlMemory {
  return {
    words: new SharedArrayBuffer((Word.workers + workers) * 4),
    times: new SharedArrayBuffer(Time.count * 8),
  }
}

/** The whole control, as main thread and workers see it. Times are of `monotonicMs`. */
export class RunControl {
  readonly #words: Int32Array
  readonly #times: Float64Array

  constructor(memory: RunControlMemory) {
    this.#words = new Int32Array(memory.words)
    this.#times = new Float64Array(memory.times)
  }

  get phase(): Phase {
    return Atomics.load(this.#words, Word.phase)
  }

  /** Main thread: lets all workers go on. */
  enter(phase: Phase): void {
    Atomics.store(this.#words, Word.phase, phase)
  }

  /** Main thread, before `enter(Phase.load)`. An earlier end may be set at any time. */
  setTimes(loadStartMs: number, measureStartMs: number, measureEndMs: number): void {
    this.#times[Time.loadStart] = loadStartMs
    this.#times[Time.measureStart] = measureStartMs
    this.#times[Time.measureEnd] = measureEndMs
  }

  get loadStartMs(): number {
    return this.#times[Time.loadStart]
  }

  get measureStartMs(): number {
    return this.#times[Time.measureStart]
  }

  /** Nothing planned at this moment or later is sent. */
  get measureEndMs(): number {
    return this.#times[Time.measureEnd]
  }

  /** Worker: done with a phase (connected; every peer announced; nothing awaited any more). May be said repeatedly. */
  reportDone(worker: number, phase: Phase): void {
    const word = Word.workers + worker
    if (Atomics.load(this.#words, word) > phase) return
    Atomics.store(this.#words, word, phase + 1)
    // The main thread looks at its ticks; whoever leads a worker without them waits here.
    Atomics.notify(this.#words, word)
  }

  isDone(worker: number, phase: Phase): boolean {
    return Atomics.load(this.#words, Word.workers + worker) > phase
  }
}
