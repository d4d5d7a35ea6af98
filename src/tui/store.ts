// The latest snapshot, and who wants to know of a new one: what React's useSyncExternalStore asks for.

import type { ScreenSnapshot } from './snapshot.js'

export class SnapshotStore {
  #snapshot: ScreenSnapshot | null = null
  readonly #listeners = new Set<() => void>()

  /** Null before the first one. */
  readonly get = (): ScreenSnapshot | null => this.#snapshot

  /** @returns what ends the subscription */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(snapshot: ScreenSnapshot): void {
    this.#snapshot = snapshot
    for (const listener of [...this.#listeners]) listener()
  }
}
