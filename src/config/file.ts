// From the text of a TOML configuration file to settings with places. Imported only where a file is given.

import { parse, TomlError } from 'smol-toml'
import { locateKeys } from './locate.js'
import { type Entry, isSectionName, type Layer, type Origin, type Table } from './schema.js'
import { accept, type Problem, unknownKeyText, unknownSectionText } from './settings.js'
import { checkTomlValue } from './value.js'

/** After this many broken lines the file is something else than a configuration. */
const mostSyntaxProblems = 20

/**
 * Settings of a file. What is wrong with it goes to `problems`; `complete` is false where the text could not
 * be read to its end, so that settings may be missing.
 */
export function fileLayer(
  table: Table,
  entries: ReadonlyMap<string, Entry>,
  { file, text }: { readonly file: string; readonly text: string },
  problems: Problem[],
): { layer: Layer; complete: boolean } {
  const layer: Layer = new Map()
  const document = parseLines(text, file, problems)
  if (document === undefined) return { layer, complete: false }
  // By path: a file may have as many keys that nobody knows as fit into it, and each is looked for.
  const places = new Map(locateKeys(text).map(place => [JSON.stringify(place.path), place]))
  const at = (path: readonly string[]): Origin => {
    const { line, column } = places.get(JSON.stringify(path)) ?? { line: 1, column: 1 }
    return { kind: 'file', file, line, column }
  }
  for (const [name, raw] of Object.entries(document)) takeTopLevel(name, raw)
  return { layer, complete: true }

  function takeTopLevel(name: string, raw: unknown): void {
    const isSection = isSectionName(table, name)
    if (isSection && isTable(raw)) {
      takeSection([name], raw)
    } else if (isSection) {
      const text = `${name} is a section. Write [${name}] in a line of its own, and its keys below.`
      problems.push({ origin: at([name]), text })
    } else if (!entries.has(name) && isTable(raw)) {
      problems.push({ origin: at([name]), text: unknownSectionText(table, name) })
    } else {
      take([name], raw)
    }
  }

  /** Keys of a section, and of those below it: `[udp]` and `[udp.network]`. */
  function takeSection(path: readonly string[], raw: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(raw)) {
      const inner = [...path, key]
      if (isTable(value) && isSectionName(table, inner.join('.'))) takeSection(inner, value)
      else take(inner, value)
    }
  }

  function take(path: readonly string[], raw: unknown): void {
    const dotted = path.join('.')
    const entry = entries.get(dotted)
    if (entry === undefined) {
      problems.push({ origin: at(path), text: unknownKeyText(table, dotted) })
    } else if (entry.key !== path.at(-1)) {
      const text = `"${dotted}" in quotes is one name. Write ${dotted} without quotes.`
      problems.push({ origin: at(path), text })
    } else {
      accept(layer, dotted, at(path), checkTomlValue(dotted, entry.leaf, raw), problems)
    }
  }
}

function isTable(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date)
}

/**
 * The parser stops at the first error. Where that error is confined to one line with a key in it, the line
 * is blanked and the rest is tried again, so that one run reports everything. Undefined where this does not
 * lead to the end.
 */
function parseLines(text: string, file: string, problems: Problem[]): Record<string, unknown> | undefined {
  const lines = text.split('\n')
  for (let attempt = 0; attempt < mostSyntaxProblems; attempt++) {
    try {
      return parse(lines.join('\n'), { integersAsBigInt: true })
    } catch (error) {
      if (!(error instanceof TomlError)) throw error
      const index = blankableLine(lines, error)
      problems.push(syntaxProblem(lines, error, index ?? error.line - 1, file))
      if (index === undefined) return undefined
      lines[index] = ''
    }
  }
  return undefined
}

/** The line an error is confined to. A missing value is noticed at the line's end or behind it. */
function blankableLine(lines: readonly string[], error: TomlError): number | undefined {
  const index = error.line - 1
  const line = lines[index] ?? ''
  const isPair = /^\s*[^\s#[=][^=]*=/.test(line)
  return isPair && !/"""|'''|[[{]/.test(line) ? index : undefined
}

function syntaxProblem(lines: readonly string[], error: TomlError, index: number, file: string): Problem {
  const origin: Origin = { kind: 'file', file, line: error.line, column: error.column }
  const [firstLine = ''] = error.message.split('\n')
  const reason = firstLine.replace('Invalid TOML document: ', '')
  const line = lines[index]?.trim() ?? ''
  if (reason.startsWith('trying to redefine')) {
    const name = /^\[/.test(line) ? line : line.split('=')[0]!.trim()
    return { origin, text: `${name} is set twice. Keep one of the two.` }
  }
  return { origin, text: `not TOML: ${reason}. ${syntaxHint(line)}` }
}

function syntaxHint(line: string): string {
  if (/^\[/.test(line)) return 'A section is written [name].'
  const bare = /=\s*([^"'\s#][^#]*)/.exec(line)?.[1]?.trim()
  if (bare !== undefined && !/^[\d+-]/.test(bare)) return `Write texts in quotes: "${bare}".`
  return 'A line is written key = value, with texts in quotes.'
}
