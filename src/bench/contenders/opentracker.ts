// opentracker (C). Debian's build serves only torrents of an allow list; a build without one skips that line.

import { execFile } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender, LaunchRequest } from '../contender.js'
import { findProgram, firstLineOf } from '../programs.js'

const REMEDY = 'apt-get install opentracker, or --path opentracker=FILE'

export const opentracker: Contender = {
  key: 'opentracker',
  name: 'opentracker',
  serves: ({ protocol, isTls }) => protocol !== 'ws' && !isTls,
  closesConnections: true,
  find: async places => {
    const command = findProgram('opentracker', ['opentracker'], places, REMEDY)
    if (typeof command !== 'string') return command
    return {
      version: (await debianVersion(command)) ?? (await builtFrom(command)),
      path: command,
      limits: ['closes every HTTP connection after its answer', 'lists the announcing peer too'],
      knownWrongs: ['announce answer wrong: the announcer itself among the peers'],
      launch: async request => [{ command, args: ['-f', await writeFiles(request)] }],
    }
  },
}

/** Undefined for a program that is not the one Debian's package installed, though that may be here too. */
async function debianVersion(command: string): Promise<string | undefined> {
  const owner = await firstLineOf('dpkg-query', ['-S', command])
  if (owner?.startsWith('opentracker:') !== true) return undefined
  const version = (await firstLineOf('dpkg-query', ['-W', 'opentracker']))?.split('\t')[1]
  return version === undefined ? undefined : `${version} (Debian)`
}

/** It says its version only together with its usage, and fails then. */
async function builtFrom(command: string): Promise<string> {
  const text = await new Promise<string>(resolve => {
    execFile(command, ['-h'], (_failure, stdout, stderr) => resolve(stdout + stderr))
  })
  return /version\s+(\S+)/i.exec(text)?.[1] ?? 'it does not say which'
}

/** Started as root it changes its root directory and its user; otherwise it only changes into the directory. */
async function writeFiles(request: LaunchRequest): Promise<string> {
  const { directory, port, processors, service } = request
  await copyFile(await request.infoHashFile(), join(directory, 'allowed'))
  const listen =
    service.protocol === 'udp'
      ? [`listen.udp.workers ${processors}`, `listen.udp 127.0.0.1:${port}`]
      : [`listen.tcp 127.0.0.1:${port}`]
  const configuration = join(directory, 'opentracker.conf')
  const lines = [...listen, 'access.whitelist allowed', `tracker.rootdir ${directory}`, 'tracker.user nobody']
  await writeFile(configuration, `${lines.join('\n')}\n`)
  return configuration
}
