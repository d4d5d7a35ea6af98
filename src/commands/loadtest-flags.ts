// The flags of a load test: each is a key of its table. Whoever gives a key a `flag` there has it here.

import * as Flags from '@oclif/core/flags'
import type { FlagInput } from '@oclif/core/interfaces'
import { type Entry, entriesOf, type Leaf, paragraphs, type Table } from '../config/schema.js'
import type { FlagSetting } from '../config/settings.js'
import { configFlags } from './base.js'

/** What `parse` of a command gives: texts, booleans, lists of texts. */
export type FlagValues = Readonly<Record<string, unknown>>

/** What stands for a value in the help, where the unit does not say it. */
const helpValues: Readonly<Record<string, string>> = {
  stage: 'TIME:RATE-RATE',
  slo: 'OBJECTIVE',
  out: 'FILE',
  verify: 'SHARE',
  window: 'REQUESTS',
}
const unitValues: Readonly<Record<string, string>> = {
  seconds: 'TIME',
  'requests per second': 'RATE',
  'connections per second': 'RATE',
}

/** Headings of the help, by section of the file. */
const helpGroups: Readonly<Record<string, string>> = {
  '': 'TEST',
  network: 'CONNECTIONS',
  load: 'LOAD',
  requests: 'REQUESTS',
  torrents: 'REQUESTS',
  phases: 'PHASES',
  search: 'LOAD',
  output: 'OUTPUT',
}

/** All flags of the command of a table. */
export function loadTestFlags(table: Table): FlagInput {
  const entries = flagged(table)
  const keys = entries.map(entry => [entry.leaf.flag!, flagOf(entry)])
  const weights = weightKeys(table).map(({ key }) => key.replace('weight_', ''))
  return {
    ...Object.fromEntries(keys),
    mix: Flags.string({
      helpGroup: 'REQUESTS',
      helpValue: weights.join(':').toUpperCase(),
      description: `How often each kind of request is made, in relation to the others. [keys: ${weightKeys(
        table,
      )
        .map(({ dotted }) => dotted)
        .join(', ')}]`,
    }),
    ...configFlags,
  }
}

/** What the user set by flags, and by the argument, in terms of keys. */
export function flagSettings(table: Table, flags: FlagValues, url: string | undefined): FlagSetting[] {
  const settings: FlagSetting[] = []
  if (url !== undefined) settings.push({ flag: 'URL', dotted: 'server_address', value: url })
  for (const { dotted, leaf } of flagged(table)) {
    const value = flags[leaf.flag!]
    if (value === undefined) continue
    settings.push({ flag: `--${leaf.flag!}`, dotted, value: value as boolean | string | readonly string[] })
  }
  const { mix } = flags
  return typeof mix === 'string' ? [...settings, ...mixSettings(table, mix)] : settings
}

function flagged(table: Table): Entry[] {
  return [...entriesOf(table).values()].filter(({ leaf }) => leaf.flag !== undefined)
}

/** In the order of `--mix`. */
function weightKeys(table: Table): Entry[] {
  return [...entriesOf(table).values()].filter(({ key }) => key.startsWith('weight_'))
}

function mixSettings(table: Table, mix: string): FlagSetting[] {
  const keys = weightKeys(table)
  const parts = mix.split(':')
  if (parts.length !== keys.length) {
    const names = keys.map(({ key }) => key.replace('weight_', ''))
    const example = keys.map(({ leaf }) => leaf.default).join(':')
    const problem = `${JSON.stringify(mix.slice(0, 60))} is not ${names.join(':')}. Write ${keys.length} numbers, such as ${example}.`
    return [{ flag: '--mix', problem }]
  }
  return keys.map(({ dotted }, index) => ({ flag: '--mix', dotted, value: parts[index]!.trim() }))
}

function flagOf({ section, dotted, leaf }: Entry): FlagInput[string] {
  const helpGroup = helpGroups[section ?? ''] ?? 'LOAD'
  const facts = { description: describe(dotted, leaf), helpValue: helpValueOf(leaf), helpGroup }
  switch (leaf.type) {
    case 'boolean':
      return Flags.boolean({ allowNo: true, description: facts.description, helpGroup })
    case 'list':
      return Flags.string({ ...facts, multiple: true, multipleNonGreedy: true })
    default:
      return Flags.string(facts)
  }
}

function helpValueOf(leaf: Leaf): string {
  const named = helpValues[leaf.flag!]
  if (named !== undefined) return named
  if (leaf.type === 'oneOf') return leaf.allowed.join('|')
  return (leaf.type === 'number' && unitValues[leaf.unit ?? '']) || 'NUMBER'
}

/** The first sentence of the key's text, its default, and its name in files. */
function describe(dotted: string, leaf: Leaf): string {
  const text = paragraphs(leaf.doc)[0]!
  const sentence = /^.*?[.](?= (?:[A-Z\d"]|aquatic)|$)/.exec(text)?.[0] ?? text
  const value = leaf.type === 'list' ? '' : `default: ${defaultText(leaf)}, `
  return `${sentence} [${value}key: ${dotted}]`
}

function defaultText(leaf: Exclude<Leaf, { type: 'list' }>): string {
  const isZero = (leaf.type === 'integer' || leaf.type === 'number') && leaf.default === 0
  return isZero && leaf.zeroMeans !== undefined ? leaf.zeroMeans : String(leaf.default)
}
