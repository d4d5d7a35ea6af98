// What a process leaves behind that ends in the middle of a write: its temporary file, which nobody would ever use.

import { lstat, opendir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * A process of another container may be alive though there is none of its number here. No write takes so long, and one
 * that does is only said to have failed.
 */
const STALE_AGE_MS = 60_000

/** The temporary name of the `number`-th file of a process, beside the file. */
export function temporaryNameOf(path: string, pid: number, number: number): string {
  return `${path}.${pid}-${number}.tmp`
}

/**
 * Removes temporary files of this path whose processes are gone. Links, pipes and what has another name stay. Never
 * rejects: what can't be removed is in nobody's way.
 * @param nowMs the time by the clock of files
 */
export async function removeStaleFiles(path: string, nowMs: number): Promise<void> {
  const directory = dirname(path)
  const start = `${basename(path)}.`
  try {
    for await (const { name } of await opendir(directory)) {
      if (!name.startsWith(start)) continue
      const [, pid] = /^([1-9]\d{0,6})-[1-9]\d{0,6}\.tmp$/.exec(name.slice(start.length)) ?? []
      if (pid !== undefined && isGone(Number(pid))) await removeIfStale(join(directory, name), nowMs)
    }
  } catch (error) {
    // The write that follows says what is wrong with the directory.
    passOver(error)
  }
}

async function removeIfStale(path: string, nowMs: number): Promise<void> {
  try {
    const found = await lstat(path)
    if (found.isFile() && nowMs - found.mtimeMs > STALE_AGE_MS) await rm(path, { force: true })
  } catch (error) {
    // Another tracker was first, or the file is another user's.
    passOver(error)
  }
}

function passOver(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code === undefined) throw error
}

/** Whether there is no process of this number; one of another user is one. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
