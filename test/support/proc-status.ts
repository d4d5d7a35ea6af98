// What Linux says about the rights of every thread of a process.

import { readdirSync, readFileSync } from 'node:fs'

/** One thread's rights, as /proc/PID/task/TID/status has them. */
export interface ThreadRights {
  readonly uids: string
  readonly gids: string
  readonly groups: string
  readonly capabilities: string
}

/** The rights of each thread of a process. */
export function threadRights(pid: number): ThreadRights[] {
  return readdirSync(`/proc/${pid}/task`).map(thread => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
    const field = (name: string): string =>
      (new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '').trim().replaceAll('\t', ' ')
    return { uids: field('Uid'), gids: field('Gid'), groups: field('Groups'), capabilities: field('CapEff') }
  })
}
