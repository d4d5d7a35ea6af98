// A file that may well be right, but is another's: of one tracker where all were asked for, or the other way round.

import { AquaticError } from '../errors.js'
import { tableOf } from './applications.js'
import { locateKeys } from './locate.js'
import { entriesOf, isSectionName, type Table } from './schema.js'

const trackers = ['udp', 'http', 'ws'] as const

/**
 * One error in place of one for each key: where `aquatic serve` knows more of the keys than the tracker that was asked
 * for, or a single tracker more than `aquatic serve`. Undefined where the table that was asked for knows the most.
 * @param text what the TOML parser has read
 */
export async function otherFile(
  table: Table,
  { file, text }: { readonly file: string; readonly text: string },
): Promise<AquaticError | undefined> {
  const keys = locateKeys(text).map(({ path }) => path.join('.'))
  const unknownHere = countUnknown(table, keys)
  if (table.application === 'serve') {
    const counts = await Promise.all(trackers.map(async name => countUnknown(await tableOf(name), keys)))
    const fewest = Math.min(...counts)
    if (fewest >= unknownHere) return undefined
    return fileOfOne(
      file,
      trackers.filter((_, index) => counts[index] === fewest),
    )
  }
  if (!trackers.some(name => name === table.application)) return undefined
  if (countUnknown(await tableOf('serve'), keys) >= unknownHere) return undefined
  const message = `${file} is the file of all trackers in one process, not of ${table.application} alone.`
  return wrongFile(message, `aquatic serve -c ${file}, or aquatic config check -c ${file}`)
}

/** @param names whose it can be: small files are good for several */
function fileOfOne(file: string, [first, ...others]: readonly string[]): AquaticError {
  const also = others.length === 0 ? '' : `; or ${others.join(', or ')}, whose it is`
  const remedy = `aquatic serve ${first} -c ${file}, or aquatic config check ${first} -c ${file}${also}`
  return wrongFile(`${file} is the file of one tracker, not of all in one process.`, remedy)
}

function wrongFile(message: string, remedy: string): AquaticError {
  return new AquaticError('AQ_CONFIG_INVALID', message, { remedy })
}

function countUnknown(table: Table, keys: readonly string[]): number {
  const entries = entriesOf(table)
  return keys.filter(key => !entries.has(key) && !isSectionName(table, key)).length
}
