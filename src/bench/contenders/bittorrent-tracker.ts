// bittorrent-tracker (JavaScript), by the program its package installs.

import type { Contender } from '../contender.js'
import { findProgram, firstLineOf } from '../programs.js'

const REMEDY = 'npm install --global bittorrent-tracker, or --path bittorrent-tracker=FILE'

export const bittorrentTracker: Contender = {
  key: 'bittorrent-tracker',
  name: 'bittorrent-tracker',
  serves: ({ isTls }) => !isTls,
  find: async places => {
    const command = findProgram('bittorrent-tracker', ['bittorrent-tracker'], places, REMEDY)
    if (typeof command !== 'string') return command
    return {
      version: (await firstLineOf(command, ['--version'])) ?? 'it does not say which',
      path: command,
      limits: [
        'has one thread',
        'has no limit of peers in an answer but 82',
        'lists the announcing peer too (UDP, HTTP)',
      ],
      knownWrongs: ['announce answer wrong: the announcer itself among the peers'],
      launch: async ({ port, service }) => [
        { command, args: ['--port', String(port), `--${service.protocol}`, '--quiet'] },
      ],
    }
  },
}
