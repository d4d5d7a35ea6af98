// Names the calling thread for `top -H`, `ps -L` and /proc.

import { existsSync, writeFileSync } from 'node:fs'

const NAME_FILE = '/proc/thread-self/comm'

/** @param name 15 characters at most are kept; nothing happens where the system has no such file */
export function setThreadName(name: string): void {
  if (existsSync(NAME_FILE)) writeFileSync(NAME_FILE, name)
}
