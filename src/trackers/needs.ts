// What each tracker needs of its machine, found by the name it has on the command line.

import type { TrackerName } from '../config/applications.js'
import type { ConfigSources } from '../config/load.js'
import { loadConfig } from '../config/load.js'
import type { MachineNeeds } from '../config/machine/needs.js'

const needsByApplication = {
  udp: async (sources: ConfigSources): Promise<MachineNeeds> => {
    const [{ udpTable }, { udpNeeds }] = await Promise.all([
      import('../config/udp.js'),
      import('./udp/needs.js'),
    ])
    return udpNeeds((await loadConfig(udpTable, sources)).config)
  },
  http: async (sources: ConfigSources): Promise<MachineNeeds> => {
    const [{ httpTable }, { streamNeeds }] = await Promise.all([
      import('../config/http.js'),
      import('./stream-needs.js'),
    ])
    return streamNeeds((await loadConfig(httpTable, sources)).config)
  },
  ws: async (sources: ConfigSources): Promise<MachineNeeds> => {
    const [{ wsTable }, { streamNeeds }] = await Promise.all([
      import('../config/ws.js'),
      import('./stream-needs.js'),
    ])
    return streamNeeds((await loadConfig(wsTable, sources)).config)
  },
  serve: async (sources: ConfigSources): Promise<MachineNeeds> => {
    const [{ serveTable }, { serveNeeds }] = await Promise.all([
      import('../config/serve.js'),
      import('./serve-needs.js'),
    ])
    return serveNeeds((await loadConfig(serveTable, sources)).config)
  },
} satisfies Record<TrackerName, unknown>

/** The needs of an application with the configuration that these sources come to. */
export function needsOf(application: TrackerName, sources: ConfigSources): Promise<MachineNeeds> {
  return needsByApplication[application](sources)
}
