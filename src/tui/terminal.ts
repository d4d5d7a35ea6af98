// The terminal as Ink is shown it. Ink clears the terminal with all that was scrolled away when a picture is as high
// as it, so it is told that there are more rows than any picture has; resizes are handled here (open-screen.ts), and
// writing that fails ends the screen, not the process.

import { EventEmitter } from 'node:events'

/**
 * Ink 6.8 writes the changed lines of a picture from its top. It goes up as many lines as the picture has less one: one
 * too few, since a picture that is less high than the terminal ends with a new line.
 */
const isIncrement = (text: string): boolean => text.startsWith('\u001b[') && /^\d+A/.test(text.slice(2, 8))
const UP = '\u001b[1A'

const SHOW_CURSOR = '\u001b[?25h'
/** Synchronized output (mode 2026) may be on when the process ends. */
const END_SYNCHRONIZED = '\u001b[?2026l'

/** What a terminal has that does not say its size. */
const COLUMNS = 80
const ROWS = 24

/** What is kept for a terminal that takes nothing. */
const WAITING_BYTES_MAX = 1 << 20

/**
 * Node waits until a terminal has taken what is written. One that takes nothing (the other end of a broken ssh
 * connection) would thus stop all of the main thread: cleaning, signals, metrics.
 */
function setBlocking(stream: NodeJS.WriteStream, isBlocking: boolean): void {
  const { _handle: handle } = stream as unknown as {
    _handle?: { setBlocking?: (isBlocking: boolean) => void }
  }
  handle?.setBlocking?.(isBlocking)
}

export class Terminal extends EventEmitter {
  readonly isTTY = true
  readonly rows = Number.MAX_SAFE_INTEGER
  /** A picture of tokens is one column wide. */
  readonly columns = 2
  readonly #stream: NodeJS.WriteStream
  readonly #restore: (text: string) => string
  readonly #onFailure: (error: Error) => void
  #isMuted = false

  /** @param restore exchanges Ink's pictures for what they stand for (line-tokens.ts) */
  constructor(
    stream: NodeJS.WriteStream,
    restore: (text: string) => string,
    onFailure: (error: Error) => void,
  ) {
    super()
    this.#restore = restore
    this.#stream = stream
    this.#onFailure = onFailure
    stream.on('error', onFailure)
    setBlocking(stream, false)
  }

  /** True while the terminal has not taken what was written before: there is no use in drawing more. */
  get isBusy(): boolean {
    return this.#stream.writableLength > 0
  }

  /** True where a terminal has taken nothing for so long that lines have to be lost. */
  get isStuck(): boolean {
    return this.#stream.writableLength > WAITING_BYTES_MAX
  }

  /** As it is now. */
  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stream.columns || COLUMNS, rows: this.#stream.rows || ROWS }
  }

  /** Ink's door. What it says while it is taken down is not written. */
  write(text: string): boolean {
    if (this.#isMuted) return true
    return this.writeNow(this.#restore(isIncrement(text) ? UP + text : text))
  }

  writeNow(text: string): boolean {
    if (text === '') return true
    try {
      return this.#stream.write(text)
    } catch (error) {
      this.#onFailure(error as Error)
      return false
    }
  }

  mute(isMuted: boolean): void {
    this.#isMuted = isMuted
  }

  /** Takes so many rows above the cursor away, with all that is below them. */
  erase(rows: number): void {
    this.writeNow(rows > 0 ? `\r\u001b[${rows}A\u001b[J` : '')
  }

  /** Written at once, if the terminal takes anything: the process may end with the next statement. */
  restoreCursor(): void {
    if (!this.isBusy) setBlocking(this.#stream, true)
    this.writeNow(END_SYNCHRONIZED + SHOW_CURSOR)
    setBlocking(this.#stream, false)
  }

  /** No more pictures: what is written to the stream from now on is written at once, as it was before. */
  release(): void {
    if (!this.isBusy) setBlocking(this.#stream, true)
  }

  /** The stream stays open; errors of it are heard on, since what was written last may still fail. */
  onResize(listener: () => void): () => void {
    this.#stream.on('resize', listener)
    return () => this.#stream.off('resize', listener)
  }
}
