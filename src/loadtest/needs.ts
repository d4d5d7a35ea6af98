// What a load test will ask of its machine, for `config check`: nobody is asked and no name is looked up.

import { availableParallelism } from 'node:os'
import type { LoadTestName } from '../config/applications.js'
import { type ConfigSources, loadConfig } from '../config/load.js'
import type { MachineNeeds } from '../config/machine/needs.js'
import { isNumeric, targetOf } from '../config/target-text.js'
import { openFilesOf } from './open-files.js'
import { type LoadTestConfig, planOf } from './plan-of-config.js'
import { isOnThisMachine, loadTarget } from './target.js'

/** What a name stands for is not looked up here: as far as needs go, it could be anywhere else. */
const SOMEWHERE = '192.0.2.1'

/** The needs of a load test with the configuration that these sources come to. */
export async function needsOf(application: LoadTestName, sources: ConfigSources): Promise<MachineNeeds> {
  const test = await loadTestConfig(application, sources)
  return loadTestNeeds(test, availableParallelism())
}

async function loadTestConfig(application: LoadTestName, sources: ConfigSources): Promise<LoadTestConfig> {
  switch (application) {
    case 'loadtest-udp': {
      const { loadtestUdpTable } = await import('../config/loadtest-udp.js')
      return { protocol: 'udp', config: (await loadConfig(loadtestUdpTable, sources)).config }
    }
    case 'loadtest-http': {
      const { loadtestHttpTable } = await import('../config/loadtest-http.js')
      return { protocol: 'http', config: (await loadConfig(loadtestHttpTable, sources)).config }
    }
    case 'loadtest-ws': {
      const { loadtestWsTable } = await import('../config/loadtest-ws.js')
      return { protocol: 'ws', config: (await loadConfig(loadtestWsTable, sources)).config }
    }
  }
}

/** @param processors that this process may use */
export function loadTestNeeds(test: LoadTestConfig, processors: number): MachineNeeds {
  const { protocol, config } = test
  const text = targetOf(config.serverAddress, protocol)
  const address = isNumeric(text.host) ? text.host : SOMEWHERE
  const target = loadTarget(text, address, false, { protocol, urlSuffix: '', verifiesCertificate: false })
  const isTargetHere = isOnThisMachine(address)
  const plan = planOf(test, { target, engine: 'native', processors, isTargetHere })
  const { workers, receiveBufferBytes } = plan
  return {
    sockets: [],
    buffers:
      receiveBufferBytes > 0
        ? [{ key: 'network.recv_buffer', direction: 'receive', bytes: receiveBufferBytes }]
        : [],
    workers: { key: 'workers', count: workers },
    openFiles: openFilesOf(plan),
    inputs: [],
    // A directory is made where it is missing.
    outputs: config.output.files
      .filter(path => !path.endsWith('/'))
      .map(path => ({ key: 'output.files', path })),
  }
}
