// A file that says who is at work: one bench in a directory, and one on a machine. Who holds it is known by process id
// and by the time that process began, so that what a killed bench leaves holds nobody up.

import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AquaticError } from '../errors.js'

/** @returns a function that gives it up. @throws AQ_BENCH_RUNNING where another process that lives holds it */
export async function holdLock(path: string, where: string): Promise<() => Promise<void>> {
  const own = `${path}.${process.pid}`
  await writeFile(own, `${process.pid} ${(await startOf(process.pid)) ?? 0}\n`)
  try {
    for (;;) {
      try {
        // A link is there as a whole or not at all: nobody reads half a file.
        await link(own, path)
        return () => rm(path, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const owner = await ownerOf(path)
      if (owner !== null) {
        throw new AquaticError('AQ_BENCH_RUNNING', `Another bench (process ${owner}) is at work ${where}.`, {
          remedy: 'wait for it: two benches on one machine measure each other',
        })
      }
      if (!(await remove(path))) return async () => undefined
    }
  } finally {
    await rm(own, { force: true })
  }
}

/** One bench on a machine, as far as it has one directory for temporary files. */
export function holdMachine(): Promise<() => Promise<void>> {
  return holdLock(join(tmpdir(), 'aquatic-bench.lock'), 'on this machine')
}

/** False for what somebody else left, who alone may remove it: it holds nobody up. */
async function remove(path: string): Promise<boolean> {
  try {
    await rm(path, { force: true })
    return true
  } catch (error) {
    if (!['EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return false
  }
}

/** Null where nobody that lives holds it. */
async function ownerOf(path: string): Promise<number | null> {
  const text = await textOf(path)
  const [pid, start] = text.trim().split(' ').map(Number)
  if (pid === undefined || !(pid > 0)) return null
  const startNow = await startOf(pid)
  if (startNow === null) return null
  return start === undefined || start === 0 || start === startNow ? pid : null
}

/** Field 22 of /proc/PID/stat: clock ticks from the start of the machine; null for a process that is gone. */
async function startOf(pid: number): Promise<number | null> {
  const stat = await textOf(`/proc/${pid}/stat`)
  return stat === '' ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}

/** Empty for a file that is not there, or of a process that has just ended. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return ''
  }
}
