// Rules about several keys at once that hold in every tracker.

import { isWildcard, type SocketAddress } from '../protocol/socket-address.js'
import type { Finding } from './schema.js'

/** A finding that keeps the tracker from starting. */
export function problem(keys: readonly string[], text: string): Finding {
  return { severity: 'problem', keys, text }
}

/** A finding that is only told. */
export function notice(keys: readonly string[], text: string): Finding {
  return { severity: 'notice', keys, text }
}

/** What `[network]` says about the sockets to be opened. */
interface Listening {
  readonly useIpv4: boolean
  readonly useIpv6: boolean
  readonly addressIpv4: SocketAddress
  readonly addressIpv6: SocketAddress
  readonly setOnlyIpv6: boolean
}

/** What `examineListening` tells to do where nobody could reach a tracker. */
export const openOne = 'Set one to true.'

/** @param elsewhere whether there is another way to reach the tracker, such as a Unix socket */
export function examineListening(network: Listening, elsewhere = false): Finding[] {
  const findings: Finding[] = []
  const { useIpv4, useIpv6, addressIpv4, addressIpv6, setOnlyIpv6 } = network
  if (!useIpv4 && !useIpv6 && !elsewhere) {
    findings.push({
      severity: 'problem',
      keys: ['network.use_ipv6', 'network.use_ipv4'],
      text: `network.use_ipv4 and network.use_ipv6 are both false, so nobody could reach the tracker. ${openOne}`,
    })
  }
  const dualStack = useIpv6 && !setOnlyIpv6 && isWildcard(addressIpv6)
  if (useIpv4 && dualStack && addressIpv4.port !== 0 && addressIpv4.port === addressIpv6.port) {
    findings.push({
      severity: 'problem',
      keys: ['network.set_only_ipv6', 'network.address_ipv6', 'network.address_ipv4'],
      text:
        'network.address_ipv4 and network.address_ipv6 are the same to IPv4 clients ' +
        `(port ${addressIpv4.port}) while network.set_only_ipv6 is false. ` +
        'Set network.use_ipv4 = false or network.set_only_ipv6 = true.',
    })
  }
  return findings
}

/** Both in seconds. */
export function examinePeerAge(maxPeerAge: number, peerAnnounceInterval: number): Finding[] {
  if (maxPeerAge > peerAnnounceInterval) return []
  return [
    {
      severity: 'notice',
      keys: ['cleaning.max_peer_age', 'protocol.peer_announce_interval'],
      text:
        `cleaning.max_peer_age (${maxPeerAge} s) is not above protocol.peer_announce_interval ` +
        `(${peerAnnounceInterval} s): peers are forgotten between two of their announces.`,
    },
  ]
}

/** What `[statistics]` says about the Prometheus endpoint. */
interface Endpoint {
  readonly interval: number
  readonly runPrometheusEndpoint: boolean
  readonly prometheusPeerIdPrefixes: boolean
  readonly peerClients: boolean
}

/** Whether the Prometheus endpoint can give what it is asked for. */
export function examineEndpoint(statistics: Endpoint): Finding[] {
  const { interval, runPrometheusEndpoint, prometheusPeerIdPrefixes, peerClients } = statistics
  if (!runPrometheusEndpoint) return []
  const findings: Finding[] = []
  if (interval === 0) {
    findings.push({
      severity: 'notice',
      keys: ['statistics.run_prometheus_endpoint', 'statistics.interval'],
      text: 'statistics.interval is 0, so there is no Prometheus endpoint.',
    })
  }
  if (prometheusPeerIdPrefixes && !peerClients) {
    findings.push({
      severity: 'notice',
      keys: ['statistics.prometheus_peer_id_prefixes', 'statistics.peer_clients'],
      text: 'statistics.peer_clients is false, so statistics.prometheus_peer_id_prefixes has nothing to count.',
    })
  }
  return findings
}
