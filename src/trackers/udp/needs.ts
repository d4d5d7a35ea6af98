// What the UDP tracker will ask of its machine, for `config check`: the same sockets, buffers, workers and files as
// tracker.ts, without any of them.

import type { MachineNeeds } from '../../config/machine/needs.js'
import type { UdpConfig } from '../../config/udp.js'
import { countAccessList } from '../access-list-count.js'
import { workerCount } from '../processors.js'

/** Standard streams, event loop, code being loaded, statistics and metrics connections. */
const openFilesOfProcess = 64
/** Event loop and message port of a worker thread; 7 were seen. */
const openFilesPerWorker = 12

/** The needs of a configuration that has been checked by itself. */
export function udpNeeds(config: UdpConfig): MachineNeeds {
  const { network, swarm, statistics, privileges, accessList, scrapeExports } = config
  const workers = workerCount(config.socketWorkers)
  const when = <T>(condition: boolean, need: T): T[] => (condition ? [need] : [])
  const served = [
    ...when(network.useIpv4, { key: 'network.address_ipv4', address: network.addressIpv4 }),
    ...when(network.useIpv6, { key: 'network.address_ipv6', address: network.addressIpv6 }),
  ]
  const udp = { protocol: 'udp', onlyIpv6: network.setOnlyIpv6 } as const
  return {
    sockets: [
      ...served.map(socket => ({ ...socket, ...udp })),
      ...when(statistics.runPrometheusEndpoint && statistics.interval > 0, {
        key: 'statistics.prometheus_endpoint_address',
        protocol: 'tcp' as const,
        address: statistics.prometheusEndpointAddress,
        onlyIpv6: false,
      }),
    ],
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
    memory: swarm.memoryLimit > 0 ? { key: 'swarm.memory_limit', bytes: swarm.memoryLimit } : undefined,
    inputs: when(accessList.mode !== 'off', {
      key: 'access_list.path',
      path: accessList.path,
      read: () => countAccessList(accessList.path),
    }),
    outputs: [
      ...when(statistics.writeHtmlToFile && statistics.interval > 0, {
        key: 'statistics.html_file_path',
        path: statistics.htmlFilePath,
      }),
      ...when(scrapeExports.enableScrapeExports, { key: 'scrape_exports.path', path: scrapeExports.path }),
    ],
    identity: privileges.dropPrivileges
      ? {
          key: 'privileges.drop_privileges',
          user: privileges.user,
          group: privileges.group,
          rootDirectory: privileges.chrootPath,
        }
      : undefined,
  }
}
