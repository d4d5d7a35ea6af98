// What Linux says about a process: the rights of every thread, the files it has open.

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** One thread's rights, as /proc/PID/task/TID/status has them. */
export interface ThreadRights {
  readonly uids: string
  readonly gids: string
  readonly groups: string
  readonly capabilities: string
}

/** The rights of each thread of a process. */
export function threadRights(pid: number): ThreadRights[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(thread => {
    const status = readStatus(pid, thread)
    if (status === undefined) return []
    const field = (name: string): string =>
      (new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '').trim().replaceAll('\t', ' ')
    return { uids: field('Uid'), gids: field('Gid'), groups: field('Groups'), capabilities: field('CapEff') }
  })
}

/** Undefined for a thread that has ended since the directory was read. */
function readStatus(pid: number, thread: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if ((code !== 'ENOENT' && code !== 'ESRCH') || !existsSync(`/proc/${pid}`)) throw error
    return undefined
  }
}

/** What each open descriptor of a process stands for, at this moment: a path, `socket:[1234]` and so on. */
export function openTargets(pid: number): string[] {
  const directory = `/proc/${pid}/fd`
  return readdirSync(directory).flatMap(name => {
    try {
      return [readlinkSync(join(directory, name))]
    } catch (error) {
      // Closed since the directory was read.
      if (existsSync(join(directory, name))) throw error
      return []
    }
  })
}

/** Whether a process has the file open at this moment. */
export function hasOpen(pid: number, path: string): boolean {
  return openTargets(pid).includes(path)
}

/** Whether all threads of a process stand still, by SIGSTOP. */
export function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every(thread => {
    const status = readStatus(pid, thread)
    return status === undefined || /^State:\s+T/m.test(status)
  })
}

/** How many files a process has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
