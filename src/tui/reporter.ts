// Where progress is told: on a live screen, in lines, or not at all. Decided before Ink is imported, which takes a
// third of a second and writes escape codes even into a pipe.

import { isInForeground } from './foreground.js'
import { LineReporter } from './line-reporter.js'
import type { Screen } from './open-screen.js'
import type { ScreenSnapshot } from './snapshot.js'

export type ReporterKind = 'screen' | 'lines' | 'silent'

export interface ReporterChoice {
  readonly stderr: { readonly isTTY?: boolean }
  /** `--json`: stdout is read by a program, and stderr is nobody's. */
  readonly json: boolean
  readonly quiet: boolean
  readonly noTui: boolean
  readonly env: NodeJS.ProcessEnv
  /** Whether the terminal is this process's to draw on; asked of the system unless told. */
  readonly isInForeground?: () => boolean
}

/** See `docs/screen.md`. */
export function chooseReporter(choice: ReporterChoice): ReporterKind {
  const { stderr, json, quiet, noTui, env } = choice
  if (json || quiet) return 'silent'
  if (stderr.isTTY !== true || noTui) return 'lines'
  if (isSet(env['CI']) || isSet(env['CONTINUOUS_INTEGRATION'])) return 'lines'
  if (env['TERM'] === 'dumb' || env['INK_SCREEN_READER'] === 'true') return 'lines'
  return (choice.isInForeground ?? isInForeground)() ? 'screen' : 'lines'
}

/** `CI=false` and `CI=0` are said by people who mean no. As Ink takes it, which draws nothing in a CI. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value !== 'false'
}

export interface ReporterOptions {
  /** What `q` and Ctrl-C on the screen do; unless told, SIGINT to this process, as a terminal does. */
  readonly onInterrupt?: () => void
  /** Takes lines for stderr, with their ends. */
  readonly write: (text: string) => void
}

export interface Reporter {
  readonly kind: ReporterKind
  /** False where nothing would be seen of a snapshot any more: there is no terminal, or it is gone. */
  isDrawing(): boolean
  /** Takes the newest snapshot; to be called four times a second, and at each change of phase. */
  show(snapshot: ScreenSnapshot): void
  /** Writes whole lines, above the screen where there is one. */
  print(text: string): void
  /** Takes the screen off the terminal; resolves when the cursor is back and stdout can be written to. */
  close(): Promise<void>
}

/** Opens the reporter. A terminal that can't be drawn on gets lines; that is no error. */
export async function openReporter(kind: ReporterKind, options: ReporterOptions): Promise<Reporter> {
  const { write, onInterrupt } = options
  if (kind === 'silent') {
    return {
      kind,
      isDrawing: () => false,
      show: () => undefined,
      print: write,
      close: async () => undefined,
    }
  }
  const lines = new LineReporter({ write })
  const screen = kind === 'screen' ? await tryScreen(onInterrupt, write) : null
  if (screen === null) {
    return {
      kind: 'lines',
      isDrawing: () => false,
      show: snapshot => lines.show(snapshot),
      print: write,
      close: async () => undefined,
    }
  }
  return {
    kind,
    isDrawing: () => screen.isOpen,
    show: snapshot => (screen.isOpen ? screen.show(snapshot) : lines.show(snapshot)),
    print: text => (screen.isOpen ? screen.print(text) : write(text)),
    close: () => screen.close(),
  }
}

async function tryScreen(
  onInterrupt: (() => void) | undefined,
  write: (text: string) => void,
): Promise<Screen | null> {
  try {
    const { openScreen } = await import('./open-screen.js')
    return await openScreen({ onInterrupt })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    write(`note: the live screen can't be opened (${error.message.split('\n')[0]}), so there are lines.\n`)
    return null
  }
}
