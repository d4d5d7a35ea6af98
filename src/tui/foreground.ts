// Whether the terminal is this process's: one in the background (`aquatic serve &`) is stopped by the system as soon as
// it changes how the terminal reads keys.

import { readFileSync } from 'node:fs'

/** True in the terminal's foreground, and where the system does not tell. */
export function isInForeground(): boolean {
  try {
    return isForegroundStat(readFileSync('/proc/self/stat', 'utf8'))
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return true
  }
}

/** @param stat of proc(5); the name, in parentheses, may have any characters in it */
export function isForegroundStat(stat: string): boolean {
  // After the name: state, parent, process group, session, terminal, the terminal's foreground process group.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[2] === fields[5]
}
