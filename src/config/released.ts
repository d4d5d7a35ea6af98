// Keys of aquatic 0.9 that more than one of its trackers had: those without effect, and the one socket of its UDP and
// its HTTP tracker in today's keys.

import { familyOf, type SocketAddress } from '../protocol/socket-address.js'
import {
  boolean,
  type Finding,
  integer,
  type Layer,
  type Setting,
  socketAddress,
  type Value,
} from './schema.js'

/** Legacy keys of `[network]`. */
export const releasedListening = {
  address: socketAddress({
    family: 'any',
    default: '0.0.0.0:3000',
    doc: `Key of aquatic 0.9, which had one address. An IPv4 address stands for use_ipv6 = false and
      address_ipv4, an IPv6 address for use_ipv4 = false and address_ipv6. Not to be mixed with these.`,
  }),
  only_ipv6: boolean({
    default: false,
    doc: 'Key of aquatic 0.9, beside address: now set_only_ipv6.',
  }),
}

/** Legacy keys of the trackers that had threads for the torrents. */
export const releasedWorkers = {
  swarm_workers: integer({
    default: 1,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'Key of aquatic 0.9: threads that keep the torrents.',
    noEffect: 'all workers share one swarm; see socket_workers.',
  }),
}

/** Legacy keys of `[cleaning]` of the trackers on TCP. @param seconds the default there */
export function releasedCleaning(seconds: number) {
  return {
    connection_cleaning_interval: integer({
      default: seconds,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      unit: 'seconds',
      doc: 'Key of aquatic 0.9: time between two searches for idle connections.',
      noEffect: 'time limits of connections are looked at every second.',
    }),
  }
}

/**
 * What aquatic 0.9 did with its one socket, in today's keys. Mixing both generations has no clear meaning.
 */
export function expandReleasedAddress(layer: Layer): Finding[] {
  const address = layer.get('network.address')
  const onlyIpv6 = layer.get('network.only_ipv6')
  const released = address ?? onlyIpv6
  if (released === undefined) return []
  const todays = ['use_ipv4', 'use_ipv6', 'address_ipv4', 'address_ipv6', 'set_only_ipv6']
  const mixed = todays.map(key => `network.${key}`).filter(key => layer.has(key))
  if (mixed.length > 0) {
    const key = address === undefined ? 'network.only_ipv6' : 'network.address'
    const generations = `${key} is a key of aquatic 0.9 and must not be mixed with ${mixed.join(', ')}`
    const text = `${generations}. Remove ${key}.`
    return [{ severity: 'problem', keys: [key], text }]
  }
  layer.delete('network.address')
  layer.delete('network.only_ipv6')
  const value = (address?.value ?? { address: '0.0.0.0', port: 3000 }) as SocketAddress
  const family = familyOf(value)
  const set = (key: string, to: Value, from: Setting): unknown =>
    layer.set(`network.${key}`, { value: to, origin: from.origin })
  set('use_ipv4', family === 'ipv4', released)
  set('use_ipv6', family === 'ipv6', released)
  set(`address_${family}`, value, released)
  if (family === 'ipv6') set('set_only_ipv6', onlyIpv6?.value ?? false, onlyIpv6 ?? released)
  return []
}
