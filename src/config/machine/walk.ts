// Follows a path as the kernel would for another user below another root directory, by owners and modes alone.

import type { Machine, PathStatus } from './needs.js'

/** Whom the process becomes: one user, one group and no other, none of root's rights. */
export interface Account {
  readonly userId: number
  readonly groupId: number
}

/** Something that is there: its path as it is outside of the root directory. */
export interface Place {
  readonly path: string
  readonly status: PathStatus
}

/** Where a path leads. */
export type Walked =
  | { readonly end: 'found'; readonly place: Place }
  /** Nothing has this name in this directory; with the link that led there, where one did. */
  | { readonly end: 'missing'; readonly path: string; readonly directory: Place; readonly link?: string }
  /** The user may not look up names in this directory. */
  | { readonly end: 'closed'; readonly directory: Place }
  | { readonly end: 'no-directory'; readonly path: string }
  /** It can't be found out here. */
  | { readonly end: 'unknown'; readonly path: string; readonly errno: string }

const bits = { read: 4, write: 2, search: 1 } as const

/** As many links as Linux follows in one path. */
const LINKS_MAX = 40

/** Whether owner and mode allow it. Only the first that fits of owner, group and others counts. */
export function isAllowed(status: PathStatus, account: Account, right: keyof typeof bits): boolean {
  const { userId, groupId, mode } = status
  const shift = userId === account.userId ? 6 : groupId === account.groupId ? 3 : 0
  return ((mode >> shift) & bits[right]) !== 0
}

/**
 * Follows a path from the root directory on: relative paths begin there too. A link at its end is followed where
 * `followsLast`.
 */
export async function walk(
  path: string,
  { root, account, followsLast }: { root: string; account: Account; followsLast: boolean },
  machine: Machine,
): Promise<Walked> {
  // With the dot a link to the root directory is followed.
  const top = await machine.lookAt(`${root}/.`)
  if ('errno' in top) return { end: 'unknown', path: root, errno: top.errno }
  const passed: Place[] = [{ path: root, status: top }]
  const names = namesOf(path)
  let links = 0
  /** The last link followed, and how many names were left behind it. */
  let last: { link: string; namesBehind: number } | undefined
  while (names.length > 0) {
    const name = names.shift()!
    const directory = passed.at(-1)!
    if (directory.status.kind !== 'directory') return { end: 'no-directory', path: directory.path }
    if (!isAllowed(directory.status, account, 'search')) return { end: 'closed', directory }
    if (name === '..') {
      if (passed.length > 1) passed.pop()
      continue
    }
    const here = directory.path === '/' ? `/${name}` : `${directory.path}/${name}`
    const status = await machine.lookAt(here)
    if ('errno' in status) {
      const link = last !== undefined && names.length >= last.namesBehind ? { link: last.link } : {}
      if (status.errno === 'ENOENT') return { end: 'missing', path: here, directory, ...link }
      return { end: 'unknown', path: here, errno: status.errno }
    }
    if (status.kind !== 'link' || (names.length === 0 && !followsLast)) {
      passed.push({ path: here, status })
      continue
    }
    const target = await machine.readLink(here)
    if (target === undefined || ++links > LINKS_MAX) return { end: 'unknown', path: here, errno: 'ELOOP' }
    if (target.startsWith('/')) passed.splice(1)
    // A link among the names of another: what is behind the first is behind both.
    if (last === undefined || names.length < last.namesBehind)
      last = { link: here, namesBehind: names.length }
    names.unshift(...namesOf(target))
  }
  return { end: 'found', place: passed.at(-1)! }
}

function namesOf(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.')
}
