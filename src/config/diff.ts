// What differs between two configurations, with where each value came from.

import type { LoadedConfig, SourceLayer } from './load.js'
import { plainConfig, tomlText } from './print.js'
import { type ConfigOf, entriesOf, formatOrigin, type Origin, type PlainValue, type Table } from './schema.js'

/** One side of a difference. */
export interface PlacedValue {
  readonly value: PlainValue
  readonly origin: Origin
}

/** A key whose value is not the same on both sides. */
export interface Difference {
  /** `network.engine`. */
  readonly key: string
  readonly left: PlacedValue
  readonly right: PlacedValue
}

/** A key of an older file that somebody still sets. */
export interface LegacySetting {
  readonly key: string
  readonly origin: Origin
  /** What became of it. */
  readonly text: string
}

type Side<T extends Table> = Pick<LoadedConfig<ConfigOf<T>>, 'config' | 'origins'>

/** The keys whose values differ, in the table's order. */
export function diffConfigs<T extends Table>(table: T, left: Side<T>, right: Side<T>): Difference[] {
  const placed = (side: Side<T>, section: string | undefined, key: string, dotted: string): PlacedValue => {
    const plain = plainConfig(table, side.config, section)
    const values = section === undefined ? plain : (plain[section] as Record<string, unknown>)
    const value = values[key] as PlacedValue['value']
    return { value, origin: side.origins.get(dotted) ?? { kind: 'default' } }
  }
  return [...entriesOf(table).values()]
    .filter(({ legacy }) => !legacy)
    .map(({ section, key, dotted }) => ({
      key: dotted,
      left: placed(left, section, key, dotted),
      right: placed(right, section, key, dotted),
    }))
    .filter(({ left, right }) => tomlText(left.value) !== tomlText(right.value))
}

/** `network.batch_size: 128 (default) -> 256 (tracker.toml:4:1)`. */
export function differenceLine({ key, left, right }: Difference): string {
  return `${key}: ${sideText(left)} -> ${sideText(right)}`
}

/** Every key of an older file in these layers, in their order. */
export function legacySettings(table: Table, layers: readonly SourceLayer[]): LegacySetting[] {
  const entries = entriesOf(table)
  return layers.flatMap(({ given }) =>
    [...given]
      .filter(([key]) => entries.get(key)?.legacy === true)
      .map(([key, { origin }]) => {
        const doc = entries.get(key)!.leaf.doc.replace(/\s+/g, ' ')
        return { key, origin, text: `${key} is a key of older files. ${doc}` }
      }),
  )
}

function sideText({ value, origin }: PlacedValue): string {
  return `${tomlText(value)} (${formatOrigin(origin)})`
}
