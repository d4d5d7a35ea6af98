// Opens and closes the live screen on stderr, with all that a terminal can do to it: resizes, Ctrl-Z and fg, a window
// that is closed. Ink and React are imported here, and only when a screen is opened.

import { isInForeground } from './foreground.js'
import { harmless } from './foreign-text.js'
import { reflowedRows } from './layout.js'
import { type Line, wantsColour } from './line.js'
import { ScreenModel } from './model.js'
import type { ScreenSnapshot } from './snapshot.js'
import { Terminal } from './terminal.js'

export interface ScreenOptions {
  /** What `q` and Ctrl-C do; unless told, SIGINT to this process, as a terminal does without a screen. */
  readonly onInterrupt?: (() => void) | undefined
}

export interface Screen {
  /** False once it was closed, by `close` or because the terminal is gone. */
  readonly isOpen: boolean
  show(snapshot: ScreenSnapshot): void
  /** Whole lines, above the screen. */
  print(text: string): void
  close(): Promise<void>
}

/** Draws on stderr until closed, or until that is no terminal to draw on any more. */
export async function openScreen({ onInterrupt }: ScreenOptions): Promise<Screen> {
  // React is twice as fast without its checks for developers, and keeps no record of each picture.
  process.env['NODE_ENV'] ??= 'production'
  const { mountScreen } = await import('./screen.js')
  return new TerminalScreen(mountScreen, onInterrupt ?? (() => process.kill(process.pid, 'SIGINT')))
}

/** A terminal stops all of a pipeline at once, and what waits for one of it (npm) with it. */
const OWN_GROUP = 0

class TerminalScreen implements Screen {
  readonly #mountScreen: typeof import('./screen.js').mountScreen
  readonly #terminal: Terminal
  readonly #model: ScreenModel
  readonly #stopResizes: () => void
  #write: ((text: string) => void) | null = null
  /** What is on the terminal now. */
  #drawn: readonly Line[] = []
  /** Takes Ink down; null while it draws nothing. */
  #unmount: (() => void) | null = null
  #isOpen = true

  constructor(mountScreen: typeof import('./screen.js').mountScreen, quit: () => void) {
    this.#mountScreen = mountScreen
    this.#model = new ScreenModel({
      hasKeys: process.stdin.isTTY === true,
      hasColour: wantsColour(process.env),
      sizeOf: () => this.#terminal.size,
      actions: {
        quit,
        suspend: () => void setImmediate(this.#suspend),
        abort: () => process.kill(OWN_GROUP, 'SIGQUIT'),
      },
    })
    this.#terminal = new Terminal(process.stderr, this.#model.restore, () => this.#leave(false))
    process.stdin.on('error', this.#inputFailed)
    process.on('SIGCONT', this.#continued)
    this.#stopResizes = this.#terminal.onResize(this.#resized)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  show(snapshot: ScreenSnapshot): void {
    if (!this.#isOpen || this.#terminal.isBusy) return
    this.#model.show(snapshot)
    if (this.#unmount === null) this.#mount()
  }

  print(text: string): void {
    if (this.#terminal.isStuck) return
    const lines = text.split('\n').map(harmless).join('\n')
    if (this.#write === null) this.#terminal.writeNow(lines)
    else this.#write(lines)
  }

  async close(): Promise<void> {
    this.#leave(true)
  }

  #mount(): void {
    // After `bg` the terminal is the shell's, and who changes its modes is stopped.
    if (!isInForeground()) {
      this.#leave(false)
      return
    }
    try {
      this.#unmount = this.#mountScreen({
        model: this.#model,
        terminal: this.#terminal,
        input: process.stdin,
        onWriter: write => {
          this.#write = write
        },
        onDrawn: () => {
          this.#drawn = this.#model.lines
        },
        onFailure: () => this.#leave(true),
      })
    } catch (error) {
      // Raw mode is refused by a terminal that is gone. Lines are written instead.
      if (!(error instanceof Error)) throw error
      this.#leave(false)
    }
  }

  /** Ink is taken down in silence: what is on the terminal is erased here, where its size is known. */
  #takeDown(erases: boolean): void {
    const unmount = this.#unmount
    this.#unmount = null
    this.#write = null
    if (unmount === null) return
    const { columns, rows } = this.#terminal.size
    if (erases) this.#terminal.erase(Math.min(rows - 1, reflowedRows(this.#drawn, columns)))
    this.#drawn = []
    this.#terminal.mute(true)
    try {
      unmount()
    } catch (error) {
      if (!(error instanceof Error)) throw error
    }
    this.#terminal.mute(false)
    this.#terminal.restoreCursor()
  }

  #leave(erases: boolean): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#stopResizes()
    process.off('SIGCONT', this.#continued)
    this.#takeDown(erases)
    this.#terminal.release()
    if (this.#model.hasKeys) process.stdin.pause()
  }

  /** Ink erases as many lines as it wrote, but a narrower terminal has made more rows of them: all is drawn anew. */
  readonly #resized = (): void => {
    if (this.#unmount === null) return
    this.#takeDown(true)
    this.#model.resize()
    this.#mount()
  }

  /** Ctrl-Z: the shell gets its terminal as it was. */
  readonly #suspend = (): void => {
    if (this.#unmount === null) return
    this.#takeDown(true)
    process.kill(OWN_GROUP, 'SIGTSTP')
  }

  /** `fg` draws again. A process that was stopped from outside finds the terminal as the shell left it. */
  readonly #continued = (): void => {
    if (this.#unmount !== null) {
      if (!isInForeground()) {
        this.#abandon()
        return
      }
      this.#takeDown(false)
    }
    this.#model.resize()
    this.#mount()
  }

  /** Ink stays where it is, as taking it down would change the modes of a terminal that is the shell's. */
  #abandon(): void {
    this.#isOpen = false
    this.#stopResizes()
    process.off('SIGCONT', this.#continued)
    this.#terminal.mute(true)
    this.#write = null
  }

  /** The terminal's window was closed: `read` fails. */
  readonly #inputFailed = (): void => this.#leave(false)
}
