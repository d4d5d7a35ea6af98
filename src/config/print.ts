// Writes a configuration as commented TOML, the way it is read back, and as plain values for JSON.

import { formatSocketAddress } from '../protocol/socket-address.js'
import {
  type ConfigOf,
  camelCase,
  formatOrigin,
  type Leaf,
  type Leaves,
  type Origin,
  type PlainValue,
  paragraphs,
  type Table,
  type Value,
} from './schema.js'
import { allowedText } from './value.js'
import { wrapText } from './wrap.js'

const commentColumns = 100

export interface PrintOptions {
  /** What each key does; true unless told. */
  readonly comments?: boolean
  /** Only this section, whose name is in the table. */
  readonly section?: string | undefined
  /** Behind each value, where it came from. */
  readonly origins?: ReadonlyMap<string, Origin> | undefined
}

/** The table with the values of `config`: comments, keys, sections; ends without a line end. */
export function printConfig<T extends Table>(
  table: T,
  config: ConfigOf<T>,
  options: PrintOptions = {},
): string {
  const values = config as unknown as Nested
  const chapters: string[][] = []
  const comments = options.comments ?? true
  if (options.section === undefined) {
    const title = comments ? [...comment([table.title, ...paragraphs(table.doc)]), ''] : []
    chapters.push([...title, ...printLeaves(table.leaves, values, undefined, options)])
  }
  for (const [name, section] of Object.entries(table.sections)) {
    if (options.section !== undefined && options.section !== name) continue
    const shared = sharedNoEffect(section.leaves)
    const remark = shared === undefined ? [] : [`No effect: ${shared}`]
    const head = comments
      ? [...comment([...paragraphs(section.doc), ...remark]), `[${name}]`, '']
      : [`[${name}]`]
    const keys = printLeaves(section.leaves, values[camelCase(name)] as Nested, name, options)
    chapters.push([...head, ...keys])
  }
  return chapters.map(lines => lines.join('\n')).join('\n\n')
}

/**
 * The values by their TOML names, nested as in the file; socket addresses as text. For JSON output.
 * With a `section`, that one alone.
 */
export function plainConfig<T extends Table>(
  table: T,
  config: ConfigOf<T>,
  section?: string,
): Record<string, unknown> {
  const values = config as unknown as Nested
  const plain: Record<string, unknown> = section === undefined ? plainLeaves(table.leaves, values) : {}
  for (const [name, { leaves }] of Object.entries(table.sections)) {
    if (section !== undefined && section !== name) continue
    const place = section === undefined ? placeOf(plain, name.split('.').slice(0, -1)) : plain
    const key = section === undefined ? name.slice(name.lastIndexOf('.') + 1) : name
    place[key] = plainLeaves(leaves, values[camelCase(name)] as Nested)
  }
  return plain
}

/** The object at a path, which is made where it is missing. */
function placeOf(plain: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  let place = plain
  for (const name of path) {
    place[name] ??= {}
    place = place[name] as Record<string, unknown>
  }
  return place
}

/** The reason why a whole section does nothing, to be said once; undefined where its keys differ in that. */
export function sharedNoEffect(leaves: Leaves): string | undefined {
  const reasons = new Set(Object.values(leaves).map(leaf => leaf.noEffect))
  return reasons.size === 1 ? [...reasons][0] : undefined
}

/** A value as TOML writes it. */
export function tomlText(value: Value): string {
  if (isList(value)) return `[${value.map(tomlText).join(', ')}]`
  if (typeof value === 'object') return tomlText(formatSocketAddress(value))
  if (typeof value !== 'string') return String(value)
  // JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped.
  return JSON.stringify(value).replaceAll('\x7f', '\\u007f')
}

interface Nested {
  readonly [key: string]: Value | Nested
}

function printLeaves(
  leaves: Leaves,
  values: Nested,
  section: string | undefined,
  { comments = true, origins }: PrintOptions,
): string[] {
  const shared = sharedNoEffect(leaves)
  const blocks = Object.entries(leaves).map(([key, leaf]) => [
    ...(comments ? comment([...paragraphs(leaf.doc), ...remarks(leaf, shared)]) : []),
    `${key} = ${tomlText(values[camelCase(key)] as Value)}${originComment(section, key, origins)}`,
  ])
  return blocks.flatMap((block, index) => (index === 0 || !comments ? block : ['', ...block]))
}

function originComment(section: string | undefined, key: string, origins: PrintOptions['origins']): string {
  const origin = origins?.get(section === undefined ? key : `${section}.${key}`)
  if (origin === undefined) return ''
  // A file's name may have a line end in it, which would end the comment.
  return ` # ${formatOrigin(origin).replace(/\p{Cc}/gu, '?')}`
}

/** What is allowed, where the value does not show it, and whether the key does anything. */
function remarks(leaf: Leaf, saidAlready: string | undefined): string[] {
  const isText = leaf.type === 'path' || (leaf.type === 'string' && leaf.form === undefined)
  const selfEvident = leaf.type === 'boolean' || (isText && leaf.emptyMeans === undefined)
  const lines = selfEvident ? [] : [`Allowed: ${allowedText(leaf)}.`]
  return leaf.noEffect === saidAlready ? lines : [...lines, `No effect: ${leaf.noEffect}`]
}

function plainLeaves(leaves: Leaves, values: Nested): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(leaves).map(key => [key, plainValue(values[camelCase(key)] as Value)]),
  )
}

/** A value as JSON has it: socket addresses as text. */
export function plainValue(value: Value): PlainValue {
  return typeof value === 'object' && !isList(value) ? formatSocketAddress(value) : value
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value)
}

/** `# ` lines: text is wrapped, command lines are indented and left whole. */
function comment(blocks: readonly string[]): string[] {
  return blocks.flatMap(block => (block.startsWith('$ ') ? [`#   ${block}`] : wrap(block)))
}

function wrap(text: string): string[] {
  return wrapText(text, commentColumns - 2).map(line => `# ${line}`)
}
