// What a configuration table is made of, and the TypeScript types that follow from one.
// A table knows nothing of TOML, files or environments; printing, loading and the reference page walk
// over it.

import type { SocketAddress } from '../protocol/socket-address.js'

interface LeafBase {
  /** Sentences for the operator; see `paragraphs` for the little markup it knows. */
  readonly doc: string
  /** First release of aquatic in TypeScript that has the key; absent for keys of the original. */
  readonly since?: string
  /** Why the key does nothing here. Setting it to anything but its default is answered with a notice. */
  readonly noEffect?: string
  /** Flag of the application's command that sets the key, without its dashes. */
  readonly flag?: string
}

export interface BooleanLeaf extends LeafBase {
  readonly type: 'boolean'
  readonly default: boolean
}

export interface IntegerLeaf extends LeafBase {
  readonly type: 'integer'
  readonly default: number
  readonly min: number
  readonly max: number
  /** Plural, as in "1 to 86400 seconds". */
  readonly unit?: string
  /** What 0 stands for; it is then allowed even where `min` is higher. */
  readonly zeroMeans?: string
}

/** A number that need not be whole, plain or with one of a few suffixes: `0.25`, `"50k"`, `"2m"`. */
export interface NumberLeaf extends LeafBase {
  readonly type: 'number'
  readonly default: number
  readonly min: number
  readonly max: number
  /** Plural, as in "0.5 to 60 seconds". */
  readonly unit?: string
  /** What 0 stands for; it is then allowed even where `min` is higher. */
  readonly zeroMeans?: string
  /** What a letter behind the number multiplies it by; numbers with one are texts in TOML. */
  readonly suffixes?: Readonly<Record<string, number>>
}

/** What texts of one kind look like. */
export interface TextForm {
  /** With its article: "a stage". */
  readonly name: string
  /** Right ones. */
  readonly examples: readonly [string, ...string[]]
  /** The rough shape, for JSON Schema. */
  readonly pattern: string
  /** Undefined if the text is right, otherwise a sentence with what is wrong or what was meant. */
  readonly problemOf: (text: string) => string | undefined
}

export interface StringLeaf extends LeafBase {
  readonly type: 'string'
  readonly default: string
  /** What the empty text stands for; it is refused without this. */
  readonly emptyMeans?: string
  readonly form?: TextForm
}

/** Texts, each of one form. */
export interface ListLeaf extends LeafBase {
  readonly type: 'list'
  readonly default: readonly string[]
  readonly form: TextForm
  /** What no text at all stands for. */
  readonly emptyMeans: string
}

export interface PathLeaf extends LeafBase {
  readonly type: 'path'
  readonly default: string
  /** What the empty text stands for; it is refused without this. */
  readonly emptyMeans?: string
}

export interface OneOfLeaf<A extends string = string> extends LeafBase {
  readonly type: 'oneOf'
  readonly default: A
  readonly allowed: readonly A[]
}

export interface SocketAddressLeaf extends LeafBase {
  readonly type: 'socketAddress'
  /** As written in a file, e.g. `[::]:3000`. */
  readonly default: string
  readonly family: 'ipv4' | 'ipv6' | 'any'
}

export type Leaf =
  | BooleanLeaf
  | IntegerLeaf
  | NumberLeaf
  | StringLeaf
  | ListLeaf
  | PathLeaf
  | OneOfLeaf
  | SocketAddressLeaf
export type Leaves = Readonly<Record<string, Leaf>>
export type Value = boolean | number | string | readonly string[] | SocketAddress
/** A value as JSON has it. */
export type PlainValue = Exclude<Value, SocketAddress>

export interface Section<L extends Leaves = Leaves> {
  readonly doc: string
  readonly leaves: L
  /**
   * Keys of older files: accepted, checked and explained, but neither printed nor part of the config object.
   */
  readonly legacy?: Leaves
}
export type Sections = Readonly<Record<string, Section>>

/** Where a value came from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'environment'; readonly name: string }
  /** `flag` as the user would name it: `--set network.engine`. */
  | { readonly kind: 'flag'; readonly flag: string }

/** `tracker.toml:14:3`, `AQUATIC_UDP__SOCKET_WORKERS`, `--set socket_workers` or `default`. */
export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`
    case 'environment':
      return origin.name
    case 'flag':
      return origin.flag
  }
}

/** One value given by one source; `value` has passed its leaf's check. */
export interface Setting {
  readonly value: Value
  readonly origin: Origin
}

/** Everything one source gives, by dotted key (`network.engine`). */
export type Layer = Map<string, Setting>

/** What a table's rules have to say; it is shown at the first of `keys` that was set. */
export interface Finding {
  readonly severity: 'problem' | 'notice'
  readonly keys: readonly string[]
  readonly text: string
}

export interface Table<L extends Leaves = Leaves, S extends Sections = Sections> {
  /** As in `aquatic config print udp`. */
  readonly application: string
  readonly title: string
  readonly doc: string
  /** Keys above the first section. */
  readonly leaves: L
  readonly sections: S
  /** Keys of older files above the first section, handled as those of a section. */
  readonly legacy?: Leaves
  /** Sections that only older files have, handled in the same way. */
  readonly legacySections?: Sections
  /** Rewrites legacy keys of one source into today's keys, in place. */
  expandLegacy?(layer: Layer): readonly Finding[]
  /** Applications whose keys are here too, under the names that `keyOf` gives them. */
  readonly parts?: readonly { readonly application: string; readonly keyOf: (dotted: string) => string }[]
  /** Rules that need more than one value. */
  examine?(config: ConfigOfParts<L, S>): readonly Finding[]
}

type CamelCase<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : K

type ValueOf<L extends Leaf> = L extends { type: 'boolean' }
  ? boolean
  : L extends { type: 'integer' | 'number' }
    ? number
    : L extends { type: 'oneOf'; allowed: readonly (infer A)[] }
      ? A
      : L extends { type: 'socketAddress' }
        ? SocketAddress
        : L extends { type: 'list' }
          ? readonly string[]
          : string

/** The values of some leaves, by their camelCase names. */
export type ValuesOf<L extends Leaves> = { readonly [K in keyof L as CamelCase<K> & string]: ValueOf<L[K]> }

type ConfigOfParts<L extends Leaves, S extends Sections> = ValuesOf<L> & {
  readonly [K in keyof S as CamelCase<K> & string]: ValuesOf<S[K]['leaves']>
}

/** The config object of a table: camelCase keys, sections one level deep. */
export type ConfigOf<T extends Table> = ConfigOfParts<T['leaves'], T['sections']>

/** A section with the exact types of its leaves, from which the config object's follow. */
export function section<const S extends Section>(parts: S): S {
  return parts
}

type Given<T extends Leaf> = Omit<T, 'type'>

/** `true` or `false`. */
export function boolean(leaf: Given<BooleanLeaf>): BooleanLeaf {
  return { type: 'boolean', ...leaf }
}

/** A whole number from `min` to `max`. */
export function integer(leaf: Given<IntegerLeaf>): IntegerLeaf {
  return { type: 'integer', ...leaf }
}

/** A number from `min` to `max`. */
export function number(leaf: Given<NumberLeaf>): NumberLeaf {
  return { type: 'number', ...leaf }
}

/** Any number of texts of one form. */
export function list(leaf: Given<ListLeaf>): ListLeaf {
  return { type: 'list', ...leaf }
}

/** Text that must not be empty, unless that has a meaning. */
export function string(leaf: Given<StringLeaf>): StringLeaf {
  return { type: 'string', ...leaf }
}

/** A file or directory, relative to the working directory; not looked at while loading. */
export function path(leaf: Given<PathLeaf>): PathLeaf {
  return { type: 'path', ...leaf }
}

/** One of a few words. */
export function oneOf<const A extends string>(leaf: Given<OneOfLeaf<A>>): OneOfLeaf<A> {
  return { type: 'oneOf', ...leaf }
}

/** An IP address and port, `0.0.0.0:3000` or `[::]:3000`. */
export function socketAddress(leaf: Given<SocketAddressLeaf>): SocketAddressLeaf {
  return { type: 'socketAddress', ...leaf }
}

/** `max_peer_age` -> `maxPeerAge`; the run-time half of the mapped types above. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, character: string) => character.toUpperCase())
}

/** One leaf with its place in the table. `section` is absent for keys above the first section. */
export interface Entry {
  readonly section: string | undefined
  readonly key: string
  /** `network.engine`, or the key alone. */
  readonly dotted: string
  readonly leaf: Leaf
  readonly legacy: boolean
}

/** Every leaf of a table by dotted key, in the table's order, legacy leaves included. */
export function entriesOf(table: Table): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>()
  const add = (section: string | undefined, leaves: Leaves, legacy: boolean): void => {
    for (const [key, leaf] of Object.entries(leaves)) {
      const dotted = section === undefined ? key : `${section}.${key}`
      entries.set(dotted, { section, key, dotted, leaf, legacy })
    }
  }
  add(undefined, table.leaves, false)
  add(undefined, table.legacy ?? {}, true)
  for (const [name, section] of Object.entries(table.sections)) {
    add(name, section.leaves, false)
    add(name, section.legacy ?? {}, true)
  }
  for (const [name, section] of Object.entries(table.legacySections ?? {})) add(name, section.leaves, true)
  return entries
}

/** Whether a file may have this section; names of JavaScript's own objects are none. */
export function isSectionName(table: Table, name: string): boolean {
  return Object.hasOwn(table.sections, name) || Object.hasOwn(table.legacySections ?? {}, name)
}

/** What every environment name of a table begins with: `AQUATIC_UDP__`. */
export function environmentPrefix(table: Pick<Table, 'application'>): string {
  return `AQUATIC_${table.application.replaceAll(/[ -]/g, '_').toUpperCase()}__`
}

/** `AQUATIC_UDP__NETWORK__ADDRESS_IPV4` for `network.address_ipv4`. */
export function environmentName(table: Table, dotted: string): string {
  return environmentPrefix(table) + dotted.replaceAll('.', '__').toUpperCase()
}

/** Blocks of a doc text: running text to be wrapped, or a command line (`$ command`) to be left as it is. */
export function paragraphs(doc: string): string[] {
  const blocks: string[] = []
  let open = false
  for (const line of doc.split('\n').map(line => line.trim())) {
    if (line === '' || line.startsWith('$ ')) {
      if (line !== '') blocks.push(line)
      open = false
    } else if (open) {
      blocks[blocks.length - 1] += ` ${line}`
    } else {
      blocks.push(line)
      open = true
    }
  }
  return blocks
}
