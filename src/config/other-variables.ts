// Variables of single trackers, where all of them are configured together: nobody reads them there.

import type { Doubt } from '../errors.js'
import { type Entry, environmentName, environmentPrefix, type Table } from './schema.js'

/** One for each variable that is set for an application whose keys this table has under other names. */
export function doubtsOfVariables(
  table: Table,
  entries: ReadonlyMap<string, Entry>,
  env: NodeJS.ProcessEnv,
): readonly Doubt[] {
  return (table.parts ?? []).flatMap(({ application, keyOf }) => {
    const prefix = environmentPrefix({ application })
    const names = Object.keys(env).filter(name => name.startsWith(prefix))
    return names.sort().map(name => {
      const key = keyOf(name.slice(prefix.length).toLowerCase().replaceAll('__', '.'))
      return {
        text: `${name} has no effect, as aquatic ${table.application} does not read it`,
        remedy: entries.has(key)
          ? `set ${environmentName(table, key)}`
          : `set a key of \`aquatic config explain ${table.application}\`: names begin with ${environmentPrefix(table)}`,
      }
    })
  })
}
