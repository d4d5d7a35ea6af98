// What the viewer chose, and what each key changes of it.

export interface View {
  /** Index into the snapshot's windows. */
  readonly window: number
  /** Heights of the histogram by the logarithm. */
  readonly isLog: boolean
  /** Errors and warnings at full length instead of everything else. */
  readonly showsErrors: boolean
  readonly showsHelp: boolean
  readonly isPaused: boolean
}

export const firstView: View = {
  window: 0,
  isLog: false,
  showsErrors: false,
  showsHelp: false,
  isPaused: false,
}

/** What a key is for beside changing the view. */
export type KeyMeaning = View | 'quit' | 'suspend' | 'abort' | null

export interface Key {
  /** The character, or the letter that is held with Ctrl. */
  readonly input: string
  readonly isCtrl: boolean
  readonly isEscape: boolean
}

/** Control keys are what a terminal makes signals of while nobody reads it raw: SIGINT, SIGTSTP, SIGQUIT. */
const CONTROL_KEYS: Readonly<Record<string, KeyMeaning>> = { c: 'quit', z: 'suspend', '\\': 'abort' }

/** @param windows how many the snapshot offers @returns null for a key without meaning */
export function keyMeaning({ input, isCtrl, isEscape }: Key, view: View, windows: number): KeyMeaning {
  if (isEscape) return { ...view, showsErrors: false, showsHelp: false }
  if (isCtrl) return CONTROL_KEYS[input] ?? null
  // Twice in one reading, or with something else: no paste has it.
  if (input.includes('\u0003')) return 'quit'
  switch (input) {
    case 'q':
      return 'quit'
    // As it comes where the parser does not say that Ctrl was held.
    case '\u001c':
      return 'abort'
    case 'p':
    case ' ':
      return { ...view, isPaused: !view.isPaused }
    case 'w':
      return { ...view, window: windows > 0 ? (view.window + 1) % windows : 0 }
    case 'l':
      return { ...view, isLog: !view.isLog }
    case 'e':
      return { ...view, showsErrors: !view.showsErrors, showsHelp: false }
    case '?':
    case 'h':
      return { ...view, showsHelp: !view.showsHelp, showsErrors: false }
    default:
      return null
  }
}

/** For the help page. */
export const keyTexts: readonly (readonly [key: string, text: string])[] = [
  ['q, Ctrl-C', 'stop and say what was found; a second time: end now'],
  ['p, space', 'hold the picture; what is measured goes on'],
  ['w', 'rates over one second, ten seconds, or the whole run; of a bench, the workload'],
  ['l', 'heights of the histogram by the logarithm'],
  ['e', 'errors and warnings at full length'],
  ['Ctrl-Z', 'leave it to the shell, which goes on with fg'],
  ['?, h', 'this page; Esc leaves it'],
]
