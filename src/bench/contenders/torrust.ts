// torrust-tracker (Rust).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender, LaunchRequest } from '../contender.js'
import { findProgram } from '../programs.js'

const REMEDY = 'cargo install torrust-tracker, or --path torrust=FILE'

export const torrust: Contender = {
  key: 'torrust',
  name: 'torrust-tracker',
  serves: ({ protocol, isTls }) => protocol !== 'ws' && !isTls,
  find: async places => {
    const command = findProgram('torrust', ['torrust-tracker'], places, REMEDY)
    if (typeof command !== 'string') return command
    return {
      version: 'it does not say which',
      path: command,
      limits: ['takes as many threads as the machine has processors'],
      launch: async request => {
        const configuration = join(request.directory, 'torrust.toml')
        await writeFile(configuration, torrustConfiguration(request))
        const environment = { TORRUST_TRACKER_CONFIG_TOML_PATH: configuration }
        return [{ command, args: [], environment }]
      },
    }
  },
}

/** Schema 2.0.0, statistics off, a database that it insists on but does not use for peers. */
export function torrustConfiguration({
  port,
  directory,
  service,
}: Omit<LaunchRequest, 'infoHashFile'>): string {
  return `[metadata]
app = "torrust-tracker"
purpose = "configuration"
schemaVersion = "2.0.0"

[logging]
threshold = "error"

[core]
listed = false
private = false
tracker_usage_statistics = false

[core.database]
driver = "sqlite3"
path = "${join(directory, 'torrust.db')}"

[[${service.protocol === 'udp' ? 'udp_trackers' : 'http_trackers'}]]
bind_address = "127.0.0.1:${port}"
`
}
