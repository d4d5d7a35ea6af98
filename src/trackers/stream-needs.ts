// What a tracker on TCP will ask of its machine, for `config check`.

import type { InputNeed, MachineNeeds } from '../config/machine/needs.js'
import type { StreamNetwork } from '../config/streams.js'
import { describeCertificate, describeKey } from '../net/certificate.js'
import {
  type CommonConfig,
  endpointSockets,
  engineNeed,
  identityNeed,
  listInputs,
  memoryNeed,
  openFilesOfProcess,
  openFilesPerWorker,
  servedSockets,
  when,
  writtenFiles,
} from './common-needs.js'
import { workerCount } from './processors.js'
import { certificateFilesOf } from './streams/certificates.js'

/** With max_connections = 0 the limit of open files decides; less than this is not worth starting with. */
const automaticConnectionsMin = 1000

type StreamConfig = CommonConfig & { readonly socketWorkers: number; readonly network: StreamNetwork }

/** The needs of a configuration that has been checked by itself. */
export function streamNeeds(config: StreamConfig): MachineNeeds {
  const { network } = config
  const workers = workerCount(config.socketWorkers)
  const served = servedSockets(network, 'tcp')
  const unixSockets = when(network.unixSocketPath !== '', {
    key: 'network.unix_socket_path',
    path: network.unixSocketPath,
  })
  const listeners = served.length + unixSockets.length
  const connections = network.maxConnections > 0 ? network.maxConnections : automaticConnectionsMin
  return {
    engine: engineNeed(network.engine, network.enableTls),
    sockets: [...served, ...endpointSockets(config)],
    unixSockets,
    buffers: [],
    workers: { key: 'socket_workers', count: workers },
    openFiles: openFilesOfProcess + workers * (listeners + openFilesPerWorker) + connections,
    memory: memoryNeed(config),
    inputs: [...(network.enableTls ? certificateInputs(config) : []), ...listInputs(config)],
    outputs: writtenFiles(config),
    identity: identityNeed(config),
  }
}

function certificateInputs(config: StreamConfig): InputNeed[] {
  const files = certificateFilesOf(config)
  return [
    {
      key: 'network.tls_certificate_path',
      path: files.certificatePath,
      read: async () => describeCertificate(files.certificatePath, new Date()),
    },
    {
      key: 'network.tls_private_key_path',
      path: files.keyPath,
      read: async () => ({ text: describeKey(files) }),
    },
  ]
}
