// What the UDP tracker will ask of its machine, for `config check`: the same sockets, buffers, workers and files as
// tracker.ts, without any of them.

import type { MachineNeeds } from '../../config/machine/needs.js'
import type { UdpConfig } from '../../config/udp.js'
import {
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
} from '../common-needs.js'
import { workerCount } from '../processors.js'

/** The needs of a configuration that has been checked by itself. */
export function udpNeeds(config: UdpConfig): MachineNeeds {
  const { network } = config
  const workers = workerCount(config.socketWorkers)
  const served = servedSockets(network, 'udp')
  return {
    engine: engineNeed(network.engine, false),
    sockets: [...served, ...endpointSockets(config)],
    buffers: [
      ...when(network.socketRecvBufferSize > 0, {
        key: 'network.socket_recv_buffer_size',
        direction: 'receive' as const,
        bytes: network.socketRecvBufferSize,
      }),
      ...when(network.socketSendBufferSize > 0, {
        key: 'network.socket_send_buffer_size',
        direction: 'send' as const,
        bytes: network.socketSendBufferSize,
      }),
    ],
    workers: { key: 'socket_workers', count: workers },
    openFiles: openFilesOfProcess + workers * (served.length + openFilesPerWorker),
    memory: memoryNeed(config),
    inputs: listInputs(config),
    outputs: writtenFiles(config),
    identity: identityNeed(config),
  }
}
