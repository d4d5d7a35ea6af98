// Variables of single trackers, where all of them are configured together: nobody reads them there.

import type { Doubt } from '../errors.js'
import { type Entry, environmentName, environmentPrefix, type Table } from './schema.js'

/**
 * One for each variable that is set for an application whose keys this table has under other names. Where the one that
 * counts is set too, nothing is missed: our image sets both, for whatever is started in it.
 */
export function doubtsOfVariables(
  table: Table,
  entries: ReadonlyMap<string, Entry>,
  env: NodeJS.ProcessEnv,
): readonly Doubt[] {
  return (table.parts ?? []).flatMap(({ application, keyOf }) => {
    const prefix = environmentPrefix({ application })
    const names = Object.keys(env).filter(name => name.startsWith(prefix))
    return names.sort().flatMap(name => {
      const key = keyOf(name.slice(prefix.length).toLowerCase().replaceAll('__', '.'))
      const counting = entries.has(key) ? environmentName(table, key) : undefined
      if (counting !== undefined && env[counting] !== undefined) return []
      const remedy =
        counting === undefined
          ? `set a key of \`aquatic config explain ${table.application}\`: names begin with ${environmentPrefix(table)}`
          : `set ${counting}`
      return [{ text: `${name} has no effect, as aquatic ${table.application} does not read it`, remedy }]
    })
  })
}
