// Looks up users and groups of this machine by name. Not through the C library: the lookups must work on every engine.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `getent` ends with this when there is no such name. */
const NOT_FOUND = 2

export type AccountKind = 'passwd' | 'group'

/**
 * The number of a user (`passwd`) or group. A number stands for itself unless it is somebody's name.
 * Names that are not in the file may come from elsewhere (LDAP, systemd): `getent` knows, where there is one.
 * @returns undefined when there is no such name
 */
export async function findAccount(kind: AccountKind, name: string): Promise<number | undefined> {
  const number = numberOf(await readFile(`/etc/${kind}`, 'utf8').catch(nothingIfMissing), name)
  if (number !== undefined) return number
  if (/^\d{1,9}$/.test(name)) return Number(name)
  return numberOf(await askSystem(kind, name), name)
}

/** Lines are `name:password:number:…` in both files. */
export function numberOf(file: string, name: string): number | undefined {
  for (const line of file.split('\n')) {
    const [found, , number] = line.split(':')
    if (found === name && /^\d+$/.test(number ?? '')) return Number(number)
  }
  return undefined
}

async function askSystem(kind: AccountKind, name: string): Promise<string> {
  try {
    return (await run('getent', ['--', kind, name])).stdout
  } catch (error) {
    const { code } = error as { code?: number | string }
    if (code === NOT_FOUND || code === 'ENOENT') return ''
    throw error
  }
}

function nothingIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
