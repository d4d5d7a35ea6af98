// Everything there is to say about one key: what it does, what it may be, and what each source says about it.

import type { SourceName, SourcesRead } from './load.js'
import { plainValue, tomlText } from './print.js'
import { typeName } from './reference.js'
import {
  type Entry,
  entriesOf,
  environmentName,
  formatOrigin,
  type Leaf,
  type Origin,
  type PlainValue,
  paragraphs,
  type Table,
} from './schema.js'
import { allowedText, defaultValue } from './value.js'
import { wrapText } from './wrap.js'

/** What one source says about a key. */
export interface LayerAnswer {
  readonly source: 'default' | SourceName
  /** Absent where the source says nothing, or something that is refused. */
  readonly value?: PlainValue
  readonly origin?: Origin
  /** Why the source's value is refused. */
  readonly problem?: string
}

export interface Explanation {
  /** `network.engine`. */
  readonly key: string
  readonly text: string
  readonly type: Leaf['type']
  readonly default: PlainValue
  readonly unit?: string
  readonly min?: number
  readonly max?: number
  readonly zeroMeans?: string
  readonly oneOf?: readonly string[]
  /** The range in words. */
  readonly allowed: string
  readonly environment: string
  /** The flag that sets it, besides --set. */
  readonly flag?: string
  readonly since?: string
  /** A key of older files: accepted, but not written. */
  readonly legacy: boolean
  readonly hasEffect: boolean
  /** Why it has no effect. */
  readonly noEffect?: string
  /** Weakest first; the last one with a value counts. */
  readonly layers: readonly LayerAnswer[]
}

/** One line of the list of keys. */
export interface KeySummary {
  readonly key: string
  readonly type: Leaf['type']
  readonly default: PlainValue
  /** The first sentence. */
  readonly text: string
  readonly legacy: boolean
}

/** Explains one entry of the table, with what the sources say about it. */
export function explainKey(table: Table, { dotted, leaf, legacy }: Entry, read: SourcesRead): Explanation {
  return {
    key: dotted,
    text: paragraphs(leaf.doc).join('\n\n'),
    type: leaf.type,
    default: leaf.default,
    ...(leaf.type === 'integer' || leaf.type === 'number' ? numberFacts(leaf) : {}),
    ...(leaf.type === 'oneOf' ? { oneOf: leaf.allowed } : {}),
    allowed: allowedText(leaf),
    environment: environmentName(table, dotted),
    ...(leaf.flag === undefined ? {} : { flag: `--${leaf.flag}` }),
    ...(leaf.since === undefined ? {} : { since: leaf.since }),
    legacy,
    hasEffect: leaf.noEffect === undefined,
    ...(leaf.noEffect === undefined ? {} : { noEffect: leaf.noEffect }),
    layers: [
      { source: 'default', value: plainValue(defaultValue(leaf)) },
      ...read.layers.map(({ source, given, layer }) => {
        const setting = (legacy ? given : layer).get(dotted)
        if (setting !== undefined) return { source, value: plainValue(setting.value), origin: setting.origin }
        const refused = read.problems.find(({ key, origin }) => key === dotted && origin.kind === source)
        return refused === undefined ? { source } : { source, origin: refused.origin, problem: refused.text }
      }),
    ],
  }
}

/** All keys of a table, or of one of its sections, with their first sentences. */
export function summariseKeys(table: Table, section?: string): KeySummary[] {
  return [...entriesOf(table).values()]
    .filter(entry => section === undefined || entry.section === section)
    .map(({ dotted, leaf, legacy }) => ({
      key: dotted,
      type: leaf.type,
      default: leaf.default,
      text: firstSentence(leaf.doc),
      legacy,
    }))
}

/** One line for each key: name, default, first sentence. */
export function keyList(keys: readonly KeySummary[]): string {
  const defaults = keys.map(key => tomlText(key.default))
  const keyColumns = Math.max(...keys.map(({ key }) => key.length))
  const defaultColumns = Math.max(...defaults.map(text => text.length))
  return keys
    .map(({ key, text }, index) =>
      [key.padEnd(keyColumns), defaults[index]!.padEnd(defaultColumns), text].join('  '),
    )
    .join('\n')
}

const textColumns = 90

/** The explanation for people. */
export function explanationText(explanation: Explanation): string {
  const { key, text, type, unit, allowed, environment, since, legacy, noEffect, layers } = explanation
  const blocks = text
    .split('\n\n')
    .map(block => (block.startsWith('$ ') ? [`    ${block}`] : wrapText(block, textColumns).map(indent)))
  const facts: [string, string | undefined][] = [
    ['Type', typeName(type)],
    ['Default', tomlText(explanation.default)],
    ['Unit', unit],
    ['Allowed', allowed],
    ['Environment', environment],
    ['Flag', flagText(explanation)],
    ['Since', since],
    ['Effect', noEffect === undefined ? undefined : `none: ${noEffect}`],
    ['Older files', legacy ? 'accepted from them, but not written any more' : undefined],
  ]
  const lines = facts.filter(([, fact]) => fact !== undefined).map(([name, fact]) => row(name, fact!))
  const refused = layers.some(({ problem }) => problem !== undefined)
  const counting = refused ? -1 : layers.findLastIndex(({ value }) => value !== undefined)
  return [
    key,
    ...blocks.flatMap(block => ['', ...block]),
    '',
    ...lines,
    '',
    '  Sources, weakest first:',
    ...layers.map((layer, index) => layerLine(layer, index === counting)),
  ].join('\n')
}

function flagText({ key, flag, default: value }: Explanation): string {
  const text = Array.isArray(value) ? value.join(',') : value
  return [...(flag === undefined ? [] : [flag]), `--set ${key}=${text}`].join(' or ')
}

function layerLine({ source, value, origin, problem }: LayerAnswer, counts: boolean): string {
  const place = origin === undefined ? '' : ` (${formatOrigin(origin)})`
  if (problem !== undefined) return `${row(`  ${source}`, `refused${place}: ${problem}`)}`
  if (value === undefined) return row(`  ${source}`, '-')
  return row(`  ${source}`, `${tomlText(value)}${place}${counts ? '  <- counts' : ''}`)
}

const nameColumns = 14

function row(name: string, fact: string): string {
  return `  ${name.padEnd(nameColumns)} ${fact}`
}

function indent(line: string): string {
  return `  ${line}`
}

function numberFacts({
  unit,
  min,
  max,
  zeroMeans,
}: Extract<Leaf, { type: 'integer' | 'number' }>): Partial<Explanation> {
  return {
    ...(unit === undefined ? {} : { unit }),
    min,
    max,
    ...(zeroMeans === undefined ? {} : { zeroMeans }),
  }
}

function firstSentence(doc: string): string {
  const text = paragraphs(doc)[0]!
  return /^.*?[.](?= [A-Z\d"]|$)/.exec(text)?.[0] ?? text
}
