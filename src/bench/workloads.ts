// What contenders are asked: each workload is a service, and settings of the load test that asks.

import type { Service } from './contender.js'

/** Flags of `aquatic loadtest`. */
export type LoadSettings = readonly string[]

export interface Workload {
  /** As on the command line. */
  readonly key: string
  /** As in reports. */
  readonly title: string
  readonly service: Service
  readonly settings: LoadSettings
  /** Torrents whose info hashes may be asked for. */
  readonly torrents: number
  /** Peers announced before anything is measured; memory for each is what they add. 0: none. */
  readonly fillPeers: number
  /** Filled and counted, and not loaded beyond that. */
  readonly isLargeState: boolean
}

const udp: Service = { protocol: 'udp', isTls: false }
const http: Service = { protocol: 'http', isTls: false }
const https: Service = { protocol: 'http', isTls: true }
const ws: Service = { protocol: 'ws', isTls: false }

/** Torrents of all workloads but large states. */
const TORRENTS = 100_000
/** Peers that are there before the measurement, so that answers carry some. */
const FILL_PEERS = 200_000

function workload(
  key: string,
  title: string,
  service: Service,
  settings: LoadSettings,
  more: Partial<Workload> = {},
): Workload {
  return {
    key,
    title,
    service,
    settings,
    torrents: TORRENTS,
    fillPeers: FILL_PEERS,
    isLargeState: false,
    ...more,
  }
}

export const workloads: readonly Workload[] = [
  workload('udp-mixed', 'UDP: 50 connects, 50 announces, 1 scrape', udp, [
    '--mix',
    '50:50:1',
    '--sockets',
    '8',
    '--window',
    '64',
  ]),
  workload('udp-announces', 'UDP: announces only', udp, [
    '--mix',
    '0:1:0',
    '--sockets',
    '8',
    '--window',
    '64',
  ]),
  workload('http-keep-alive', 'HTTP: announces over kept connections', http, ['--connections', '64']),
  workload('http-close', 'HTTP: one connection for each announce', http, [
    '--connections',
    '64',
    '--no-keep-alive',
  ]),
  workload('https-keep-alive', 'HTTPS: announces over kept connections', https, ['--connections', '64']),
  workload(
    'ws-quiet',
    'WebTorrent: announces without offers',
    ws,
    ['--offers', '0', '--connections', '1000'],
    { fillPeers: 0 },
  ),
  workload(
    'ws-offers',
    'WebTorrent: announces with offers, relayed',
    ws,
    ['--offers', '5', '--connections', '1000'],
    { fillPeers: 0 },
  ),
]

/** Whether many requests go over each connection, as far as the tracker lets them. */
export function keepsConnections({ service, settings }: Workload): boolean {
  return service.protocol === 'http' && !settings.includes('--no-keep-alive')
}

/** With another number of peers before the measurement, two to a torrent; where there are none, it changes nothing. */
export function withPeers(workload: Workload, peers: number): Workload {
  return workload.fillPeers === 0
    ? workload
    : { ...workload, fillPeers: peers, torrents: Math.ceil(peers / 2) }
}

/**
 * Memory for each peer: UDP announces of so many peers, four to a torrent, as most torrents are small. The load test's
 * own distribution has five in six peers in one torrent of a hundred, where nearly all trackers need less for each.
 */
export function largeState(millions: number): Workload {
  const peers = millions * 1_000_000
  return workload(
    `state-${millions}m`,
    `${millions} million peers in ${millions / 4} million torrents`,
    udp,
    ['--mix', '0:1:0', '--sockets', '8', '--window', '64', '--popularity', 'uniform'],
    { torrents: peers / 4, fillPeers: peers, isLargeState: true },
  )
}
