// What the HTTP tracker listens on: an address for each family, a Unix socket, or what a service manager passed in. On
// the native engine all is opened here, in the main thread, for each worker; on the node engine the worker opens it.

import type { HttpConfig } from '../../config/http.js'
import { bindError } from '../../net/bind-error.js'
import type { EngineName } from '../../net/engine.js'
import type { InheritedDescriptor } from '../../net/inherited-sockets.js'
import type { OpenStreamListener } from '../../net/native/stream-listener.js'
import type { NodeListener } from '../../net/node/stream-server.js'
import type { StreamAddress } from '../../net/stream.js'
import { formatSocketAddress } from '../../protocol/socket-address.js'
import type { WorkerListeners } from './worker-data.js'

export interface HttpListeners {
  /** Workers that can be used: the node engine has one. */
  readonly workers: number
  forWorker(workerIndex: number): WorkerListeners
  /** Native: what is listened on, each address once. Node: empty, the worker reports. */
  readonly addresses: readonly StreamAddress[]
  /** About fewer workers and sockets passed in, for the operator. */
  readonly notices: readonly string[]
  close(): void
}

const PROTOCOL = 'http'

/** @throws AquaticError AQ_BIND_* */
export async function openHttpListeners(
  config: HttpConfig,
  engine: EngineName,
  workers: number,
  inherited: readonly InheritedDescriptor[],
): Promise<HttpListeners> {
  return engine === 'native'
    ? await openNativeListeners(config, workers, inherited)
    : planNodeListeners(config, workers, inherited)
}

async function openNativeListeners(
  { network }: HttpConfig,
  workers: number,
  inherited: readonly InheritedDescriptor[],
): Promise<HttpListeners> {
  const { adoptStreamListener, closeStreamListener, isTcpAddressTaken, openTcpListener, openUnixListener } =
    await import('../../net/native/stream-listener.js')
  const backlog = network.tcpBacklog
  const passedIn = inherited
    .map(({ fd }) => adoptStreamListener(fd))
    .filter(listener => listener !== undefined)
  /** Accepted from by all workers. */
  const shared: OpenStreamListener[] = [...passedIn]
  const byWorker: OpenStreamListener[][] = Array.from({ length: workers }, () => [])
  const closeAll = (): void => {
    for (const listener of [...shared.splice(0), ...byWorker.flat()]) closeStreamListener(listener)
    for (const listeners of byWorker) listeners.length = 0
  }
  try {
    for (const address of passedIn.length > 0 ? [] : plannedAddresses(network)) {
      const options = { protocol: PROTOCOL, backlog, address, onlyIpv6: network.setOnlyIpv6 }
      // With SO_REUSEPORT a second tracker would get half of the connections and both would be wrong.
      if (isTcpAddressTaken(options)) throw bindError(PROTOCOL, address, 'EADDRINUSE')
      let bound = address
      for (const listeners of byWorker) {
        const listener = openTcpListener({ ...options, address: bound })
        if (!('path' in listener.address)) bound = listener.address
        listeners.push(listener)
      }
    }
    if (passedIn.length === 0 && network.unixSocketPath !== '') {
      const mode = Number.parseInt(network.unixSocketMode, 8)
      shared.push(openUnixListener({ protocol: PROTOCOL, backlog, path: network.unixSocketPath, mode }))
    }
  } catch (error) {
    closeAll()
    throw error
  }
  return {
    workers,
    forWorker: index => ({ engine: 'native', listeners: [...byWorker[index], ...shared] }),
    addresses: [...byWorker[0], ...shared].map(({ address }) => address),
    notices: inheritedNotices(passedIn.map(({ address }) => address)),
    close: closeAll,
  }
}

function planNodeListeners(
  { network }: HttpConfig,
  workersAsked: number,
  inherited: readonly InheritedDescriptor[],
): HttpListeners {
  const common = { protocol: PROTOCOL, onlyIpv6: network.setOnlyIpv6, backlog: network.tcpBacklog }
  const listeners: NodeListener[] = inherited.map(({ fd, name }) => ({
    ...common,
    address: { path: name },
    fd,
  }))
  if (inherited.length === 0) {
    listeners.push(...plannedAddresses(network).map(address => ({ ...common, address })))
    if (network.unixSocketPath !== '') {
      const mode = Number.parseInt(network.unixSocketMode, 8)
      listeners.push({ ...common, address: { path: network.unixSocketPath }, mode })
    }
  }
  const fewer = `1 worker instead of ${workersAsked}, because workers of the node engine can't share a port`
  return {
    workers: 1,
    forWorker: () => ({ engine: 'node', listeners }),
    addresses: [],
    notices: workersAsked > 1 ? [fewer] : [],
    close: () => undefined,
  }
}

function plannedAddresses({ useIpv4, useIpv6, addressIpv4, addressIpv6 }: HttpConfig['network']) {
  return [...(useIpv4 ? [addressIpv4] : []), ...(useIpv6 ? [addressIpv6] : [])]
}

function inheritedNotices(passedIn: readonly StreamAddress[]): string[] {
  if (passedIn.length === 0) return []
  const list = passedIn.map(formatStreamAddress).join(', ')
  return [
    `sockets passed in (LISTEN_FDS) are used instead of network.address_* and unix_socket_path: ${list}`,
  ]
}

/** `127.0.0.1:3000`, or the path of a Unix socket. */
export function formatStreamAddress(address: StreamAddress): string {
  return 'path' in address ? address.path : formatSocketAddress(address)
}
