// A table as JSON Schema (draft 2020-12) of its TOML file, for completion and checks in editors.
// What needs more than one value (`examine`) has no place in it.

import type {
  IntegerLeaf,
  Leaf,
  Leaves,
  NumberLeaf,
  Section,
  Sections,
  SocketAddressLeaf,
  Table,
} from './schema.js'
import { paragraphs } from './schema.js'
import { allowedText } from './value.js'

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** The schema of one application's file. */
export function jsonSchemaOf(table: Table): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: table.title,
    description: plainText(table.doc),
    type: 'object',
    properties: {
      ...properties(table.leaves),
      ...properties(table.legacy ?? {}, true),
      ...sectionProperties(table.sections),
      ...sectionProperties(table.legacySections ?? {}, true),
    },
    additionalProperties: false,
  }
}

function sectionProperties(sections: Sections, legacy = false): Record<string, JsonSchema> {
  const topLevel = Object.entries(sections).filter(([name]) => !name.includes('.'))
  return Object.fromEntries(
    topLevel.map(([name, section]) => [
      name,
      {
        ...sectionSchema(section, legacy, sectionProperties(sectionsBelow(sections, name))),
        ...(legacy ? { deprecated: true } : {}),
      },
    ]),
  )
}

function sectionSchema(section: Section, legacy: boolean, below: Record<string, JsonSchema>): JsonSchema {
  return {
    type: 'object',
    description: plainText(section.doc),
    properties: {
      ...properties(section.leaves, legacy),
      ...properties(section.legacy ?? {}, true),
      ...below,
    },
    additionalProperties: false,
  }
}

/** `udp.network` as `network`, for `udp`. */
function sectionsBelow(sections: Sections, name: string): Sections {
  return Object.fromEntries(
    Object.entries(sections)
      .filter(([other]) => other.startsWith(`${name}.`))
      .map(([other, section]) => [other.slice(name.length + 1), section]),
  )
}

function properties(leaves: Leaves, legacy = false): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(leaves).map(([key, leaf]) => [
      key,
      {
        ...valueSchema(leaf),
        description: describe(leaf),
        default: leaf.default,
        ...(legacy ? { deprecated: true } : {}),
      },
    ]),
  )
}

function describe(leaf: Leaf): string {
  const effect = leaf.noEffect === undefined ? [] : [`No effect: ${leaf.noEffect}`]
  return [plainText(leaf.doc), `Allowed: ${allowedText(leaf)}.`, ...effect].join('\n\n')
}

function plainText(doc: string): string {
  return paragraphs(doc).join('\n\n')
}

function valueSchema(leaf: Leaf): JsonSchema {
  switch (leaf.type) {
    case 'boolean':
      return { type: 'boolean' }
    case 'integer':
      return integerSchema(leaf)
    case 'number':
      return numberSchema(leaf)
    case 'list':
      return { type: 'array', items: { type: 'string', pattern: leaf.form.pattern } }
    case 'string':
    case 'path':
      if (leaf.type === 'string' && leaf.form !== undefined) {
        const { pattern } = leaf.form
        return { type: 'string', pattern: leaf.emptyMeans === undefined ? pattern : `^$|${pattern}` }
      }
      if (leaf.emptyMeans !== undefined) return { type: 'string', pattern: '^[^\\u0000]*$' }
      return { type: 'string', minLength: 1, pattern: '^[^\\u0000]+$' }
    case 'oneOf':
      return { type: 'string', enum: leaf.allowed }
    case 'socketAddress':
      return { type: 'string', pattern: `^(?:${addressPattern(leaf.family)}):${portPattern}$` }
  }
}

function integerSchema({ min, max, zeroMeans }: IntegerLeaf): JsonSchema {
  if (zeroMeans === undefined || min <= 0) return { type: 'integer', minimum: min, maximum: max }
  if (min === 1) return { type: 'integer', minimum: 0, maximum: max }
  return { type: 'integer', anyOf: [{ const: 0 }, { minimum: min, maximum: max }] }
}

function numberSchema({ min, max, zeroMeans, suffixes }: NumberLeaf): JsonSchema {
  const range = { type: 'number', minimum: min, maximum: max }
  const zero = zeroMeans === undefined || min <= 0 ? [] : [{ const: 0 }]
  const names = Object.keys(suffixes ?? {})
  const texts =
    names.length === 0
      ? []
      : [{ type: 'string', pattern: `^\\+?\\d[\\d_]*(\\.\\d+)?(e[+-]?\\d+)? ?(${names.join('|')})?$` }]
  const alternatives = [range, ...zero, ...texts]
  return alternatives.length === 1 ? range : { anyOf: alternatives }
}

const portPattern = '(?:\\d{1,4}|[0-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'
const bytePattern = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const ipv4Pattern = `${bytePattern}(?:\\.${bytePattern}){3}`
/** Its letters only: an editor need not know where the zeros of an IPv6 address are. */
const ipv6Pattern = '\\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\\]'

function addressPattern(family: SocketAddressLeaf['family']): string {
  if (family === 'any') return `${ipv4Pattern}|${ipv6Pattern}`
  return family === 'ipv4' ? ipv4Pattern : ipv6Pattern
}
