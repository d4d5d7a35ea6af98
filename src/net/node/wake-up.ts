// Wakes a node server's event loop from another thread: a word in shared memory, waited for without blocking.

/** Wakes the server that has the word in its `WakeUp`; from any thread. */
export function wakeNode(signal: Int32Array): void {
  Atomics.add(signal, 0, 1)
  Atomics.notify(signal, 0)
}

export class WakeUpListener {
  readonly #signal: Int32Array
  readonly #woken: () => void
  #isClosed = false

  /** @param woken called in a turn of its own, once for all wake-ups since the last time */
  constructor(signal: Int32Array, woken: () => void) {
    this.#signal = signal
    this.#woken = woken
    void this.#listen()
  }

  /** Nothing is called from here on. */
  close(): void {
    this.#isClosed = true
    // Lets go of what waits.
    Atomics.notify(this.#signal, 0)
  }

  async #listen(): Promise<void> {
    let seen = Atomics.load(this.#signal, 0)
    while (!this.#isClosed) {
      const waiting = Atomics.waitAsync(this.#signal, 0, seen)
      if (waiting.async) await waiting.value
      const now = Atomics.load(this.#signal, 0)
      if (now === seen || this.#isClosed) continue
      seen = now
      this.#woken()
      // Somebody who wakes without pause must not keep connections waiting.
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}
