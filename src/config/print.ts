// Writes a configuration as commented TOML, the way it is read back, and as plain values for JSON.

import { formatSocketAddress, type SocketAddress } from '../protocol/socket-address.js'
import {
  type ConfigOf,
  camelCase,
  type Leaf,
  type Leaves,
  paragraphs,
  type Table,
  type Value,
} from './schema.js'
import { allowedText } from './value.js'

const commentColumns = 100

/** The whole table with the values of `config`: comments, keys, sections; ends without a line end. */
export function printConfig<T extends Table>(table: T, config: ConfigOf<T>): string {
  const values = config as unknown as Nested
  const lines = [...comment([table.title, table.doc]), '']
  lines.push(...printLeaves(table.leaves, values))
  for (const [name, section] of Object.entries(table.sections)) {
    const shared = sharedNoEffect(section.leaves)
    const remark = shared === undefined ? [] : [`No effect: ${shared}`]
    lines.push('', ...comment([...paragraphs(section.doc), ...remark]), `[${name}]`, '')
    lines.push(...printLeaves(section.leaves, values[camelCase(name)] as Nested))
  }
  return lines.join('\n')
}

/** The values by their TOML names, nested as in the file; socket addresses as text. For JSON output. */
export function plainConfig<T extends Table>(table: T, config: ConfigOf<T>): Record<string, unknown> {
  const values = config as unknown as Nested
  const plain: Record<string, unknown> = plainLeaves(table.leaves, values)
  for (const [name, section] of Object.entries(table.sections)) {
    plain[name] = plainLeaves(section.leaves, values[camelCase(name)] as Nested)
  }
  return plain
}

/** The reason why a whole section does nothing, to be said once; undefined where its keys differ in that. */
export function sharedNoEffect(leaves: Leaves): string | undefined {
  const reasons = new Set(Object.values(leaves).map(leaf => leaf.noEffect))
  return reasons.size === 1 ? [...reasons][0] : undefined
}

/** A value as TOML writes it. */
export function tomlText(value: Value): string {
  if (typeof value === 'object') return tomlText(formatSocketAddress(value))
  if (typeof value !== 'string') return String(value)
  // JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped.
  return JSON.stringify(value).replaceAll('\x7f', '\\u007f')
}

interface Nested {
  readonly [key: string]: Value | Nested
}

function printLeaves(leaves: Leaves, values: Nested): string[] {
  const shared = sharedNoEffect(leaves)
  const blocks = Object.entries(leaves).map(([key, leaf]) => [
    ...comment([...paragraphs(leaf.doc), ...remarks(leaf, shared)]),
    `${key} = ${tomlText(values[camelCase(key)] as Value)}`,
  ])
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]))
}

/** What is allowed, where the value does not show it, and whether the key does anything. */
function remarks(leaf: Leaf, saidAlready: string | undefined): string[] {
  const selfEvident = leaf.type === 'boolean' || leaf.type === 'path' || leaf.type === 'string'
  const lines = selfEvident ? [] : [`Allowed: ${allowedText(leaf)}.`]
  return leaf.noEffect === saidAlready ? lines : [...lines, `No effect: ${leaf.noEffect}`]
}

function plainLeaves(leaves: Leaves, values: Nested): Record<string, unknown> {
  const plain = Object.keys(leaves).map(key => {
    const value = values[camelCase(key)] as Value
    return [key, typeof value === 'object' ? formatSocketAddress(value as SocketAddress) : value]
  })
  return Object.fromEntries(plain)
}

/** `# ` lines: text is wrapped, command lines are indented and left whole. */
function comment(blocks: readonly string[]): string[] {
  return blocks.flatMap(block => (block.startsWith('$ ') ? [`#   ${block}`] : wrap(block)))
}

function wrap(text: string): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line !== '#' && line.length + 1 + word.length > commentColumns) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
