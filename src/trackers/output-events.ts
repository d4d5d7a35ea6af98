// Says how a file fares that a tracker writes again and again.

import { inOneLine } from '../errors.js'
import type { WriteOutcome } from '../metrics/write-outcome.js'
import type { TrackerEventSink } from './events.js'

export interface OutputWords {
  /** As the sentence begins: `the scrape export`, `statistics`. */
  readonly subject: string
  readonly verb: 'is' | 'are'
  readonly path: string
  /** When a failed one is tried again: `at each interval`. */
  readonly retried: string
}

/** A warning when it begins to fail, a notice when it works again, nothing in between. */
export function sayOutcome(words: OutputWords, outcome: WriteOutcome, onEvent: TrackerEventSink): void {
  const { subject, verb, path, retried } = words
  if (outcome.state === 'failing') {
    const again = `It is tried again ${retried}.`
    const cause = `${subject} can't be written to ${path} (${outcome.reason})`
    const text = `${inOneLine(cause, outcome.remedy)}${outcome.remedy === undefined ? '' : '.'} ${again}`
    onEvent({ event: 'warning', text })
  } else if (outcome.state === 'mended') {
    const times = outcome.failures === 1 ? 'one failure' : `${outcome.failures} failures`
    onEvent({ event: 'notice', text: `${subject} ${verb} written to ${path} again, after ${times}.` })
  }
}
