// The state of a screen: the newest snapshot, what the viewer chose, and the lines that are drawn. What React's
// useSyncExternalStore reads; keys and snapshots change it.

import { layout, type Size } from './layout.js'
import { type Line, paintLine } from './line.js'
import { LineTokens } from './line-tokens.js'
import type { ScreenSnapshot } from './snapshot.js'
import { firstView, type Key, keyMeaning, type View } from './view.js'

export interface ScreenActions {
  readonly quit: () => void
  readonly suspend: () => void
  readonly abort: () => void
}

export interface ScreenModelOptions {
  /** Nothing can be typed where stdin is no terminal. */
  readonly hasKeys: boolean
  readonly hasColour: boolean
  readonly sizeOf: () => Size
  readonly actions: ScreenActions
}

export class ScreenModel {
  readonly hasKeys: boolean
  readonly #hasColour: boolean
  readonly #actions: ScreenActions
  readonly #tokens = new LineTokens()
  readonly #sizeOf: () => Size
  readonly #listeners = new Set<() => void>()
  #snapshot: ScreenSnapshot | null = null
  #held: ScreenSnapshot | null = null
  #view: View = firstView
  #lines: readonly Line[] = []
  #picture = ''

  constructor(options: ScreenModelOptions) {
    this.hasKeys = options.hasKeys
    this.#hasColour = options.hasColour
    this.#sizeOf = options.sizeOf
    this.#actions = options.actions
  }

  /** What is to be drawn now. */
  get lines(): readonly Line[] {
    return this.#lines
  }

  /** The same as tokens, which Ink draws; see line-tokens.ts. */
  readonly picture = (): string => this.#picture

  /** Exchanges tokens for the lines that they stand for. */
  readonly restore = (text: string): string => this.#tokens.restore(text)

  /** @returns what ends the subscription */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  show(snapshot: ScreenSnapshot): void {
    this.#snapshot = snapshot
    if (!this.#view.isPaused) this.#layOut()
  }

  readonly press = (key: Key): void => {
    const windows = this.#snapshot?.windows.length ?? 1
    const meaning = keyMeaning(key, this.#view, windows)
    if (meaning === null) return
    if (typeof meaning === 'string') {
      this.#actions[meaning]()
      return
    }
    this.#held = meaning.isPaused ? (this.#held ?? this.#snapshot) : null
    this.#view = meaning
    this.#layOut()
  }

  /** Lays out again, as the terminal has another size. */
  resize(): void {
    this.#layOut()
  }

  #layOut(): void {
    const snapshot = this.#held ?? this.#snapshot
    if (snapshot === null) return
    this.#lines = layout(snapshot, this.#sizeOf(), this.#view, this.hasKeys)
    this.#picture = this.#tokens.exchange(this.#lines.map(line => paintLine(line, this.#hasColour)))
    for (const listener of [...this.#listeners]) listener()
  }
}
