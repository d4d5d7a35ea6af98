// Can the Unix sockets be made where the configuration wants them?

import { whyNoNewFile } from './files.js'
import type { Machine, MachineCheck, MachineFinding, UnixSocketNeed } from './needs.js'

export const checkUnixSockets: MachineCheck = async ({ unixSockets = [] }, machine) => {
  const findings = await Promise.all(unixSockets.map(need => trySocket(need, machine)))
  return findings.flat()
}

async function trySocket({ key, path }: UnixSocketNeed, machine: Machine): Promise<MachineFinding[]> {
  const error = (reason: string, remedy: string): MachineFinding[] => [
    { severity: 'error', check: 'unix sockets', key, text: `${path} can't be a socket: ${reason}.`, remedy },
  ]
  // What is neither may be the socket of a tracker that is to be restarted, or that ended without removing it.
  const there = await machine.kindOf(path)
  if (there === 'directory')
    return error('it is a directory', `name a socket inside it: ${key} = "${path}/NAME"`)
  if (there === 'file') return error('there is a file', 'remove it, or choose another path')
  const runtime = await missingRuntimeDirectory(path, machine)
  if (runtime !== undefined) {
    const text = `${path} needs ${runtime.path}, which is not there now.`
    const remedy = `fine if the service's unit makes it (RuntimeDirectory=${runtime.name}); else mkdir ${runtime.path}`
    return [{ severity: 'warning', check: 'unix sockets', key, text, remedy }]
  }
  const obstacle = await whyNoNewFile(path, machine)
  return obstacle === undefined ? [] : error(obstacle.reason, obstacle.remedy)
}

/** Service managers make directories in /run for services, and remove them when those stop. */
async function missingRuntimeDirectory(
  path: string,
  machine: Machine,
): Promise<{ readonly path: string; readonly name: string } | undefined> {
  const [, directory, name] = /^((?:\/var)?\/run\/([^/]+))\/[^/]+$/.exec(path) ?? []
  if (directory === undefined || name === undefined) return undefined
  const kind = await machine.kindOf(directory)
  return typeof kind === 'object' && kind.errno === 'ENOENT' ? { path: directory, name } : undefined
}
