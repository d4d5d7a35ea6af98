// What a tracker on TCP listens on: an address for each family, a Unix socket, or what a service manager passed in. On
// the native engine all is opened here, in the main thread, for each worker; on the node engine the worker opens it.

import type { StreamNetwork } from '../../config/streams.js'
import { bindError } from '../../net/bind-error.js'
import type { EngineName } from '../../net/engine.js'
import { findInheritedStreamListener, type InheritedDescriptor } from '../../net/inherited-sockets.js'
import type { OpenStreamListener } from '../../net/native/stream-listener.js'
import type { NodeListener } from '../../net/node/stream-listeners.js'
import type { StreamAddress } from '../../net/stream.js'
import { formatSocketAddress } from '../../protocol/socket-address.js'
import type { WorkerListeners } from './worker-data.js'

export interface StreamListeners {
  /** Workers that can be used: the node engine has one. */
  readonly workers: number
  forWorker(workerIndex: number): WorkerListeners
  /** Native: what is listened on, each address once. Node: empty, the worker reports. */
  readonly addresses: readonly StreamAddress[]
  /** Why a worker that failed can't be started again, where it can't. */
  readonly restartObstacle: string | undefined
  /** Descriptors passed in that are listened on. */
  readonly adopted: readonly number[]
  /** About fewer workers and sockets passed in, for the operator. */
  readonly notices: readonly string[]
  /** A worker's thread has ended: closes the connections that it may have left open. */
  workerEnded(workerIndex: number): void
  close(): void
}

export interface ListenOptions {
  /** As errors name it. */
  readonly protocol: 'http' | 'ws'
  readonly network: StreamListenNetwork
  /** Workers that are asked for. */
  readonly workers: number
  /** Connections of each worker. */
  readonly capacityFor: (workers: number) => number
}

/** Keys of `[network]` that say where to listen. */
export type StreamListenNetwork = Pick<
  StreamNetwork,
  | 'useIpv4'
  | 'useIpv6'
  | 'addressIpv4'
  | 'addressIpv6'
  | 'setOnlyIpv6'
  | 'tcpBacklog'
  | 'unixSocketPath'
  | 'unixSocketMode'
>

/** @throws AquaticError AQ_BIND_* */
export async function openStreamListeners(
  options: ListenOptions,
  engine: EngineName,
  inherited: readonly InheritedDescriptor[],
): Promise<StreamListeners> {
  return engine === 'native'
    ? await openNativeListeners(options, inherited)
    : planNodeListeners(options, inherited)
}

async function openNativeListeners(
  { protocol, network, workers, capacityFor }: ListenOptions,
  inherited: readonly InheritedDescriptor[],
): Promise<StreamListeners> {
  const { adoptStreamListener, closeStreamListener, isTcpAddressTaken, openTcpListener, openUnixListener } =
    await import('../../net/native/stream-listener.js')
  const { closeDescriptors, createDescriptorMemory } = await import('../../net/native/open-descriptors.js')
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
      const options = { protocol, backlog, address, onlyIpv6: network.setOnlyIpv6 }
      // With SO_REUSEPORT a second tracker would get half of the connections and both would be wrong.
      if (isTcpAddressTaken(options)) throw bindError(protocol, address, 'EADDRINUSE')
      let bound = address
      for (const listeners of byWorker) {
        const listener = openTcpListener({ ...options, address: bound })
        if (!('path' in listener.address)) bound = listener.address
        listeners.push(listener)
      }
    }
    if (passedIn.length === 0 && network.unixSocketPath !== '') {
      const mode = Number.parseInt(network.unixSocketMode, 8)
      shared.push(openUnixListener({ protocol, backlog, path: network.unixSocketPath, mode }))
    }
  } catch (error) {
    closeAll()
    throw error
  }
  const descriptors = byWorker.map(() => createDescriptorMemory(capacityFor(workers)))
  return {
    workers,
    forWorker: index => ({
      engine: 'native',
      listeners: [...byWorker[index], ...shared],
      descriptors: descriptors[index],
    }),
    workerEnded: index => closeDescriptors(descriptors[index]),
    addresses: [...byWorker[0], ...shared].map(({ address }) => address),
    restartObstacle: undefined,
    adopted: passedIn.map(({ fd }) => fd),
    notices: inheritedNotices(passedIn),
    close: closeAll,
  }
}

function planNodeListeners(
  { protocol, network, workers: workersAsked }: ListenOptions,
  inherited: readonly InheritedDescriptor[],
): StreamListeners {
  const common = { protocol, onlyIpv6: network.setOnlyIpv6, backlog: network.tcpBacklog }
  const passedIn = inherited
    .map(({ fd }) => findInheritedStreamListener(fd))
    .filter(listener => listener !== undefined)
  const listeners: NodeListener[] = passedIn.map(listener => ({ ...common, ...listener }))
  if (passedIn.length === 0) {
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
    // Node closes what a thread of its own had open.
    workerEnded: () => undefined,
    addresses: [],
    // node:net closed the descriptor when the worker ended, and can't make a copy before.
    restartObstacle:
      passedIn.length > 0 ? 'the node engine can take over a socket passed in only once' : undefined,
    adopted: passedIn.map(({ fd }) => fd),
    notices: [...inheritedNotices(passedIn), ...(workersAsked > 1 ? [fewer] : [])],
    close: () => undefined,
  }
}

function plannedAddresses({ useIpv4, useIpv6, addressIpv4, addressIpv6 }: StreamListenNetwork) {
  return [...(useIpv4 ? [addressIpv4] : []), ...(useIpv6 ? [addressIpv6] : [])]
}

/** What an operator should know about the sockets passed in. */
function inheritedNotices(used: readonly { readonly address: StreamAddress }[]): string[] {
  if (used.length === 0) return []
  const list = used.map(({ address }) => formatStreamAddress(address)).join(', ')
  const instead = 'instead of network.address_* and unix_socket_path'
  return [`sockets passed in (LISTEN_FDS) are used ${instead}: ${list}`]
}

/** `127.0.0.1:3000`, or the path of a Unix socket. */
export function formatStreamAddress(address: StreamAddress): string {
  return 'path' in address ? address.path : formatSocketAddress(address)
}
