// Who can be compared, as a list for a terminal: those who are here, then the others, each with how to get it on a line
// of its own.

import { wrapped } from '../../loadtest/report/columns.js'

export interface ListedContender {
  readonly key: string
  readonly name: string
  readonly found: boolean
  readonly version: string | null
  readonly path: string | null
  readonly reason: string | null
  readonly remedy: string | null
}

/** Where nothing is known of the terminal. */
const COLUMNS = 80
/** In less nothing can be read, and lines may be broken by the terminal. */
const COLUMNS_MIN = 40
const GAP = '  '
/** Text beside a label has at least so many columns. */
const TEXT_MIN = 20

/** @param columns width of the terminal; 0, as some say, is none @returns with a newline at the end */
export function contenderList(listed: readonly ListedContender[], columns = COLUMNS): string {
  const width = Math.max(COLUMNS_MIN, columns || COLUMNS)
  const nameWidth = Math.max(...listed.map(({ name }) => name.length))
  const keyWidth = Math.max(...listed.map(({ key }) => key.length))
  const labelWidth = nameWidth + keyWidth + 2 * GAP.length
  const indented = (text: string): string[] => wrapped(text, width - GAP.length).map(line => GAP + line)
  const row = (name: string, key: string, text: string): string[] => {
    const label = `${name.padEnd(nameWidth)}${GAP}${key.padEnd(keyWidth)}${GAP}`
    if (width - labelWidth < TEXT_MIN) return [label, ...indented(text)]
    return wrapped(text, width - labelWidth).map(
      (line, index) => (index === 0 ? label : ' '.repeat(labelWidth)) + line,
    )
  }
  const here = listed
    .filter(({ found }) => found)
    .flatMap(({ name, key, version }) => row(name, key, version ?? ''))
  const missing = listed
    .filter(({ found }) => !found)
    .flatMap(({ name, key, reason, remedy }) => [...row(name, key, reason ?? ''), ...indented(remedy ?? '')])
  const parts = [
    [...row('contender', 'key', 'version'), '─'.repeat(width), ...here],
    ...(missing.length === 0 ? [] : [[...row('not here', 'key', 'why'), '─'.repeat(width), ...missing]]),
  ]
  return `${parts.map(lines => lines.map(line => line.trimEnd()).join('\n')).join('\n\n')}\n`
}
