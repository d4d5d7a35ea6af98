// Names the calling thread for `top -H`, `ps -L` and /proc, and says which it is there.

import { existsSync, readlinkSync, writeFileSync } from 'node:fs'

const NAME_FILE = '/proc/thread-self/comm'

/** @param name 15 characters at most are kept; nothing happens where the system has no such file */
export function setThreadName(name: string): void {
  if (existsSync(NAME_FILE)) writeFileSync(NAME_FILE, name)
}

const THREAD_LINK = '/proc/thread-self'

/** Number of the calling thread in /proc/self/task; 0 where the system has no such directory. */
export function threadId(): number {
  if (!existsSync(THREAD_LINK)) return 0
  return Number(/\d+$/.exec(readlinkSync(THREAD_LINK))?.[0] ?? 0)
}
