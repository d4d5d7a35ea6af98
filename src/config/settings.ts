// Reads settings out of the environment and of `--set`, and words what is wrong with the names of keys.

import { applicationNames } from './applications.js'
import {
  type Entry,
  entriesOf,
  environmentName,
  environmentPrefix,
  type Layer,
  type Origin,
  type Table,
} from './schema.js'
import { isServiceLink } from './service-links.js'
import { nearest } from './suggest.js'
import { type Checked, checkTextValue, checkTomlValue } from './value.js'

/** One thing wrong: where, and one or two sentences. */
export interface Problem {
  readonly origin: Origin
  readonly text: string
  /** The known key whose value was refused. */
  readonly key?: string
}

type Entries = ReadonlyMap<string, Entry>

const everyPrefix = 'AQUATIC_'

/** Settings of the environment: every name that begins like ours has to be one of ours. */
export function environmentLayer(
  table: Table,
  entries: Entries,
  env: NodeJS.ProcessEnv,
  problems: Problem[],
): Layer {
  const layer: Layer = new Map()
  refuseUnknownApplications(env, problems)
  const prefix = environmentPrefix(table)
  // One underscore less is a likely slip, and it would otherwise be ignored in silence.
  const names = Object.keys(env).filter(name => name.startsWith(prefix.slice(0, -1)))
  if (names.length === 0) return layer
  const known = new Map([...entries.values()].map(entry => [environmentName(table, entry.dotted), entry]))
  for (const name of names.sort()) {
    const origin: Origin = { kind: 'environment', name }
    const entry = known.get(name)
    if (entry === undefined) {
      if (isServiceLink(name, env)) continue
      const near = nearest(name, known.keys())
      const hint = near === undefined ? `Names look like ${[...known.keys()][0]}.` : `Did you mean ${near}?`
      problems.push({ origin, text: `unknown environment variable. ${hint}` })
      continue
    }
    accept(layer, entry.dotted, origin, checkTextValue(entry.dotted, entry.leaf, env[name] ?? ''), problems)
  }
  return layer
}

/** Names that look like ours, of an application that there is not: nobody else would say that they are ignored. */
function refuseUnknownApplications(env: NodeJS.ProcessEnv, problems: Problem[]): void {
  const prefixes = applicationNames.map(application => environmentPrefix({ application }))
  for (const name of Object.keys(env).sort()) {
    const end = name.indexOf('__')
    if (end === -1 || !name.startsWith(everyPrefix)) continue
    // Where but an underscore is missing, the application itself tells of it.
    if (prefixes.some(prefix => name.startsWith(prefix.slice(0, -1))) || isServiceLink(name, env)) continue
    const words = prefixes.map(prefix => prefix.slice(everyPrefix.length, -2))
    const near = nearest(name.slice(everyPrefix.length, end), words)
    const hint =
      near === undefined
        ? `Names begin with ${prefixes.join(', ')}.`
        : `Did you mean ${everyPrefix}${near}${name.slice(end)}?`
    problems.push({ origin: { kind: 'environment', name }, text: `unknown environment variable. ${hint}` })
  }
}

/** Settings of `--set key=value`. */
export function flagLayer(
  table: Table,
  entries: Entries,
  texts: readonly string[],
  problems: Problem[],
): Layer {
  const layer: Layer = new Map()
  for (const text of texts) {
    const equals = text.indexOf('=')
    const dotted = (equals === -1 ? text : text.slice(0, equals)).trim()
    const origin: Origin = { kind: 'flag', flag: `--set ${dotted}` }
    const entry = entries.get(dotted)
    if (equals === -1) {
      problems.push({ origin, text: 'a value is missing. Write --set key=value.' })
    } else if (entry === undefined) {
      problems.push({ origin, text: unknownKeyText(table, dotted) })
    } else {
      const value = text.slice(equals + 1).trim()
      accept(layer, dotted, origin, checkTextValue(dotted, entry.leaf, value), problems)
    }
  }
  return layer
}

/** One flag or argument as it was given, or what is wrong with it. */
export type FlagSetting =
  | {
      /** As the user would name it: `--rate`. */
      readonly flag: string
      readonly dotted: string
      /** A list is given as what it consists of: each of its texts may have commas in it. */
      readonly value: boolean | string | readonly string[]
    }
  | { readonly flag: string; readonly problem: string }

/** Settings of flags that stand for one key each. */
export function namedFlagLayer(
  entries: Entries,
  settings: readonly FlagSetting[],
  problems: Problem[],
): Layer {
  const layer: Layer = new Map()
  for (const setting of settings) {
    const { flag } = setting
    if ('problem' in setting) {
      problems.push({ origin: { kind: 'flag', flag }, text: setting.problem })
      continue
    }
    const { dotted, value } = setting
    const leaf = entries.get(dotted)!.leaf
    const checked =
      typeof value === 'string' ? checkTextValue(dotted, leaf, value) : checkTomlValue(dotted, leaf, value)
    accept(layer, dotted, { kind: 'flag', flag }, checked, problems)
  }
  return layer
}

/** Files a checked value under its key, or its problem under the problems. */
export function accept(
  layer: Layer,
  dotted: string,
  origin: Origin,
  checked: Checked,
  problems: Problem[],
): void {
  if ('value' in checked) layer.set(dotted, { value: checked.value, origin })
  else problems.push({ origin, text: checked.problem, key: dotted })
}

/** `unknown key network.adress_ipv4. Did you mean network.address_ipv4?`, or what there is to choose from. */
export function unknownKeyText(table: Table, dotted: string): string {
  const entries = entriesOf(table)
  const dot = dotted.lastIndexOf('.')
  const section = dot === -1 ? undefined : dotted.slice(0, dot)
  const key = dotted.slice(dot + 1)
  const elsewhere = [...entries.values()].find(entry => entry.key === key)
  const near = elsewhere?.dotted ?? nearest(dotted, entries.keys())
  if (near !== undefined) return `unknown key ${dotted}. Did you mean ${near}?`
  const inSection = [...entries.values()].filter(entry => entry.section === section)
  const todays = inSection.filter(entry => !entry.legacy)
  const names = (todays.length > 0 ? todays : inSection).map(entry => entry.key).join(', ')
  if (section === undefined) return `unknown key ${dotted}. Keys outside of sections are ${names}.`
  if (names === '') return `unknown key ${dotted}. ${sectionNames(table)}`
  return `unknown key ${dotted}. Keys of [${section}] are ${names}.`
}

/** `unknown section [netwrk]. Did you mean [network]?`, or what there is to choose from. */
export function unknownSectionText(table: Table, section: string): string {
  const near = nearest(section, Object.keys(table.sections))
  const hint = near === undefined ? sectionNames(table) : `Did you mean [${near}]?`
  return `unknown section [${section}]. ${hint}`
}

function sectionNames(table: Table): string {
  return `Sections are ${Object.keys(table.sections).join(', ')}.`
}
