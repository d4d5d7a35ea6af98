// bittorrent-tracker (JavaScript): the server of the package that its program belongs to. Not the program itself, which
// loads the client too, with native code for WebRTC that is not there where npm runs no install scripts.

import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Contender, LaunchRequest } from '../contender.js'
import { findProgram } from '../programs.js'
import { findPackage, scriptLaunch } from '../scripts.js'

const KEY = 'bittorrent-tracker'
const REMEDY = `npm install --global ${KEY}, or --path ${KEY}=FILE`

export const bittorrentTracker: Contender = {
  key: KEY,
  name: KEY,
  serves: ({ isTls }) => !isTls,
  find: async places => {
    const command = findProgram(KEY, [KEY], places, REMEDY)
    if (typeof command !== 'string') return command
    const found = findPackage(command, KEY)
    const server = join(found?.directory ?? '', 'server.js')
    if (found === undefined || !existsSync(server)) {
      return { reason: `${command} is no part of the npm package ${KEY}`, remedy: REMEDY }
    }
    return {
      version: found.version,
      path: server,
      limits: [
        'has one thread',
        'has no limit of peers in an answer but 82',
        'lists the announcing peer too (UDP, HTTP)',
      ],
      knownWrongs: ['announce answer wrong: the announcer itself among the peers'],
      launch: async request => {
        const script = join(request.directory, 'tracker.mjs')
        await writeFile(script, serverScript(server, request))
        return [scriptLaunch(script, [])]
      },
    }
  },
}

/** As the program of the package starts it, but that it listens on loopback addresses only. */
export function serverScript(
  server: string,
  { service, port }: Pick<LaunchRequest, 'service' | 'port'>,
): string {
  const kinds = ['udp', 'http', 'ws'].map(kind => `${kind}: ${kind === service.protocol}`)
  return `import Server from ${JSON.stringify(pathToFileURL(server).href)}
const server = new Server({ ${kinds.join(', ')} })
server.on('error', error => process.stderr.write(error.message + '\\n'))
server.listen(${port}, { http: '127.0.0.1', udp4: '127.0.0.1', udp6: '::1' })
`
}
