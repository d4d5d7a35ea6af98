// torrust-tracker (Rust).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender, LaunchRequest } from '../contender.js'
import { findProgram, versionByCargo } from '../programs.js'

// Without --locked 3.0.0 takes libraries that came after it, and does not compile.
const REMEDY = 'cargo install --locked torrust-tracker, or --path torrust=FILE'

export const torrust: Contender = {
  key: 'torrust',
  name: 'torrust-tracker',
  serves: ({ protocol, isTls }) => protocol !== 'ws' && !isTls,
  find: async places => {
    const command = findProgram('torrust', ['torrust-tracker'], places, REMEDY)
    if (typeof command !== 'string') return command
    return {
      // Asked for its version it would start.
      version: versionByCargo(command, 'torrust-tracker') ?? 'it does not say which',
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

/**
 * Schema 2.0.0, statistics off, a database that it insists on but does not use for peers, and its health check, which
 * can't be turned off, away from its usual port, where somebody else may listen.
 */
export function torrustConfiguration({
  port,
  sparePort,
  directory,
  service,
}: Omit<LaunchRequest, 'infoHashFile'>): string {
  return `[metadata]
app = "torrust-tracker"
purpose = "configuration"
schema_version = "2.0.0"

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

[health_check_api]
bind_address = "127.0.0.1:${sparePort}"
`
}
