// Text in columns for terminals and files: tables without borders, and long texts broken at spaces.

export type Align = 'left' | 'right'

export interface Column {
  readonly title: string
  readonly align: Align
}

/**
 * A table with a line under its titles.
 * @param gap spaces between columns
 */
export async function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  gap: number,
): Promise<string> {
  // Only what prints a table pays for the import.
  const { default: Table } = await import('cli-table3')
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align }) => align),
    chars: {
      ...none,
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '─',
      'mid-mid': '─'.repeat(gap),
      right: '',
      'right-mid': '',
      middle: ' '.repeat(gap),
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  table.push(...rows.map(row => [...row]))
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

export function widthOf(text: string): number {
  return Math.max(...text.split('\n').map(line => line.length))
}

/** Spaces between a number and its unit, or the sign before it. */
const TIES = /(?<=\d) (?=(?:%|[kMG]?B|m?s)(?!\w))|(?<=>) (?=\d)/g
const TIED = '\u00a0'

/** Breaks a text at spaces; words longer than a line are cut in pieces. Lines after the first are indented. */
export function wrapped(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text
    .replace(TIES, TIED)
    .split(' ')
    .flatMap(word => pieces(word, columns - indent.length))) {
    if (line.trim() !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = indent + word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].map(line => line.replaceAll(TIED, ' '))
}

function pieces(word: string, length: number): string[] {
  if (word.length <= length) return [word]
  return Array.from({ length: Math.ceil(word.length / length) }, (_, index) =>
    word.slice(index * length, (index + 1) * length),
  )
}

const LABEL_COLUMNS = 12

/** A label and its text, that goes on below itself. */
export function labelled(label: string, text: string, columns: number): string[] {
  const indent = ' '.repeat(LABEL_COLUMNS)
  return wrapped(`${label.padEnd(LABEL_COLUMNS - 1)} ${text}`, columns, indent)
}
