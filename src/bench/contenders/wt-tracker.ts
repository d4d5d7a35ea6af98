// wt-tracker (TypeScript over uWebSockets).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from '../contender.js'
import { findProgram } from '../programs.js'

const REMEDY = 'build it from its source (it is not in a registry), then --path wt-tracker=FILE'

export const wtTracker: Contender = {
  key: 'wt-tracker',
  name: 'wt-tracker',
  serves: ({ protocol }) => protocol === 'ws',
  find: async places => {
    const command = findProgram('wt-tracker', ['wt-tracker'], places, REMEDY)
    if (typeof command !== 'string') return command
    return {
      version: 'it does not say which',
      path: command,
      limits: ['has one thread'],
      launch: async ({ port, directory, certificate, service }) => {
        const tls =
          certificate === null || !service.isTls
            ? {}
            : { key_file_name: certificate.keyPath, cert_file_name: certificate.certificatePath }
        const server = { server: { port, host: '127.0.0.1', ...tls }, websockets: { path: '/announce' } }
        const configuration = join(directory, 'wt-tracker.json')
        await writeFile(configuration, JSON.stringify({ servers: [server], tracker: {} }))
        return [{ command, args: [configuration] }]
      },
    }
  },
}
