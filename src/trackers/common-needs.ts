// What every tracker asks of its machine, from the sections that all of them have.

import type {
  EngineNeed,
  IdentityNeed,
  InputNeed,
  MachineNeeds,
  OutputNeed,
  SocketNeed,
} from '../config/machine/needs.js'
import type { UdpConfig } from '../config/udp.js'
import { chooseEngine, type EngineName } from '../net/engine.js'
import { countAccessList } from './access-list-count.js'

/** Standard streams, event loop, code being loaded, statistics and metrics connections. */
export const openFilesOfProcess = 64
/** Event loop and message port of a worker thread; 7 were seen. */
export const openFilesPerWorker = 12

/** The sections of a configuration that all trackers have. */
export type CommonConfig = Pick<UdpConfig, 'swarm' | 'statistics' | 'privileges' | 'accessList'> &
  Partial<Pick<UdpConfig, 'scrapeExports'>>
type Listening = Pick<
  UdpConfig['network'],
  'useIpv4' | 'useIpv6' | 'addressIpv4' | 'addressIpv6' | 'setOnlyIpv6'
>

/** A need where the condition holds. */
export function when<T>(condition: boolean, need: T): T[] {
  return condition ? [need] : []
}

/** The sockets of a tracker's own protocol. */
export function servedSockets(network: Listening, protocol: SocketNeed['protocol']): SocketNeed[] {
  const facts = { protocol, onlyIpv6: network.setOnlyIpv6 }
  return [
    ...when(network.useIpv4, { key: 'network.address_ipv4', address: network.addressIpv4, ...facts }),
    ...when(network.useIpv6, { key: 'network.address_ipv6', address: network.addressIpv6, ...facts }),
  ]
}

/** The socket of the Prometheus endpoint. */
export function endpointSockets({ statistics }: CommonConfig): SocketNeed[] {
  return when(statistics.runPrometheusEndpoint && statistics.interval > 0, {
    key: 'statistics.prometheus_endpoint_address',
    protocol: 'tcp' as const,
    address: statistics.prometheusEndpointAddress,
    onlyIpv6: false,
  })
}

/** The swarm's memory. */
export function memoryNeed({ swarm }: CommonConfig): MachineNeeds['memory'] {
  return swarm.memoryLimit > 0 ? { key: 'swarm.memory_limit', bytes: swarm.memoryLimit } : undefined
}

/** The access list. */
export function listInputs({ accessList }: CommonConfig): InputNeed[] {
  return when(accessList.mode !== 'off', {
    key: 'access_list.path',
    path: accessList.path,
    read: () => countAccessList(accessList),
  })
}

/** Statistics and scrape exports. */
export function writtenFiles({ statistics, scrapeExports }: CommonConfig): OutputNeed[] {
  return [
    ...when(statistics.writeHtmlToFile && statistics.interval > 0, {
      key: 'statistics.html_file_path',
      path: statistics.htmlFilePath,
      makesDirectories: true,
    }),
    ...when(statistics.writeJsonToFile && statistics.interval > 0, {
      key: 'statistics.json_file_path',
      path: statistics.jsonFilePath,
      makesDirectories: true,
    }),
    ...(scrapeExports?.enableScrapeExports ? [{ key: 'scrape_exports.path', path: scrapeExports.path }] : []),
  ]
}

/** The engine, as `runTrackers` chooses it. */
export function engineNeed(asked: 'auto' | EngineName, needsTls: boolean): EngineNeed {
  return { key: 'network.engine', choose: async () => (await chooseEngine(asked, needsTls)).engine }
}

/** Whom the process becomes. */
export function identityNeed({ privileges }: CommonConfig): IdentityNeed | undefined {
  if (!privileges.dropPrivileges) return undefined
  const { user, group, chrootPath } = privileges
  return { key: 'privileges.drop_privileges', user, group, rootDirectory: chrootPath }
}
