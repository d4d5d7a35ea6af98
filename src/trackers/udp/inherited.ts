// Which worker serves which of the sockets that a service manager passed in. Where there are any, nothing else is
// opened: the manager has decided on addresses and families.

import { formatSocketAddress, type SocketAddress } from '../../protocol/socket-address.js'

interface BoundSocket {
  readonly fd: number
  readonly family: 4 | 6
  readonly address: SocketAddress
}

function byAddress<S extends BoundSocket>(sockets: readonly S[]): S[][] {
  const groups = new Map<string, S[]>()
  for (const socket of sockets) {
    const key = formatSocketAddress(socket.address)
    groups.set(key, [...(groups.get(key) ?? []), socket])
  }
  return [...groups.values()]
}

/**
 * Every worker serves every address. Sockets on one address (`ReusePort=` in the socket unit) are dealt out; where
 * there are fewer than workers, several workers receive from the same one.
 */
export function shareOut<S extends BoundSocket>(sockets: readonly S[], workers: number): S[][] {
  return Array.from({ length: workers }, (_, worker) =>
    byAddress(sockets).flatMap(group =>
      group.length <= workers
        ? [group[worker % group.length]]
        : group.filter((_, index) => index % workers === worker),
    ),
  )
}

/** Most workers of which each can have a socket of its own on every address. */
export function workersWithOwnSockets(sockets: readonly BoundSocket[], workersAsked: number): number {
  return Math.min(workersAsked, ...byAddress(sockets).map(group => group.length))
}

/** What an operator should know about the sockets passed in. */
export function inheritedNotices(used: readonly BoundSocket[], families: readonly (4 | 6)[]): string[] {
  if (used.length === 0) return []
  const list = used.map(({ address }) => formatSocketAddress(address)).join(', ')
  const notices = [`sockets passed in (LISTEN_FDS) are used instead of network.address_*: ${list}`]
  for (const family of families) {
    if (used.some(socket => socket.family === family)) continue
    notices.push(`no IPv${family} socket was passed in, so network.use_ipv${family} has no effect`)
  }
  return notices
}
