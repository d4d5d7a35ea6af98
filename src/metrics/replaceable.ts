// A file that is replaced as a whole is renamed into its place, over whatever is there.

import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'

/**
 * Makes sure that only a regular file can be lost by the renaming: root would put a file where /dev/null or /dev/stdout
 * was, for all programs of the machine. @throws Error that says what is there instead
 */
export async function requireReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found !== undefined && !found.isFile())
    throw new Error(`${path} is ${kindOf(found)}, not a regular file`)
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a directory'
  if (found.isFIFO()) return 'a pipe'
  if (found.isSocket()) return 'a socket'
  return 'a device'
}
