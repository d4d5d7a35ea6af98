// A line of a screen: pieces of text, each with its meaning. Colours come last, where the terminal wants them.

import { fitText, textWidth } from './foreign-text.js'
import type { Level } from './snapshot.js'

export type Style = 'plain' | 'dim' | 'bold' | 'rate' | Level

export interface Segment {
  readonly text: string
  readonly style: Style
}

export type Line = readonly Segment[]

export const segment = (text: string, style: Style = 'plain'): Segment => ({ text, style })

/** The line without its styles. */
export const plainText = (line: Line): string => line.map(({ text }) => text).join('')

export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + textWidth(text), 0)

/** Cut to so many columns. */
export function fitLine(line: Line, columns: number): Line {
  const fitted: Segment[] = []
  let left = columns
  for (const piece of line) {
    const width = textWidth(piece.text)
    if (width <= left) fitted.push(piece)
    else if (left > 0) fitted.push({ ...piece, text: fitText(piece.text, left) })
    left -= width
    if (left <= 0) break
  }
  return fitted
}

/** Filled up with blanks to so many columns, or cut. */
export function padLine(line: Line, columns: number): Line {
  const width = lineWidth(line)
  if (width === columns) return line
  return width > columns ? fitLine(line, columns) : [...line, segment(' '.repeat(columns - width))]
}

export function padText(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)))
}

export function padTextLeft(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - textWidth(text))) + text
}

/** Two pieces at both ends of a line; the first one is cut where they don't fit. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = columns - lineWidth(right)
  return room > 0 ? [...padLine(left, room), ...right] : fitLine(left, columns)
}

/** Select Graphic Rendition (ECMA-48): the sixteen colours, which follow the user's theme. */
const codes: Readonly<Record<Style, string | null>> = {
  plain: null,
  dim: '2',
  bold: '1',
  rate: '36',
  ok: '32',
  warn: '33',
  bad: '31',
}

/** The line for a terminal. */
export function paintLine(line: Line, hasColour: boolean): string {
  if (!hasColour) return plainText(line).trimEnd()
  return line
    .map(({ text, style }) => (codes[style] === null ? text : `\u001b[${codes[style]}m${text}\u001b[0m`))
    .join('')
}

/** Whether a terminal is to be painted: NO_COLOR (no-color.org) says no, FORCE_COLOR yes, and the latter wins. */
export function wantsColour(env: NodeJS.ProcessEnv): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return (env['NO_COLOR'] ?? '') === ''
}

/** What stands before a value that is not as it should be, for those who see no colours. */
export function levelMark(level: Level | null): string {
  if (level === 'bad') return '✗ '
  return level === 'warn' ? '▲ ' : ''
}

export const levelStyle = (level: Level | null): Style => level ?? 'plain'
