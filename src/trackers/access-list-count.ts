// What is said of an access list that has been read: how long it is, and that it is empty.

import type { InputContents } from '../config/machine/needs.js'
import type { Doubt } from '../errors.js'
import type { AccessListMode } from '../swarm/access-list.js'
import { readAccessList } from '../swarm/access-list-file.js'

interface ListInUse {
  readonly mode: AccessListMode
  readonly path: string
}

/**
 * Reads a list only to say what is in it.
 * @throws AquaticError AQ_ACCESS_LIST naming the first bad line, or why it can't be read
 */
export async function countAccessList({ mode, path }: ListInUse): Promise<InputContents> {
  const { size } = readAccessList(path)
  return { text: hashesText(size), doubt: emptyListDoubt({ mode, path }, size) }
}

/** `1,234 info hashes` */
export function hashesText(count: number): string {
  return `${count.toLocaleString('en-US')} info ${count === 1 ? 'hash' : 'hashes'}`
}

/** An empty list is more often a generator that failed than what somebody wants; it is taken all the same. */
export function emptyListDoubt({ mode, path }: ListInUse, hashes: number): Doubt | undefined {
  if (hashes > 0) return undefined
  return {
    text: `${path} is empty: ${mode === 'allow' ? 'every' : 'no'} torrent is refused`,
    remedy: 'put info hashes into it, then send SIGHUP',
  }
}
