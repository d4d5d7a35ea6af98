// Checks one value against its leaf. Says what was found, what is allowed and what may have been meant.

import { familyOf, isIpv4Mapped, parseSocketAddress } from '../protocol/socket-address.js'
import { parseQuantity } from './quantity.js'
import type {
  IntegerLeaf,
  Leaf,
  ListLeaf,
  NumberLeaf,
  OneOfLeaf,
  PathLeaf,
  SocketAddressLeaf,
  StringLeaf,
  TextForm,
  Value,
} from './schema.js'
import { nearest } from './suggest.js'

/** Either the value or one or two sentences about what is wrong with it, without its place. */
export type Checked = { readonly value: Value } | { readonly problem: string }

const addressExamples = { ipv4: '"0.0.0.0:3000"', ipv6: '"[::]:3000"', any: '"0.0.0.0:9000"' } as const
const addressNames = { ipv4: 'an IPv4 address', ipv6: 'an IPv6 address', any: 'an IP address' } as const

/** "an integer from 1 to 255", as used in messages, printed files and the reference page. */
export function allowedText(leaf: Leaf): string {
  switch (leaf.type) {
    case 'boolean':
      return 'true or false'
    case 'integer': {
      const unit = leaf.unit === undefined ? '' : ` ${leaf.unit}`
      const range = `an integer from ${leaf.min} to ${leaf.max}${unit}`
      return leaf.zeroMeans === undefined ? range : `${range}, or 0 (${leaf.zeroMeans})`
    }
    case 'number': {
      const unit = leaf.unit === undefined ? '' : ` ${leaf.unit}`
      const zero = leaf.zeroMeans === undefined ? '' : `, or 0 (${leaf.zeroMeans})`
      return `a number from ${leaf.min} to ${leaf.max}${unit}${suffixText(leaf)}${zero}`
    }
    case 'string':
      if (leaf.form !== undefined) return formText(leaf.form, leaf.emptyMeans)
      return leaf.emptyMeans === undefined ? 'a text that is not empty' : `a text, or "" (${leaf.emptyMeans})`
    case 'list':
      return `a list, each item ${formText(leaf.form)}; or [] (${leaf.emptyMeans})`
    case 'path':
      return leaf.emptyMeans === undefined ? 'a path' : `a path, or "" (${leaf.emptyMeans})`
    case 'oneOf':
      return `one of ${leaf.allowed.map(word => `"${word}"`).join(', ')}`
    case 'socketAddress':
      return `${addressNames[leaf.family]} with a port, such as ${addressExamples[leaf.family]}`
  }
}

/** Checks a value from a TOML document, where integers are bigint (so that 1.0 is told from 1). */
export function checkTomlValue(dotted: string, leaf: Leaf, raw: unknown): Checked {
  switch (leaf.type) {
    case 'boolean':
      if (typeof raw === 'boolean') return { value: raw }
      return wrong(dotted, leaf, raw, booleanSuggestion(raw))
    case 'integer':
      if (typeof raw === 'bigint') return checkInteger(dotted, leaf, raw)
      return wrong(dotted, leaf, raw, integerSuggestion(leaf, raw))
    case 'number':
      // A text from a file is for a suffix; `"12"` without one is a slip.
      if (typeof raw === 'string' && leaf.suffixes === undefined) return wrong(dotted, leaf, raw, undefined)
      return checkNumber(dotted, leaf, raw)
    case 'list':
      return checkList(dotted, leaf, raw)
    case 'string':
      if (typeof raw === 'string' && raw !== '' && leaf.form !== undefined) {
        const problem = leaf.form.problemOf(raw)
        return problem === undefined ? { value: raw } : wrong(dotted, leaf, raw, problem)
      }
      if (typeof raw === 'string' && isFittingText(leaf, raw)) return { value: raw }
      return wrong(dotted, leaf, raw, undefined)
    case 'path':
      if (typeof raw === 'string' && isFittingText(leaf, raw)) return { value: raw }
      return wrong(dotted, leaf, raw, undefined)
    case 'oneOf':
      if (typeof raw === 'string' && leaf.allowed.includes(raw)) return { value: raw }
      return wrong(dotted, leaf, raw, oneOfSuggestion(leaf, raw))
    case 'socketAddress':
      return checkSocketAddress(dotted, leaf, raw)
  }
}

/** Checks a value from the environment or a flag: the text behind the equals sign, in quotes or not. */
export function checkTextValue(dotted: string, leaf: Leaf, text: string): Checked {
  if (leaf.type === 'boolean' && (text === 'true' || text === 'false')) return { value: text === 'true' }
  if (leaf.type === 'integer' && isIntegerText(text)) return checkInteger(dotted, leaf, toBigInt(text))
  if (leaf.type === 'boolean' || leaf.type === 'integer') return checkTomlValue(dotted, leaf, text)
  const quoted = /^"(.*)"$|^'(.*)'$/.exec(text)
  const plain = quoted?.[1] ?? quoted?.[2] ?? text
  if (leaf.type === 'list') return checkList(dotted, leaf, listItems(plain))
  if (leaf.type === 'number') return checkNumber(dotted, leaf, plain)
  return checkTomlValue(dotted, leaf, plain)
}

/** `a, b`, `["a", "b"]` as in a file, or nothing. */
function listItems(text: string): string[] {
  const inner = /^\[(.*)\]$/s.exec(text)?.[1] ?? text
  const items = inner.split(',').map(item => item.trim().replace(/^"(.*)"$|^'(.*)'$/, '$1$2'))
  return items.filter(item => item !== '')
}

/** The value a leaf has when nobody sets it. */
export function defaultValue(leaf: Leaf): Value {
  if (leaf.type !== 'socketAddress') return leaf.default
  const parsed = parseSocketAddress(leaf.default)
  if (parsed === undefined) throw new Error(`the default ${leaf.default} is no socket address`)
  return parsed
}

function isFittingText(leaf: StringLeaf | PathLeaf, text: string): boolean {
  return (text !== '' || leaf.emptyMeans !== undefined) && !text.includes('\0')
}

function checkInteger(dotted: string, leaf: IntegerLeaf, raw: bigint): Checked {
  const isZero = raw === 0n && leaf.zeroMeans !== undefined
  if (isZero || (raw >= leaf.min && raw <= leaf.max)) return { value: Number(raw) }
  return wrong(dotted, leaf, raw, `Try ${raw < leaf.min ? leaf.min : leaf.max}.`)
}

function suffixText({ suffixes }: NumberLeaf): string {
  const names = Object.keys(suffixes ?? {})
  if (names.length === 0) return ''
  return `, plain or as a text with ${names.join(', ')} behind it`
}

/** "an URL, such as A or B", with what the empty text stands for. */
function formText({ name, examples }: TextForm, emptyMeans?: string): string {
  const shown = examples.slice(0, 3).map(example => JSON.stringify(example))
  const empty = emptyMeans === undefined ? '' : `, or "" (${emptyMeans})`
  return `${name}, such as ${shown.join(' or ')}${empty}`
}

function checkNumber(dotted: string, leaf: NumberLeaf, raw: unknown): Checked {
  const value = numberOf(leaf, raw)
  if (value === undefined) return wrong(dotted, leaf, raw, undefined)
  const isZero = value === 0 && leaf.zeroMeans !== undefined
  if (isZero || (value >= leaf.min && value <= leaf.max)) return { value }
  return wrong(dotted, leaf, raw, `Try ${value < leaf.min ? leaf.min : leaf.max}.`)
}

/** A TOML number, or the text of one, with a suffix or not. */
function numberOf({ suffixes = {} }: NumberLeaf, raw: unknown): number | undefined {
  if (typeof raw === 'bigint') return Number(raw)
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined
  return typeof raw === 'string' ? parseQuantity(raw, suffixes) : undefined
}

function checkList(dotted: string, leaf: ListLeaf, raw: unknown): Checked {
  if (!Array.isArray(raw)) return wrong(dotted, leaf, raw, undefined)
  for (const item of raw) {
    if (typeof item !== 'string')
      return wrong(dotted, leaf, item, 'Write texts in quotes.', formText(leaf.form))
    const problem = leaf.form.problemOf(item)
    if (problem !== undefined) return wrong(dotted, leaf, item, problem, formText(leaf.form))
  }
  return { value: raw as readonly string[] }
}

function checkSocketAddress(dotted: string, leaf: SocketAddressLeaf, raw: unknown): Checked {
  const parsed = typeof raw === 'string' ? parseSocketAddress(raw) : undefined
  if (parsed === undefined) return wrong(dotted, leaf, raw, addressSuggestion(leaf, raw))
  if (leaf.family !== 'any' && familyOf(parsed) !== leaf.family) {
    const sibling = dotted.replace(leaf.family, familyOf(parsed))
    return wrong(dotted, leaf, raw, sibling === dotted ? undefined : `Did you mean ${sibling}?`)
  }
  if (isIpv4Mapped(parsed)) return wrong(dotted, leaf, raw, 'Write the IPv4 address itself.')
  return { value: parsed }
}

function wrong(
  dotted: string,
  leaf: Leaf,
  raw: unknown,
  suggestion: string | undefined,
  allowed = allowedText(leaf),
): Checked {
  const fallback = `The default is ${JSON.stringify(leaf.default)}.`
  return { problem: `${dotted} is ${shown(raw)}, but must be ${allowed}. ${suggestion ?? fallback}` }
}

const longestShown = 60

/** The value as the user wrote it, or its kind where that would be long. */
function shown(raw: unknown): string {
  if (typeof raw === 'string') {
    const text = raw.length > longestShown ? `${raw.slice(0, longestShown)}…` : raw
    return JSON.stringify(text)
  }
  if (typeof raw === 'bigint' || typeof raw === 'boolean') return String(raw).slice(0, longestShown)
  if (typeof raw === 'number') return `${raw} (a float)`
  if (raw instanceof Date) return 'a date'
  return Array.isArray(raw) ? 'an array' : 'a table'
}

function booleanSuggestion(raw: unknown): string | undefined {
  if (typeof raw !== 'string' && typeof raw !== 'bigint') return undefined
  const word = String(raw).toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(word)) return 'Did you mean true?'
  if (['false', 'no', 'off', '0'].includes(word)) return 'Did you mean false?'
  return undefined
}

function integerSuggestion(leaf: IntegerLeaf, raw: unknown): string | undefined {
  const text = typeof raw === 'number' ? String(Math.round(raw)) : raw
  if (typeof text !== 'string' || !isIntegerText(text)) return undefined
  const checked = checkInteger('', leaf, toBigInt(text))
  return 'value' in checked ? `Did you mean ${checked.value}?` : undefined
}

function oneOfSuggestion(leaf: OneOfLeaf, raw: unknown): string | undefined {
  const word = typeof raw === 'string' ? nearest(raw, leaf.allowed) : undefined
  return word === undefined ? undefined : `Did you mean "${word}"?`
}

/** Completes an address that lacks its port or its brackets. */
function addressSuggestion(leaf: SocketAddressLeaf, raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined
  const defaultPort = parseSocketAddress(leaf.default)?.port ?? 0
  const lastColon = raw.lastIndexOf(':')
  const candidates = [
    `${raw}:${defaultPort}`,
    `[${raw}]:${defaultPort}`,
    `[${raw.slice(0, lastColon)}]:${raw.slice(lastColon + 1)}`,
  ]
  const fits = (candidate: string): boolean => {
    const parsed = parseSocketAddress(candidate)
    return parsed !== undefined && (leaf.family === 'any' || familyOf(parsed) === leaf.family)
  }
  const candidate = candidates.find(fits)
  return candidate === undefined ? undefined : `Did you mean "${candidate}"?`
}

/** Long enough for every range here; a longer text is refused before it is calculated with. */
const longestInteger = 30

function isIntegerText(text: string): boolean {
  return text.length <= longestInteger && /^[+-]?\d+(_\d+)*$/.test(text)
}

function toBigInt(text: string): bigint {
  return BigInt(text.replaceAll('_', '').replace(/^\+/, ''))
}
