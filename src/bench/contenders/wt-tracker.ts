// wt-tracker (TypeScript over uWebSockets).

import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from '../contender.js'
import { findProgram } from '../programs.js'
import { findPackage, scriptLaunch } from '../scripts.js'

// In no registry, and neither is the library it needs, which npm takes from GitHub as well.
const REMEDY =
  'git clone https://github.com/Novage/wt-tracker, there npm install and npx tsc --noEmit false, ' +
  'then --path wt-tracker=wt-tracker/lib/run-tracker.js'

export const wtTracker: Contender = {
  key: 'wt-tracker',
  name: 'wt-tracker',
  serves: ({ protocol }) => protocol === 'ws',
  find: async places => {
    const command = findProgram('wt-tracker', ['wt-tracker'], places, REMEDY)
    if (typeof command !== 'string') return command
    const found = findPackage(command, 'wt-tracker')
    // Its own program loads TypeScript, which not every node does.
    const built = join(found?.directory ?? '', 'lib/run-tracker.js')
    const program = found !== undefined && existsSync(built) ? built : command
    return {
      version: found?.version ?? 'it does not say which',
      path: program,
      limits: ['has one thread'],
      launch: async ({ port, directory, certificate, service }) => {
        const tls =
          certificate === null || !service.isTls
            ? {}
            : { key_file_name: certificate.keyPath, cert_file_name: certificate.certificatePath }
        const server = { server: { port, host: '127.0.0.1', ...tls }, websockets: { path: '/announce' } }
        const configuration = join(directory, 'wt-tracker.json')
        await writeFile(configuration, JSON.stringify({ servers: [server], tracker: {} }))
        return [scriptLaunch(program, [configuration])]
      },
    }
  },
}
