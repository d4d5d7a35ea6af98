// From the sources of a configuration (defaults, file, environment, flags) to one checked object, with all
// problems at once. Knows nothing of a particular application.

import { AquaticError, type Doubt } from '../errors.js'
import { doubtsOfVariables } from './other-variables.js'
import {
  type ConfigOf,
  camelCase,
  type Entry,
  entriesOf,
  type Finding,
  formatOrigin,
  type Layer,
  type Leaf,
  type Origin,
  type Setting,
  type Table,
  type Value,
} from './schema.js'
import { environmentLayer, type FlagSetting, flagLayer, namedFlagLayer, type Problem } from './settings.js'
import { defaultValue } from './value.js'

export interface ConfigSources {
  /** Path of a TOML file. */
  readonly file?: string | undefined
  /** What is in that file, where it has been read before: a pipe gives it only once. */
  readonly text?: string | undefined
  /** Gives up the wait for a file that is a pipe. */
  readonly signal?: AbortSignal | undefined
  /** `key=value` texts of `--set`; a later one overrides an earlier one. */
  readonly set?: readonly string[] | undefined
  /** Keys that have flags and arguments of their own; they override `set`. */
  readonly flags?: readonly FlagSetting[] | undefined
  /** The environment; nothing is read from `process.env` by itself. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

export type SourceName = 'file' | 'environment' | 'flag'

/** What one source says. */
export interface SourceLayer {
  readonly source: SourceName
  /** As it was given, with keys of older files. */
  readonly given: Layer
  /** In today's keys. */
  readonly layer: Layer
}

export interface LoadedConfig<C> {
  readonly config: C
  /** Sentences about settings that load but deserve a word; to be shown at start. */
  readonly notices: readonly string[]
  /** What is set where nobody reads it. */
  readonly doubts: readonly Doubt[]
  /** Where each value came from, by dotted key; every key of the table is there. */
  readonly origins: ReadonlyMap<string, Origin>
  /** What was read, weakest source first. */
  readonly layers: readonly SourceLayer[]
}

/** Everything the sources say, right or wrong. */
export interface SourcesRead {
  readonly layers: readonly SourceLayer[]
  readonly problems: Problem[]
  readonly notices: string[]
  /** False where a file could not be read to its end, so that settings may be missing. */
  readonly complete: boolean
}

/**
 * Loads a configuration: flags over environment over file over defaults.
 * Throws AQ_CONFIG_INVALID with one line per problem, AQ_CONFIG_UNREADABLE where there is no file to read.
 */
export async function loadConfig<T extends Table>(
  table: T,
  sources: ConfigSources = {},
): Promise<LoadedConfig<ConfigOf<T>>> {
  const entries = entriesOf(table)
  const { layers, problems, notices, complete } = await readSources(table, sources)
  const settings: Layer = new Map(layers.flatMap(({ layer }) => [...layer]))
  const config = assemble(entries, settings) as ConfigOf<T>
  const origins = originsOf(entries, settings)
  // Rules about several values make no sense while one of them is unknown.
  const failed = new Set(problems.map(problem => problem.key))
  const findings = complete ? (table.examine?.(config) ?? []) : []
  const sound = findings.filter(finding => !finding.keys.some(key => failed.has(key)))
  sort(sound, origins, problems, notices)
  if (problems.length > 0) throw invalid(table, problems)
  const doubts = doubtsOfVariables(table, entries, sources.env ?? {})
  return { config, notices, doubts, origins, layers }
}

/**
 * Reads and checks each setting of all sources, weakest first, without putting them together.
 * Throws AQ_CONFIG_UNREADABLE, and AQ_CONFIG_INVALID for a file that is of another application; every other problem is
 * in the result.
 */
export async function readSources(table: Table, sources: ConfigSources): Promise<SourcesRead> {
  const entries = entriesOf(table)
  const problems: Problem[] = []
  const given: Omit<SourceLayer, 'layer'>[] = []
  let complete = true
  if (sources.file !== undefined) {
    // The TOML parser is imported only where there is TOML: most starts are without.
    const [{ fileLayer }, { readConfigText }] = await Promise.all([
      import('./file.js'),
      import('./file-text.js'),
    ])
    const { file } = sources
    const text = sources.text ?? (await readConfigText(file, table.application, { signal: sources.signal }))
    const read = fileLayer(table, entries, { file, text }, problems)
    if (read.complete && problems.length > 0) {
      const { otherFile } = await import('./other-file.js')
      const other = await otherFile(table, { file, text })
      if (other !== undefined) throw other
    }
    given.push({ source: 'file', given: read.layer })
    complete = read.complete
  }
  const environment = environmentLayer(table, entries, sources.env ?? {}, problems)
  given.push({ source: 'environment', given: environment })
  const set = flagLayer(table, entries, sources.set ?? [], problems)
  const named = namedFlagLayer(entries, sources.flags ?? [], problems)
  given.push({ source: 'flag', given: new Map([...set, ...named]) })
  const layers = given.map(layer => ({ ...layer, layer: new Map(layer.given) }))

  const notices = noticesWithoutEffect(
    entries,
    given.map(({ given }) => given),
  )
  for (const { layer } of layers) {
    const origins = new Map([...layer].map(([dotted, setting]) => [dotted, setting.origin]))
    sort(table.expandLegacy?.(layer) ?? [], origins, problems, notices)
  }
  return { layers, problems, notices, complete }
}

/** The configuration of a table nobody has touched. */
export function defaultConfig<T extends Table>(table: T): ConfigOf<T> {
  return assemble(entriesOf(table), new Map()) as ConfigOf<T>
}

/** The config object: camelCase keys, sections as nested objects. */
function assemble(entries: ReadonlyMap<string, Entry>, settings: Layer): unknown {
  const config: Record<string, unknown> = {}
  const sections = new Map<string, Record<string, Value>>()
  for (const { section, key, dotted, leaf, legacy } of entries.values()) {
    if (legacy) continue
    const value = settings.get(dotted)?.value ?? defaultValue(leaf)
    if (section === undefined) {
      config[camelCase(key)] = value
      continue
    }
    const values = sections.get(section) ?? {}
    values[camelCase(key)] = value
    sections.set(section, values)
    config[camelCase(section)] = values
  }
  return config
}

function originsOf(entries: ReadonlyMap<string, Entry>, settings: Layer): Map<string, Origin> {
  const origins = new Map<string, Origin>()
  for (const { dotted, legacy } of entries.values()) {
    if (!legacy) origins.set(dotted, settings.get(dotted)?.origin ?? { kind: 'default' })
  }
  return origins
}

/** One line for each key that was set but does nothing here; the last word of all sources counts. */
function noticesWithoutEffect(entries: ReadonlyMap<string, Entry>, layers: readonly Layer[]): string[] {
  const notices: string[] = []
  const settings: Layer = new Map(layers.flatMap(layer => [...layer]))
  for (const { dotted, leaf } of entries.values()) {
    const setting = settings.get(dotted)
    if (setting === undefined || leaf.noEffect === undefined || isDefault(leaf, setting)) continue
    notices.push(`${dotted} has no effect: ${leaf.noEffect} (${formatOrigin(setting.origin)})`)
  }
  return notices
}

function isDefault(leaf: Leaf, setting: Setting): boolean {
  return JSON.stringify(setting.value) === JSON.stringify(defaultValue(leaf))
}

/** Puts findings where they belong, at the first of their keys that somebody set. */
function sort(
  findings: readonly Finding[],
  origins: ReadonlyMap<string, Origin>,
  problems: Problem[],
  notices: string[],
): void {
  for (const { severity, keys, text } of findings) {
    const set = keys
      .map(key => origins.get(key))
      .find(found => found !== undefined && found.kind !== 'default')
    if (severity === 'notice') notices.push(text)
    else problems.push({ origin: set ?? { kind: 'default' }, text })
  }
}

function invalid(table: Table, problems: readonly Problem[]): AquaticError {
  const inFile = (problem: Problem): boolean => problem.origin.kind === 'file'
  const ordered = [...problems.filter(inFile).sort(byPlace), ...problems.filter(problem => !inFile(problem))]
  const lines = ordered.map(({ origin, text }) =>
    origin.kind === 'default' ? text : `${formatOrigin(origin)}: ${text}`,
  )
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`
  return new AquaticError('AQ_CONFIG_INVALID', `The configuration has ${count}; nothing was started.`, {
    lines,
    remedy: `aquatic config print ${table.application} shows every key with its default and what it may be.`,
  })
}

function byPlace({ origin: left }: Problem, { origin: right }: Problem): number {
  if (left.kind !== 'file' || right.kind !== 'file') return 0
  return left.line - right.line || left.column - right.column
}
